"""Whether an answer is late for the person it is about."""

import pytest

from greenline.firmware.lateness import Lateness


class Running:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Running:
    return Running()


@pytest.fixture
def lateness(clock: Running) -> Lateness:
    return Lateness(clock, late_after_s=120)


def test_an_answer_is_late_after_so_many_seconds_of_running_time(
    lateness: Lateness, clock: Running
) -> None:
    lateness.taken("a")

    clock.now_s += 120
    assert not lateness.is_late("a")
    clock.now_s += 0.1
    assert lateness.is_late("a")


def test_the_answer_to_a_finger_of_an_earlier_run_is_late(lateness: Lateness) -> None:
    assert lateness.is_late("never taken here")


def test_once_the_session_has_ended_what_it_took_is_late_and_what_comes_then_is_not(
    lateness: Lateness,
) -> None:
    lateness.taken("theirs")
    lateness.session_ended()
    lateness.taken("ours")

    assert lateness.is_late("theirs")
    assert not lateness.is_late("ours")


def test_an_answer_of_an_earlier_run_was_late_by_its_own_times(lateness: Lateness) -> None:
    assert not lateness.was_late(created_ms=1_000, arrived_ms=121_000)
    assert lateness.was_late(created_ms=1_000, arrived_ms=121_001)


def test_the_time_since_a_finger_was_taken_is_told_until_it_is_forgotten(
    lateness: Lateness, clock: Running
) -> None:
    lateness.taken("a")
    clock.now_s += 2.5
    assert lateness.since_ms("a") == 2_500

    lateness.forget("a")

    assert lateness.since_ms("a") == 0
    assert lateness.since_ms("unknown") == 0
