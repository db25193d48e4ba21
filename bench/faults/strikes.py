"""Strikes faults at the kiosks of a checkpoint, all at the same time; counts what came of it."""

import contextlib
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from bench.faults.checkpoint import Checkpoint
from bench.faults.port import Port
from bench.faults.post import Post
from bench.faults.row import Campaign, Row

CAPTURES = 3
FOREIGN = ("broker", "second")
PATIENCE_S = 45.0
_LAST_PATIENCE_S = 120.0


@dataclass(frozen=True)
class Patience:
    """How long captures may take in seconds: after their fault, and at the row's end."""

    run_s: float = PATIENCE_S
    row_s: float = _LAST_PATIENCE_S


USUAL = Patience()


@dataclass(frozen=True)
class Struck:
    """One kiosk whose link a fault is made on. chance: of this run alone."""

    kiosk: Post
    port: Port
    site: Checkpoint
    chance: random.Random


Fault = Callable[[Struck], AbstractContextManager[None]]
"""Makes the fault on entry and ends it on exit."""


@dataclass
class Found:
    """What a row's runs came to. after_s: from a fault's end until its captures were answered."""

    runs: int = 0
    acknowledged: int = 0
    late: int = 0
    dead: int = 0
    after_s: list[float] = field(default_factory=list)
    most_lost: int = 0
    notes: list[str] = field(default_factory=list)

    def look(self, site: Checkpoint) -> None:
        """Start what has ended again, as an init system does; what is ours should not have."""
        for name in site.dead():
            status = site.revive(name)
            if status is not None:
                self.dead += name not in FOREIGN
                self.notes.append(f"the {name} ended by itself, status {status}")

    @property
    def told(self) -> str:
        if not self.after_s:
            return "; ".join(self.notes)
        times = sorted(self.after_s)
        p95 = times[min(len(times) - 1, round(0.95 * len(times)))]
        words = (
            f"all answered {statistics.median(times):.1f} s after the fault's end (median; "
            f"p95 {p95:.1f} s, longest {times[-1]:.1f} s)"
        )
        late = [f"{self.late} not within {PATIENCE_S:.0f} s"] if self.late else []
        return "; ".join([words, *late, *self.notes])


def strike(
    site: Checkpoint,
    campaign: Campaign,
    name: str,
    fault: Fault,
    dwell_s: tuple[float, float] = (0.2, 1.0),
    *,
    group: str = "links",
    patience: Patience = USUAL,
) -> Row:
    """Make as many faults as the campaign asks for; each on a kiosk with captures on their way."""
    begun = {kiosk.name: len(kiosk.acknowledged) for kiosk in site.kiosks}
    chance = campaign.chance(name)
    found = Found()
    before = _counted(site)
    for kiosk in site.kiosks:
        kiosk.wait_link(PATIENCE_S)
    rounds = -(-campaign.runs // len(site.kiosks))
    with ThreadPoolExecutor(len(site.kiosks)) as pool:
        for _ in range(rounds):
            struck = [
                Struck(kiosk, port, site, random.Random(chance.random()))  # noqa: S311 - no secret
                for kiosk, port in zip(site.kiosks, site.ports, strict=True)
            ]
            for took in pool.map(lambda each: _run(each, fault, dwell_s, patience.run_s), struck):
                found.runs += 1
                if took is None:
                    found.late += 1
                else:
                    found.after_s.append(took)
            found.look(site)
            if found.late > 2 * len(site.kiosks):
                found.notes.append(f"given up after {found.runs} runs")
                break
    return finished(site, found, name, group, begun, before, patience)


SiteFault = Callable[[Checkpoint, random.Random], AbstractContextManager[None]]


def strike_site(
    site: Checkpoint,
    campaign: Campaign,
    name: str,
    fault: SiteFault,
    dwell_s: tuple[float, float] = (0.0, 0.5),
    *,
    group: str,
) -> Row:
    """Make as many faults as the campaign asks for; each strikes all kiosks together."""
    begun = {kiosk.name: len(kiosk.acknowledged) for kiosk in site.kiosks}
    chance = campaign.chance(name)
    found = Found()
    before = _counted(site)
    for kiosk in site.kiosks:
        kiosk.wait_link(PATIENCE_S)
    for _ in range(campaign.runs):
        taken = {kiosk: [kiosk.submit() for _ in range(CAPTURES)] for kiosk in site.kiosks}
        # The fault comes somewhere on their way.
        site.kiosks[0].wait(taken[site.kiosks[0]], chance.uniform(0, 0.03))
        with fault(site, chance):
            for kiosk in site.kiosks:
                taken[kiosk].append(kiosk.submit())
            site.kiosks[0].wait(taken[site.kiosks[0]], chance.uniform(*dwell_s))
        ended = time.monotonic()
        found.runs += 1
        if all(
            kiosk.wait(mine, max(0.0, ended + PATIENCE_S - time.monotonic()))
            for kiosk, mine in taken.items()
        ):
            last = max(kiosk.answered[each] for kiosk, mine in taken.items() for each in mine)
            found.after_s.append(max(0.0, last - ended))
        else:
            found.late += 1
        found.look(site)
        if found.late > 2:
            found.notes.append(f"given up after {found.runs} runs")
            break
    return finished(site, found, name, group, begun, before)


def _run(
    struck: Struck, fault: Fault, dwell_s: tuple[float, float], patience_s: float
) -> float | None:
    """Return how long after the fault's end all was answered; None: not in time."""
    kiosk = struck.kiosk
    with fault(struck):
        taken = [kiosk.submit() for _ in range(CAPTURES)]
        kiosk.wait(taken, struck.chance.uniform(*dwell_s))
    ended = time.monotonic()
    if not kiosk.wait(taken, patience_s):
        return None
    return max(0.0, max(kiosk.answered[each] for each in taken) - ended)


def finished(
    site: Checkpoint,
    found: Found,
    name: str,
    group: str,
    begun: dict[str, int],
    before: int,
    patience: Patience = USUAL,
) -> Row:
    """Wait for what is still on its way, and count. before: duplicates of earlier rows."""
    lost = 0
    until = time.monotonic() + patience.row_s
    for kiosk in site.kiosks:
        mine = [*kiosk.acknowledged][begun[kiosk.name] :]
        kiosk.wait(mine, max(0.0, until - time.monotonic()))
        gone = [each for each in mine if each not in kiosk.answered]
        lost += len(gone)
        found.most_lost = max(found.most_lost, len(gone))
        found.acknowledged += len(mine)
        found.notes += [f"refused: {reason}" for reason in kiosk.refusals]
    return Row(
        name,
        group,
        runs=found.runs,
        acknowledged=found.acknowledged,
        lost=lost,
        duplicates=_counted(site) - before,
        most_lost=min(found.most_lost, lost),
        not_started=found.dead,
        note=found.told,
    )


def _counted(site: Checkpoint) -> int:
    """Return the duplicate effects so far: answers shown twice, requests searched twice."""
    searched_twice = sum(count - 1 for count in site.searched().values())
    return searched_twice + sum(kiosk.duplicates for kiosk in site.kiosks)


@contextlib.contextmanager
def healed(port: Port) -> Iterator[None]:
    """Let everything pass again at the end."""
    try:
        yield
    finally:
        port.clear()
