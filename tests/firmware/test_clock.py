"""The clock: nothing expires early, nothing lives for ever, whatever the clocks say."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.firmware.clock import (
    FURTHEST_AHEAD_MS,
    START_COUNTS_MS,
    Clock,
    Instant,
    Kept,
)
from greenline.firmware.store import Pending, Store
from greenline.firmware.vault import Vault
from greenline.protocol.audit import Moment
from tests.firmware.stores import DEVICE, PURPOSE

SECOND = 1_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 24 * 3600 * SECOND
YEAR = 365 * DAY
RELEASED = 1_795_000_000_000


@dataclass
class Machine:
    """A Pi: the wall clock runs, may be set, and begins anywhere; only time is true."""

    wall_ms: int = RELEASED + DAY
    monotonic_ms: int = 5 * SECOND
    boot: bytes = b"1" * 16
    synchronised: bool = True
    kept: list[Kept] = field(default_factory=list)

    def __call__(self) -> Moment:
        return Moment(self.wall_ms, self.synchronised, self.boot, self.monotonic_ms)

    def run(self, passed_ms: int) -> None:
        self.wall_ms += passed_ms
        self.monotonic_ms += passed_ms

    def reboot(self, wall_ms: int, *, synchronised: bool = False) -> None:
        """Start again, with whatever clock, after whatever time."""
        self.boot = (int.from_bytes(self.boot) + 1).to_bytes(16)
        self.wall_ms, self.monotonic_ms = wall_ms, 5 * SECOND
        self.synchronised = synchronised

    def clock(self) -> Clock:
        kept = self.kept[-1] if self.kept else None
        return Clock(self, kept, self.kept.append, RELEASED)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def age_ms(clock: Clock, born: Instant) -> int:
    return clock.instant().age_of_ms(born)


def test_a_clock_that_agrees_is_believed(machine: Machine) -> None:
    clock = machine.clock()
    machine.run(HOUR)

    assert clock.now_ms() == RELEASED + DAY + HOUR
    assert clock.trusted()
    assert clock.moment() == Moment(RELEASED + DAY + HOUR, True, machine.boot, 5 * SECOND + HOUR)


def test_a_boot_in_1970_is_at_the_floor_and_not_trusted(machine: Machine) -> None:
    machine.reboot(wall_ms=0)
    clock = machine.clock()
    machine.run(HOUR)

    assert clock.now_ms() == RELEASED + HOUR
    assert not clock.trusted()
    assert clock.moment().wall_ms == RELEASED + HOUR  # what the audit log says was believed
    assert not clock.moment().trusted


@pytest.mark.parametrize("synchronised", [True, False])
def test_a_clock_years_ahead_is_not_believed_whoever_set_it(
    machine: Machine, synchronised: bool
) -> None:
    clock = machine.clock()
    machine.wall_ms = RELEASED + 20 * YEAR
    machine.synchronised = synchronised

    assert clock.now_ms() < RELEASED + FURTHEST_AHEAD_MS
    assert not clock.trusted()


def test_a_signed_time_raises_the_floor_and_it_never_falls(machine: Machine) -> None:
    machine.reboot(wall_ms=0)
    clock = machine.clock()

    clock.vouched(RELEASED + 40 * DAY)
    machine.run(MINUTE)
    clock.vouched(RELEASED + 10 * DAY)  # an older answer, or one that was held back

    assert clock.now_ms() == RELEASED + 40 * DAY + MINUTE
    assert clock.instant().floor_ms == RELEASED + 40 * DAY + MINUTE


def test_the_floor_outlives_a_power_cut(machine: Machine) -> None:
    clock = machine.clock()
    clock.vouched(RELEASED + 40 * DAY)
    clock.tend()
    machine.reboot(wall_ms=0)

    assert machine.clock().now_ms() == RELEASED + 40 * DAY


def test_a_clock_that_a_signed_time_confirms_is_trusted_without_a_time_server(
    machine: Machine,
) -> None:
    machine.reboot(wall_ms=RELEASED + 3 * DAY)
    clock = machine.clock()
    assert not clock.trusted()
    asked_ms = clock.instant().running_ms
    machine.run(MINUTE)

    clock.vouched(RELEASED + 3 * DAY + 2 * SECOND, asked_ms)

    assert clock.trusted()
    machine.run(YEAR // 10)
    assert clock.trusted()
    machine.wall_ms += HOUR
    assert not clock.trusted()


def test_a_signed_time_that_may_be_old_raises_the_floor_and_makes_nothing_trusted(
    machine: Machine,
) -> None:
    machine.reboot(wall_ms=RELEASED + 3 * DAY)  # ten days behind
    clock = machine.clock()
    machine.run(MINUTE)

    clock.vouched(RELEASED + 3 * DAY + 2 * MINUTE)  # an answer of then, held back until now

    assert clock.instant().floor_ms == RELEASED + 3 * DAY + 2 * MINUTE
    assert not clock.trusted()


def test_an_answer_that_took_longer_than_clocks_may_differ_makes_nothing_trusted(
    machine: Machine,
) -> None:
    machine.reboot(wall_ms=RELEASED + 3 * DAY)  # ten days behind, and asks at once
    clock = machine.clock()
    asked_ms = clock.instant().running_ms
    machine.run(10 * DAY)  # so long a broker holds the answer back

    clock.vouched(RELEASED + 13 * DAY, asked_ms)

    assert not clock.trusted()


def test_a_floor_that_is_a_little_later_than_a_prompt_answer_is_confirmed_by_it(
    machine: Machine,
) -> None:
    machine.reboot(wall_ms=RELEASED + 3 * DAY)
    clock = machine.clock()
    asked_ms = clock.instant().running_ms
    clock.vouched(RELEASED + 3 * DAY + 3 * SECOND)  # a receipt

    clock.vouched(RELEASED + 3 * DAY + 2 * SECOND, asked_ms)

    assert clock.trusted()


def test_a_floor_far_ahead_of_a_prompt_answer_is_not_confirmed_by_it(machine: Machine) -> None:
    machine.reboot(wall_ms=RELEASED + 3 * DAY)
    clock = machine.clock()
    asked_ms = clock.instant().running_ms
    clock.vouched(RELEASED + 3 * DAY)
    machine.wall_ms += DAY
    clock.vouched(RELEASED + 4 * DAY)  # signed while the matcher's clock was wrong

    clock.vouched(RELEASED + 3 * DAY + SECOND, asked_ms)

    assert not clock.trusted()


def test_a_clock_is_no_longer_trusted_when_a_signed_time_shows_that_the_machine_slept(
    machine: Machine,
) -> None:
    machine.reboot(wall_ms=RELEASED + 3 * DAY)
    clock = machine.clock()
    clock.vouched(RELEASED + 3 * DAY, clock.instant().running_ms)
    assert clock.trusted()

    machine.wall_ms += DAY  # of which the monotonic clock knows nothing
    clock.vouched(RELEASED + 4 * DAY)

    assert not clock.trusted()


@pytest.mark.parametrize("jump_ms", [-30 * YEAR, -DAY, DAY, 30 * DAY, 20 * YEAR])
def test_while_it_runs_no_setting_of_the_clock_makes_anything_older(
    machine: Machine, jump_ms: int
) -> None:
    clock = machine.clock()
    born = clock.instant()
    machine.run(HOUR)

    machine.wall_ms = max(0, machine.wall_ms + jump_ms)
    machine.run(HOUR)

    assert age_ms(clock, born) == 2 * HOUR


@pytest.mark.parametrize("wall_ms", [0, RELEASED, RELEASED + 80 * DAY, RELEASED + 20 * YEAR])
@pytest.mark.parametrize("synchronised", [True, False])
def test_after_a_reboot_no_clock_makes_anything_older_than_it_can_be_proven(
    machine: Machine, wall_ms: int, synchronised: bool
) -> None:
    clock = machine.clock()
    born = clock.instant()
    machine.run(HOUR)
    clock.close()

    machine.reboot(wall_ms, synchronised=synchronised)

    assert age_ms(machine.clock(), born) == HOUR + START_COUNTS_MS


def test_a_signed_time_makes_what_was_born_at_a_trusted_time_as_old_as_it_is(
    machine: Machine,
) -> None:
    clock = machine.clock()
    born = clock.instant()
    clock.close()
    machine.reboot(wall_ms=0)  # five days in a drawer
    clock = machine.clock()

    clock.vouched(RELEASED + DAY + 5 * DAY)

    assert age_ms(clock, born) == 5 * DAY


def test_a_signed_time_makes_nothing_old_that_was_born_in_1970(machine: Machine) -> None:
    machine.reboot(wall_ms=0)
    clock = machine.clock()
    born = clock.instant()
    machine.run(HOUR)

    clock.vouched(RELEASED + 400 * DAY)

    assert age_ms(clock, born) == HOUR


def test_a_kiosk_that_is_cut_off_every_few_seconds_keeps_nothing_for_ever(
    machine: Machine,
) -> None:
    born = machine.clock().instant()
    boots = 0
    while True:
        machine.reboot(wall_ms=0)
        clock = machine.clock()
        machine.run(2 * SECOND)
        clock.tend()
        if age_ms(clock, born) >= DAY:
            break
        boots += 1
        assert boots <= 24 * 60 + 1

    assert boots > 24 * 50  # nor is a boot worth much


def test_a_restart_of_the_process_counts_exactly(machine: Machine) -> None:
    clock = machine.clock()
    born = clock.instant()
    machine.run(10 * MINUTE)
    clock.tend()
    machine.run(30 * SECOND)  # then it crashes

    again = machine.clock()

    assert age_ms(again, born) == 10 * MINUTE + 30 * SECOND


def test_it_is_kept_once_a_minute_and_at_the_end(machine: Machine) -> None:
    clock = machine.clock()
    for _ in range(300):
        machine.run(SECOND)
        clock.tend()
    assert len(machine.kept) == 5
    machine.run(SECOND)
    clock.close()
    assert machine.kept[-1].running_ms == 301 * SECOND


def test_the_audit_log_tells_a_clock_that_was_set(machine: Machine) -> None:
    clock = machine.clock()
    before = clock.moment()
    machine.run(SECOND)
    machine.wall_ms = 0

    after = clock.moment()

    assert (before.trusted, after.trusted) == (True, False)
    assert after.wall_ms == RELEASED + SECOND  # the floor, not what the clock says


def test_a_request_and_an_answer_of_the_store_live_by_it(tmp_path: Path, machine: Machine) -> None:
    def opened() -> tuple[Store, Clock]:
        clock = machine.clock()
        vault = Vault(tmp_path / "keys", DEVICE, PURPOSE)
        return Store(tmp_path / "kiosk.store", vault, clock.instant), clock

    store, clock = opened()
    now = clock.now_ms()
    for name in (b"a" * 16, b"r" * 16):
        store.add_request(Pending(name, 0, now, now + 72 * HOUR), b"sealed")
    store.add_answer(b"a" * 16, b"body", final=True, arrived_ms=now, expires_ms=now + 24 * HOUR)

    machine.wall_ms = RELEASED + 20 * YEAR
    machine.run(23 * HOUR)
    assert store.expire().answers == ()
    clock.close()
    store.close()
    machine.reboot(wall_ms=0)
    store, clock = opened()
    assert store.expire().answers == ()
    machine.run(HOUR)
    assert store.expire().answers == (b"a" * 16,)
    machine.wall_ms = RELEASED + 50 * DAY
    machine.synchronised = True
    machine.run(47 * HOUR)
    assert store.expire().requests == ()
    machine.run(HOUR)
    assert [each.request_id for each in store.expire().requests] == [b"r" * 16]
    store.close()
