"""500 kiosks that lost their broker come back at the same time, each with captures that wait.

Broker and matcher are real; the kiosks are in fleet_part.py. One kiosk that loses its broker is one
run.
"""

import datetime
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.faults.checkpoint import Checkpoint, checkpoint
from bench.faults.credentials import keep
from bench.faults.fleet_part import Place, Standing, serve
from bench.faults.plan import Pace, Plan
from bench.faults.row import Campaign, Row, Runner
from greenline.cli.children import signals_held_back

KIOSKS = 500
CAPTURES = 4
_PART = 100
_AWAY_S = 10.0
_DRAINED_S = 900.0
_LOOK_S = 0.25
_DAYS = 2
_PACE = Pace(20, 20.0, 0.5, 5.0)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Herd:
    """What one return of the whole fleet took. peak: of the broker, percent of a processor."""

    back_s: float
    drained_s: float
    cpu_s: float
    peak: float


def herd(campaign: Campaign) -> Row:
    """As many outages as the campaign asks for, of all kiosks at once."""
    kiosks = KIOSKS if not campaign.few else campaign.runs
    outages = max(1, -(-campaign.runs // kiosks))
    with checkpoint(campaign.folder, 0, Plan(_PACE, start=("broker", "matcher"))) as site:
        fleet = Fleet(site, kiosks, 1.0 if campaign.few else 30.0)
        try:
            fleet.start()
            found = [fleet.outage(1.0 if campaign.few else _AWAY_S) for _ in range(outages)]
            standing = fleet.standing()
        finally:
            with signals_held_back():
                fleet.stop()
        searched_twice = sum(count - 1 for count in site.searched().values())
        last = found[-1]
        return Row(
            f"{kiosks} kiosks come back at once",
            "fleet",
            runs=kiosks * outages,
            acknowledged=sum(part.acknowledged for part in standing),
            lost=sum(part.left for part in standing),
            most_lost=max(part.most_left for part in standing),
            duplicates=searched_twice + sum(part.twice for part in standing),
            not_started=len(site.dead()),
            note=(
                f"{CAPTURES} captures each; all linked after {last.back_s:.1f} s, all answered "
                f"after {last.drained_s:.1f} s; the broker's peak {last.peak:.0f} % of a "
                f"processor, {last.cpu_s:.1f} s in all"
            ),
        )


class Fleet:
    """All kiosks, a hundred a process."""

    def __init__(self, site: Checkpoint, count: int, backoff_longest_s: float) -> None:
        self._site = site
        folder = site.site.folder
        now = datetime.datetime.now(datetime.UTC)
        names = [f"far-{number + 1:03}" for number in range(count)]
        for name in names:
            keep(site.site, name, site.authority.issue_client(name, now, days=_DAYS))
        place = Place(folder, site.site.broker_port, backoff_longest_s)
        fresh = multiprocessing.get_context("spawn")
        self._parts = []
        for first in range(0, count, _PART):
            ours, theirs = fresh.Pipe()
            mine = names[first : first + _PART]
            process = fresh.Process(target=serve, args=(theirs, place, mine), daemon=True)
            process.start()
            self._parts.append((ours, process))

    def start(self) -> None:
        self._all("start")
        self._until(lambda parts: all(part.linked for part in parts))

    def outage(self, away_s: float) -> Herd:
        """Take the broker away; each kiosk goes on taking captures; then measure the return."""
        before = min(part.linked for part in self.standing())
        self._site.kill("broker")
        until = time.monotonic() + away_s
        self._all("submit", CAPTURES)
        time.sleep(max(0.0, until - time.monotonic()))  # so long the fault lasts
        self._site.start_broker()
        broker, began = self._site.children["broker"].pid, time.monotonic()
        peak, back_s = 0.0, 0.0
        used, at = _cpu(broker), began
        while (now := time.monotonic()) < began + _DRAINED_S:
            time.sleep(_LOOK_S)  # the processor's use is sampled
            before_s, used = used, _cpu(broker)
            peak, at = (
                max(peak, 100 * (used - before_s) / (time.monotonic() - at)),
                time.monotonic(),
            )
            standing = self.standing()
            if not back_s and all(part.linked > before for part in standing):
                back_s = now - began
            if back_s and not any(part.left for part in standing):
                break
        return Herd(back_s, time.monotonic() - began, used, peak)

    def standing(self) -> list[Standing]:
        return self._all("standing")

    def stop(self) -> None:
        for ours, process in self._parts:
            if process.is_alive():
                ours.send(None)
        for _, process in self._parts:
            process.join(60)
            process.kill()

    def _all(self, *call: object) -> list[Standing]:
        for ours, _ in self._parts:
            ours.send(call)
        return [ours.recv() for ours, _ in self._parts]

    def _until(self, done: Callable[[list[Standing]], bool]) -> None:
        until = time.monotonic() + _DRAINED_S
        while not done(self.standing()):
            if time.monotonic() > until:
                raise RuntimeError("the fleet does not come to its broker")
            time.sleep(_LOOK_S)  # the parts answer, they tell nothing by themselves


def _cpu(pid: int) -> float:
    """Return the processor seconds of a process."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS


ROWS: dict[str, Runner] = {"fleet": herd}
