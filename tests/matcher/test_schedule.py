"""The order of searches, on a clock of the test's own."""

import threading
import time
from dataclasses import dataclass

import pytest

from greenline.matcher.ledger import Waiting
from greenline.matcher.schedule import Schedule


@dataclass
class Seconds:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def waiting(number: int, lane: int = 0, created_ms: int = 0) -> Waiting:
    return Waiting(lane, created_ms, bytes([number]) * 16)


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def schedule(clock: Seconds) -> Schedule:
    return Schedule(clock)


def everything_due(schedule: Schedule) -> list[int]:
    found = []
    while (one := schedule.next(0)) is not None:
        found.append(one.request_id[0])
    return found


def test_the_urgent_come_first_then_the_oldest(schedule: Schedule) -> None:
    for one in (waiting(1, 1, 5), waiting(2, 0, 9), waiting(3, 0, 8), waiting(4, 2, 1)):
        schedule.add(one)

    assert everything_due(schedule) == [3, 2, 1, 4]


def test_a_delayed_one_waits_its_time_and_then_takes_its_old_place(
    schedule: Schedule, clock: Seconds
) -> None:
    schedule.put_off(waiting(1, 0, 1), 10)
    schedule.add(waiting(2, 0, 2))
    assert everything_due(schedule) == [2]

    clock.now += 9.9
    assert everything_due(schedule) == []

    clock.now += 0.1
    schedule.add(waiting(2, 0, 2))
    assert everything_due(schedule) == [1, 2]


def test_what_fails_again_and_again_is_left_alone_twice_as_long_each_time_up_to_a_limit(
    schedule: Schedule, clock: Seconds
) -> None:
    delays = []
    for _ in range(8):
        schedule.put_off(waiting(1), 10)
        before = clock.now
        while not everything_due(schedule):
            clock.now += 5
        delays.append(clock.now - before)

    assert delays == [10, 20, 40, 80, 160, 320, 320, 320]
    schedule.done(waiting(1))
    schedule.put_off(waiting(1), 10)
    clock.now += 10
    assert everything_due(schedule) == [1]


def test_what_is_put_off_is_not_due_before_its_time(schedule: Schedule, clock: Seconds) -> None:
    schedule.add(waiting(1))
    schedule.put_off(waiting(2), 10)
    assert schedule.due() == 1

    clock.now += 10

    assert schedule.due() == 2


def test_the_same_request_twice_is_no_fault(schedule: Schedule) -> None:
    schedule.add(waiting(1))
    schedule.add(waiting(1))
    assert everything_due(schedule) == [1, 1]


def test_whoever_waits_is_woken_by_what_is_added() -> None:
    schedule = Schedule(time.monotonic)
    found: list[Waiting | None] = []
    waiter = threading.Thread(target=lambda: found.append(schedule.next(60)))
    waiter.start()

    schedule.add(waiting(1))

    waiter.join(timeout=20)
    assert found == [waiting(1)]


def test_closing_wakes_whoever_waits_and_ends_all() -> None:
    schedule = Schedule(time.monotonic)
    schedule.put_off(waiting(1), 60)
    found: list[Waiting | None] = []
    waiter = threading.Thread(target=lambda: found.append(schedule.next(2)))
    waiter.start()

    schedule.close()

    waiter.join(timeout=20)
    assert found == [None]
    schedule.add(waiting(2))
    assert schedule.next(0) is None


def test_closing_from_a_signal_handler_never_waits_for_the_lock(schedule: Schedule) -> None:
    closed = threading.Event()

    def close() -> None:
        schedule.close()
        closed.set()

    with schedule._condition:  # as if a signal had interrupted its holder
        threading.Thread(target=close).start()
        assert closed.wait(timeout=20)
    assert schedule.next(0) is None


def of(kiosk: str, number: int, lane: int = 0) -> Waiting:
    return Waiting(lane, number, bytes([number]) * 16, kiosk)


def test_kiosks_take_turns_however_many_one_of_them_sends(schedule: Schedule) -> None:
    """Whoever comes anew waits for one search of each other kiosk at most."""
    for number in range(1, 101):
        schedule.add(of("loud", number))
    assert schedule.next(0) == of("loud", 1)
    schedule.add(of("quiet", 201))
    schedule.add(of("quiet", 202))
    schedule.add(of("third", 203))

    found = [schedule.next(0) for _ in range(5)]

    kiosks = [one.kiosk for one in found if one is not None]
    assert kiosks == ["quiet", "third", "loud", "quiet", "loud"]
    assert (schedule.due(), schedule.due_of("loud"), schedule.due_of("quiet")) == (97, 97, 0)


def test_a_person_who_waits_goes_before_everybodys_other_requests(schedule: Schedule) -> None:
    schedule.add(of("loud", 1, lane=0))
    schedule.add(of("loud", 2, lane=0))
    schedule.add(of("quiet", 3, lane=1))

    assert everything_due(schedule) == [1, 2, 3]
