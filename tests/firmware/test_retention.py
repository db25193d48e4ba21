"""Every record has its end from birth, whatever the clocks say: time travel over the real store.

A kiosk is run, cut off, booted with any clock, told signed times; what is really left is compared
with the time in which it really ran.
"""

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenline.firmware.clock import START_COUNTS_MS, Clock
from greenline.firmware.inbox import Inbox
from greenline.firmware.retention import NO_MATCH_MS, Retention
from greenline.firmware.store import Pending, Store
from greenline.firmware.vault import Vault, keys_beside
from greenline.protocol.messages import LONGEST_LIFE_MS, Outcome
from tests.firmware.conftest import KIOSK, Parties, result
from tests.firmware.stores import DEVICE, PURPOSE
from tests.firmware.test_clock import DAY, HOUR, MINUTE, RELEASED, SECOND, YEAR, Machine

LEAD_MS = 24 * HOUR
LIFETIMES = {
    Outcome.NONE: NO_MATCH_MS,
    Outcome.CANDIDATES: LEAD_MS,
    Outcome.INCOMPLETE: LEAD_MS,
    Outcome.REFUSED: LEAD_MS,
    Outcome.EXPIRED: LEAD_MS,
}


@pytest.mark.parametrize("outcome", Outcome)
def test_each_answer_has_its_time_by_what_it_says(outcome: Outcome) -> None:
    assert Retention(LEAD_MS).lifetime_ms(outcome) == LIFETIMES[outcome]


def test_no_answer_outlives_the_longest_life_that_a_site_allows() -> None:
    assert Retention(MINUTE, 10 * MINUTE).lifetime_ms(Outcome.NONE) == MINUTE


@dataclass
class Record:
    """What was kept. ran_ms: true powered time at its birth; boots: so many had been then."""

    lifetime_ms: int
    ran_ms: int
    boots: int
    true_ms: int


@dataclass
class Kiosk:
    """A kiosk on a card, whose power, clock and matcher the test moves.

    ran_ms: in which it really had power; true_ms: which really passed. A clock that a time server
    set is right; one that nobody set says anything.
    """

    folder: Path
    parties: Parties
    machine: Machine = field(default_factory=Machine)
    ran_ms: int = 0
    true_ms: int = 0
    boots: int = 0
    requests: dict[bytes, Record] = field(default_factory=dict)
    answers: dict[bytes, Record] = field(default_factory=dict)
    signed: bool = False
    taken: int = 0

    def __post_init__(self) -> None:
        self.boot()

    def boot(self) -> None:
        """Open what is on the card, and purge: as Checks.restore() does."""
        path = self.folder / "kiosk.store"
        self.clock: Clock = self.machine.clock()
        vault = Vault(keys_beside(path), DEVICE, PURPOSE)
        self.store = Store(path, vault, self.clock.instant)
        self.inbox = Inbox(
            KIOSK, self.parties.kiosk_opener, self.parties.matcher, self.store, self.clock.now_ms,
            LEAD_MS, vouched=lambda _signed, _asked: None,
        )  # fmt: skip
        self.tend()

    def cut_off(self, off_ms: int, wall_ms: int, *, synchronised: bool) -> None:
        """Take the power away, for so long, and boot with a clock that says anything."""
        self.store.close()
        self.true_ms += off_ms
        self.machine.reboot(self.right_ms if synchronised else wall_ms, synchronised=synchronised)
        self.boots += 1
        self.boot()

    def end(self) -> None:
        """Close the store that is open now."""
        self.store.close()

    @property
    def right_ms(self) -> int:
        """What a right clock shows."""
        return RELEASED + DAY + self.true_ms

    def run(self, passed_ms: int) -> None:
        self.machine.run(passed_ms)
        self.ran_ms += passed_ms
        self.true_ms += passed_ms
        self.tend()

    def tend(self) -> None:
        """Do what the gate's housekeeping does."""
        self.clock.tend()
        expired = self.store.expire()
        gone = [self.requests.pop(each.request_id) for each in expired.requests]
        gone += [self.answers.pop(each) for each in expired.answers]
        for born in gone:
            proven = self.ran_ms - born.ran_ms + START_COUNTS_MS * (self.boots - born.boots)
            if self.signed:
                proven = max(proven, self.true_ms - born.true_ms)
            assert proven >= born.lifetime_ms, "it left before its time"
        for born in (*self.requests.values(), *self.answers.values()):
            assert self.ran_ms - born.ran_ms < born.lifetime_ms, "it outlived its time"

    def take(self) -> None:
        self.taken += 1
        request_id = self.taken.to_bytes(16)
        now = self.clock.now_ms()
        self.store.add_request(Pending(request_id, 0, now, now + LONGEST_LIFE_MS), b"sealed")
        self.requests[request_id] = self.born(LONGEST_LIFE_MS)

    def answer(self, outcome: Outcome) -> None:
        for request_id in list(self.requests)[:1]:
            self.inbox.receive(self.parties.answer(request_id, what=result(outcome)))
            self.answers[request_id] = self.born(LIFETIMES[outcome])
            if outcome is not Outcome.INCOMPLETE:
                del self.requests[request_id]

    def sign(self) -> None:
        """Let the matcher, whose clock is right, sign the time."""
        self.clock.vouched(self.right_ms)
        self.signed = True
        self.tend()

    def born(self, lifetime_ms: int) -> Record:
        return Record(lifetime_ms, self.ran_ms, self.boots, self.true_ms)


WALLS = st.sampled_from(
    [0, RELEASED - YEAR, RELEASED, RELEASED + DAY, RELEASED + 60 * DAY, RELEASED + 20 * YEAR]
)
TIMES = st.sampled_from([SECOND, MINUTE, 10 * MINUTE, HOUR, 23 * HOUR, 2 * DAY])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take")),
        st.tuples(st.just("answer"), st.sampled_from(list(Outcome))),
        st.tuples(st.just("run"), TIMES),
        st.tuples(st.just("set the clock"), WALLS, st.booleans()),
        st.tuples(st.just("cut off"), TIMES, WALLS, st.booleans()),
        st.tuples(st.just("sign")),
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_leaves_early_or_outlives_its_time(
    parties: Parties, steps: list[tuple[object, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kiosk = Kiosk(Path(folder), parties)
        with contextlib.ExitStack() as ending:
            ending.callback(kiosk.end)
            for step in steps:
                match step:
                    case ("take",):
                        kiosk.take()
                    case ("answer", Outcome() as outcome):
                        kiosk.answer(outcome)
                    case ("run", int(passed)):
                        kiosk.run(passed)
                    case ("set the clock", int(wall), bool(synchronised)):
                        kiosk.machine.wall_ms = kiosk.right_ms if synchronised else wall
                        kiosk.machine.synchronised = synchronised
                        kiosk.tend()
                    case ("cut off", int(off), int(wall), bool(synchronised)):
                        kiosk.cut_off(off, wall, synchronised=synchronised)
                    case ("sign",):
                        kiosk.sign()
            while kiosk.requests or kiosk.answers:  # and in the end everything is gone
                kiosk.run(HOUR)
            assert kiosk.store.pending() == []
            assert kiosk.store.answers(10) == []


def test_what_is_over_is_gone_at_the_next_boot_before_anybody_can_look(
    tmp_path: Path, parties: Parties
) -> None:
    kiosk = Kiosk(tmp_path, parties)
    kiosk.take()
    kiosk.answer(Outcome.NONE)
    kiosk.machine.run(NO_MATCH_MS)  # the process hung: nothing was tended
    kiosk.ran_ms += NO_MATCH_MS
    kiosk.store.close()

    kiosk.boot()

    assert kiosk.answers == {}
    assert kiosk.store.answers(1) == []
    kiosk.store.close()


def test_a_kiosk_without_a_battery_that_is_cut_off_each_few_seconds_keeps_no_match_for_ten_boots(
    tmp_path: Path, parties: Parties
) -> None:
    kiosk = Kiosk(tmp_path, parties)
    kiosk.take()
    kiosk.answer(Outcome.NONE)

    boots = 0
    while kiosk.answers:
        kiosk.cut_off(DAY, wall_ms=0, synchronised=False)
        boots += 1
        kiosk.run(2 * SECOND)
    assert boots == 10
    kiosk.store.close()
