"""kill -9 at every call by which the store changes a file, clean and torn. In a shimmed process."""

import functools
import shutil
from pathlib import Path

from bench.faults.child import Report, do_script, ended, held_in, in_child
from bench.faults.row import Campaign, Row
from bench.faults.script import Step
from bench.faults.shim import Mode, Shim
from bench.faults.store_kill import steps_for
from bench.faults.subjects import Opening
from bench.faults.tally import Tally

GROUP = "Every call of the store"
_PUTS = 16


def crash_points(campaign: Campaign, name: str, opening: Opening, *, torn: bool, ours: bool) -> Row:
    """Do the same script again and again, killed one call later each time."""
    shim, tally = Shim(), Tally()
    steps = steps_for(f"{campaign.seed}:crash", _PUTS, ours=ours)
    count = count_calls(campaign.folder, shim, opening, steps)
    mode = Mode.KILL_TORN if torn else Mode.KILL_BEFORE
    for point in points(campaign, name, count):
        folder = campaign.folder / "store"
        folder.mkdir()
        work = functools.partial(_armed, shim, mode, point, opening, folder, steps)
        came = ended(*in_child(work))
        if came.failed:
            raise RuntimeError(f"{name}: the script failed by itself at call {point}")
        if came.killed:
            found = held_in(opening, folder, tally.why)
            tally.add_found(steps, came.done, found, answers=ours)
        shutil.rmtree(folder)
    return tally.row(name, GROUP, f"{count} calls in {len(steps)} steps", ours=ours)


def points(campaign: Campaign, name: str, count: int) -> list[int]:
    """Return which calls are tried: all, or a few of them."""
    if not campaign.few:
        return list(range(count))
    return sorted(campaign.chance(name).sample(range(count), min(campaign.runs, count)))


def count_calls(where: Path, shim: Shim, opening: Opening, steps: list[Step]) -> int:
    """Return how many calls the whole script makes."""
    folder, told = where / "whole", where / "calls"
    folder.mkdir()

    def work(report: Report) -> None:
        _armed(shim, Mode.PASS, 0, opening, folder, steps, report)
        told.write_text(str(shim.calls))

    if ended(*in_child(work)).status:
        raise RuntimeError("the script does not come to its end without a fault")
    return int(told.read_text())


def _armed(
    shim: Shim,
    mode: Mode,
    at: int,
    opening: Opening,
    folder: Path,
    steps: list[Step],
    report: Report,
) -> None:
    shim.arm(folder, mode, at)
    do_script(opening, folder, steps, report)
