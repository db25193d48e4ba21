"""Random histories of a kiosk's clocks, against what was really the time.

The real time is the simulation's. A request may leave only when it is really as old as its
lifetime; and it must have left once the kiosk has run that long, less what a power cut makes it
forget (a minute for each boot).
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.faults.row import Campaign, Row
from bench.faults.subjects import DEVICE, RELEASED_MS
from bench.faults.tally import Tally
from greenline.firmware.clock import Clock
from greenline.firmware.clock_file import ClockFile
from greenline.firmware.store import Pending, Store
from greenline.firmware.vault import Vault
from greenline.protocol.audit import Moment

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_LIFETIME_MS = 72 * _HOUR_MS
_BOOTS = 12
_STEPS = 8
_WALLS_MS = (0, _DAY_MS, 946_684_800_000, 2_147_483_647_000, 4_102_444_800_000)


@dataclass
class _World:
    """The right time, and what this machine's clocks say. ran_ms: how long the kiosk has run."""

    chance: random.Random
    true_ms: int = RELEASED_MS + 30 * _DAY_MS
    ran_ms: int = 0
    boots: int = 0
    booted_ms: int = 0
    wall_away_ms: int = 0
    trusted: bool = False
    boot: bytes = bytes(16)
    born: dict[bytes, tuple[int, int, int]] = field(default_factory=dict)

    def start(self) -> None:
        self.boots += 1
        self.boot = self.chance.randbytes(16)
        self.booted_ms = self.true_ms
        self.set_wall()

    def set_wall(self) -> None:
        """Set the wall clock: by a time server, which is right and trusted, or to anything."""
        self.trusted = self.chance.random() < 0.3
        if self.trusted:
            self.wall_away_ms = 0
        elif self.chance.random() < 0.5:
            self.wall_away_ms = self.chance.choice(_WALLS_MS) - self.true_ms
        else:
            self.wall_away_ms = self.chance.randrange(-400, 400) * _DAY_MS

    def pass_ms(self, milliseconds: int) -> None:
        self.true_ms += milliseconds
        self.ran_ms += milliseconds

    def reading(self) -> Moment:
        wall_ms = max(0, self.true_ms + self.wall_away_ms)
        return Moment(wall_ms, self.trusted, self.boot, self.true_ms - self.booted_ms)


def wrong_histories(campaign: Campaign, clock_of: Callable[..., Clock] = Clock) -> Row:
    """Live through histories; a run is one. clock_of: makes the clock under test."""
    chance, tally = campaign.chance("wrong-histories"), Tally()
    early = late = 0
    for number in range(campaign.runs if campaign.few else campaign.runs * 5):
        folder = campaign.folder / str(number)
        folder.mkdir()
        world = _World(chance)
        lost_here, late_here = _live(world, folder, clock_of)
        tally.runs += 1
        tally.acknowledged += len(world.born)
        tally.lost += lost_here
        tally.most_lost = max(tally.most_lost, lost_here)
        early += lost_here
        late += late_here
    tally.unnoticed = late
    note = f"{early} expired early, {late} lived too long (in the column 'unnoticed')"
    return tally.row("wrong-histories", "Clock", note)


def _live(world: _World, folder: Path, clock_of: Callable[..., Clock]) -> tuple[int, int]:
    """Return how many requests went early, and how many stayed too long."""
    early = late = 0
    for _ in range(_BOOTS):
        world.start()
        file = ClockFile(folder / "clock", DEVICE)
        clock = clock_of(world.reading, file.read(), file.write, RELEASED_MS)
        vault = Vault(folder / "keys", DEVICE, "border-check")
        store = Store(folder / "store", vault, clock.instant)
        for _ in range(_STEPS):
            early_here, late_here = _step(world, store, clock)
            early, late = early + early_here, late + late_here
            clock.tend()
        store.close()
        # The kiosk lies switched off for a while; it booted at least a minute ago.
        world.true_ms += world.chance.choice((0, _HOUR_MS, 10 * _DAY_MS))
    return early, late


def _step(world: _World, store: Store, clock: Clock) -> tuple[int, int]:
    request_id, now_ms = os.urandom(16), clock.now_ms()
    store.add_request(Pending(request_id, 0, now_ms, now_ms + _LIFETIME_MS), bytes(64))
    world.born[request_id] = (world.true_ms, world.ran_ms, world.boots)
    world.pass_ms(world.chance.choice((_MINUTE_MS, _HOUR_MS, 12 * _HOUR_MS)))
    event = world.chance.random()
    if event < 0.3:
        world.set_wall()
    elif event < 0.5:
        asked_ms = clock.instant().running_ms
        clock.vouched(world.true_ms, asked_ms if world.chance.random() < 0.5 else None)
    elif event < 0.6:
        clock.vouched(world.true_ms - world.chance.randrange(10 * _DAY_MS))
    gone = {each.request_id for each in store.expire().requests}
    early = sum(world.true_ms - world.born[each][0] < _LIFETIME_MS for each in gone)
    stay = {each.request_id for each in store.pending()}
    late = sum(_ran_ms(world, each) >= _LIFETIME_MS for each in stay)
    return early, late


def _ran_ms(world: _World, request_id: bytes) -> int:
    """Return how long the kiosk knows at least that it has run since a request came."""
    _, born_ran_ms, born_boots = world.born[request_id]
    return world.ran_ms - born_ran_ms - (world.boots - born_boots) * _MINUTE_MS
