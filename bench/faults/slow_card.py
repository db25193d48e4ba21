"""A slow memory card: the device under the store is held to so many writes a second."""

import contextlib
import functools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from bench.faults import loop
from bench.faults.child import Report, ended, held_in, in_child
from bench.faults.row import Campaign, Row, Runner, UnavailableError
from bench.faults.script import Act, Step, make_script
from bench.faults.subjects import Ours, do
from bench.faults.tally import Tally

WRITES_A_SECOND = (150, 50, 20)
BYTES_A_SECOND = 10_000_000

_MEGABYTES = 48
_THROTTLE = Path("/sys/fs/cgroup/blkio")


def slow_card(campaign: Campaign) -> Row:
    """Take captures over cards of several speeds, each ended by a kill; a run is a capture."""
    tally, told = Tally(), []
    empty = campaign.folder / "empty"
    loop.make_image(empty, _MEGABYTES)
    for speed in WRITES_A_SECOND:
        steps = make_script(f"{campaign.seed}:{speed}", campaign.runs, reopen=False)
        image = campaign.folder / f"image{speed}"
        loop.copy_image(empty, image)
        times = campaign.folder / "times"
        with loop.mounted(image, campaign.folder / "card") as folder:
            with held_to(loop.device_under(folder), speed):
                work = functools.partial(_timed, folder, steps, times)
                came = ended(*in_child(work), longest_s=600.0)
            if came.done != len(steps):
                raise RuntimeError("the script did not come to its end")
            tally.add_found(steps, came.done, held_in(Ours, folder, tally.why))
        tally.runs += campaign.runs - 1
        sorted_ms = sorted(float(each) for each in times.read_text().split())
        told.append(f"{speed}/s: {_at(sorted_ms, 0.5):.0f} and {_at(sorted_ms, 0.99):.0f} ms")
    note = f"a capture's commit, p50 and p99 at so many writes: {'; '.join(told)}"
    return tally.row("slow-card", "Disk", note)


@contextlib.contextmanager
def held_to(device: str, writes_a_second: int) -> Iterator[None]:
    """Hold a device to a speed. Raises UnavailableError."""
    number = Path(f"/sys/class/block/{device}/dev").read_text().strip()
    limits = {"write_iops_device": writes_a_second, "write_bps_device": BYTES_A_SECOND}
    files = {_THROTTLE / f"blkio.throttle.{name}": value for name, value in limits.items()}
    if not all(os.access(file, os.W_OK) for file in files):
        raise UnavailableError("there is no blkio controller (cgroup version 1) to hold it")
    try:
        for file, value in files.items():
            file.write_text(f"{number} {value}")
        yield
    finally:
        for file in files:
            file.write_text(f"{number} 0")


def _timed(folder: Path, steps: list[Step], times: Path, report: Report) -> None:
    """Do a script and write down how long each capture took, milliseconds; then be killed."""
    subject = Ours(folder)
    took_ms = []
    for step in steps:
        began = time.monotonic()
        do(subject, step, lambda: subject)
        if step.act is Act.PUT:
            took_ms.append((time.monotonic() - began) * 1000)
        report()
    times.write_text(" ".join(map(str, took_ms)))
    os.kill(os.getpid(), signal.SIGKILL)


def _at(sorted_ms: list[float], share: float) -> float:
    return sorted_ms[min(len(sorted_ms) - 1, int(share * len(sorted_ms)))]


ROWS: dict[str, Runner] = {"slow-card": slow_card}
