"""What the uplink costs: bytes and flushes of a commit, and a backlog of 10,000 requests.

    python -m bench.uplink_cost --commits 1000          # needs root: a loop device
    python -m bench.uplink_cost --drain 10000

--commits: the real store on an ext4 of its own, on a loop device whose counters are read
(/sys/block/loopN/stat: writes, sectors, flushes). "in all" counts what is written later too, by
syncing at the end. --drain: so many requests wait in a kiosk that had no uplink, then a real uplink
takes them over a real broker with TLS to a real matcher; meanwhile a person waits, every second
another one, compared with the time that a person waits otherwise. With --entries 1 the search costs
next to nothing, and what is measured is everything else.
"""

import argparse
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.faults import loop
from bench.faults.checkpoint import checkpoint
from bench.faults.plan import Pace, Plan
from bench.faults.post import Post, Resending, asked
from greenline.cli.children import Child
from greenline.firmware.store import Pending, Store
from greenline.protocol.envelope import Lane
from greenline.protocol.keys import Identity, OpeningKey, SigningKey

_SECTOR = 512
_MEGABYTES = 128
_BATCH = 20
_PATIENCE_S = 600.0
_HOUR_MS = 3_600_000
_RESULT_BYTES = 4_096


@dataclass(frozen=True)
class Counters:
    """Of a block device. kilobytes: 1,000 bytes."""

    writes: int
    kilobytes: float
    flushes: int

    def __sub__(self, other: "Counters") -> "Counters":
        return Counters(
            self.writes - other.writes,
            self.kilobytes - other.kilobytes,
            self.flushes - other.flushes,
        )


def counters(device: str) -> Counters:
    """Read them (Linux, Documentation/ABI/stable/sysfs-block)."""
    fields = [int(each) for each in Path(f"/sys/block/{device}/stat").read_text().split()]
    return Counters(fields[4], fields[6] * _SECTOR / 1000, fields[15])


def measure_commits(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="uplink-cost-") as name:
        folder = Path(name)
        image = folder / "image"
        loop.make_image(image, _MEGABYTES)
        with loop.mounted(image, folder / "card") as card:
            _commits(card, loop.device_under(card), count)


def _commits(card: Path, device: str, count: int) -> None:
    matcher = Identity("matcher", SigningKey.generate().public, OpeningKey.generate().public)
    kiosk = Post("kiosk-001", card, matcher)
    body = asked(1, fingers=2)
    sealed = [kiosk.sealed(body=body) for _ in range(count)]
    print(f"a request of two fingers: {len(sealed[0][1])} bytes; {count} of them")
    print("| what | commits | ms each, median | kB each | writes | flushes | kB in all, synced |")
    print("|---|---|---|---|---|---|---|")
    store = kiosk.store
    _row("a request", device, [partial(store.add_request, *each) for each in sealed], count)
    half = count // 2
    first, second = sealed[:half], sealed[half:]
    _row("an answer", device, [partial(_answer, store, each) for each, _ in first], half)
    others = [pending for pending, _ in second]
    batches = [others[at : at + _BATCH] for at in range(0, len(others), _BATCH)]
    _row(
        f"answers, {_BATCH} together (an answer's share)",
        device,
        [partial(store.together, partial(_answers, store, batch)) for batch in batches],
        len(second),
    )
    store.close()


def _answers(store: Store, batch: list[Pending]) -> None:
    for pending in batch:
        _answer(store, pending)


def _answer(store: Store, pending: Pending) -> None:
    now = time.time_ns() // 1_000_000
    body = os.urandom(_RESULT_BYTES)
    added = store.add_answer(
        pending.request_id, body, final=True, arrived_ms=now, expires_ms=now + _HOUR_MS
    )
    if not added:
        raise SystemExit("an answer was not taken")


def _row(what: str, device: str, work: list[Callable[[], object]], shares: int) -> None:
    subprocess.run(["sync"], check=True)
    before, times = counters(device), []
    for each in work:
        began = time.perf_counter()
        each()
        times.append(1000 * (time.perf_counter() - began))
    found = counters(device) - before
    subprocess.run(["sync"], check=True)
    synced = counters(device) - before
    print(
        f"| {what} | {len(work)} | {sorted(times)[len(times) // 2]:.2f} "
        f"| {found.kilobytes / shares:.1f} | {found.writes / shares:.2f} "
        f"| {found.flushes / shares:.2f} | {synced.kilobytes / shares:.1f} |",
        flush=True,
    )


def measure_drain(count: int, entries: int) -> None:
    with tempfile.TemporaryDirectory(prefix="uplink-drain-") as name:
        plan = Plan(
            Pace(20, 20.0, 0.5, 30.0), start=("broker", "matcher"), entries=entries,
            resending=Resending(15.0, 300.0), threads=None, direct=True,
        )  # fmt: skip
        with checkpoint(Path(name), 1, plan) as site:
            (kiosk,) = site.kiosks
            kiosk.keeps = False
            for _ in range(count):
                kiosk.submit(Lane.NORMAL)
            site.start_uplinks()
            began = time.monotonic()
            kiosk.wait_link(60)
            backlog = [*kiosk.acknowledged]
            waits = _people(kiosk, lambda: kiosk.wait(backlog, 0))
            left = sum(each not in kiosk.answered for each in backlog)
            took = max(kiosk.answered.get(each, 0.0) for each in backlog) - began
            usually = _people(kiosk, _times(20))
            print(
                f"{count - left} of {count} requests drained in {took:.1f} s "
                f"({count / took:.0f} a second, from the uplink's start), {left} left"
            )
            print(f"the matcher took in: {_intake(site.children['matcher'])}")
            searches = sorted(kiosk.search_ms[each] for each in backlog if each in kiosk.search_ms)
            print(f"a search took {searches[len(searches) // 2]:.1f} ms (median)")
            print(f"a person waits meanwhile: {_told(waits)}; otherwise: {_told(usually)}")


def _intake(matcher: Child) -> str:
    """Return what the matcher says of the requests that came, in its last line of status."""
    told = [event for event in [*matcher.events] if event.get("event") == "status"]
    return f"{told[-1]['requests']} (by its last line of status)" if told else "nothing"


def _people(kiosk: Post, over: Callable[[], bool]) -> list[float]:
    """Have one person after another wait for an answer; return for how many seconds each did."""
    waits, until = [], time.monotonic() + _PATIENCE_S
    while not over() and time.monotonic() < until:
        began = time.monotonic()
        request_id = kiosk.submit()
        if not kiosk.wait([request_id], 120.0):
            raise SystemExit("a person was not answered")
        waits.append(kiosk.answered[request_id] - began)
        time.sleep(max(0.0, began + 1.0 - time.monotonic()))
    return waits


def _times(count: int) -> Callable[[], bool]:
    left = iter(range(count))
    return lambda: next(left, None) is None


def _told(waits: list[float]) -> str:
    ordered = sorted(waits)
    p95 = ordered[round(0.95 * (len(ordered) - 1))]
    return (
        f"{len(ordered)} times, median {ordered[len(ordered) // 2]:.3f} s, p95 {p95:.3f} s, "
        f"longest {ordered[-1]:.3f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--commits", type=int, default=0)
    parser.add_argument("--drain", type=int, default=0)
    parser.add_argument("--entries", type=int, default=1_000, help="of the gallery")
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    if options.commits:
        measure_commits(options.commits)
    if options.drain:
        measure_drain(options.drain, options.entries)


if __name__ == "__main__":
    main()
