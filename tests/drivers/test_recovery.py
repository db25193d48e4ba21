"""The policy for lost devices, in virtual time."""

import pytest

from greenline.drivers.recovery import Policy, Recovery, Step
from greenline.drivers.simulation.virtual import VirtualClock

POLICY = Policy(first_s=1.0, most_s=8.0, reset_after=3, steady_s=10.0)


@pytest.fixture
def clock() -> VirtualClock:
    clock = VirtualClock()
    clock.now = 1000.0
    return clock


@pytest.fixture
def recovery(clock: VirtualClock) -> Recovery:
    return Recovery(clock, POLICY)


def test_the_first_try_comes_at_once(recovery: Recovery) -> None:
    assert (recovery.next_step(), recovery.wait_s()) == (Step.TRY, 0.0)


def test_waits_double_up_to_the_longest(recovery: Recovery, clock: VirtualClock) -> None:
    waits = []
    for _ in range(6):
        recovery.failed()
        waits.append(recovery.wait_s())
        clock.now += recovery.wait_s()
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_wait_ends_at_its_time_and_not_before(recovery: Recovery, clock: VirtualClock) -> None:
    recovery.failed()
    clock.now += 0.999
    assert recovery.next_step() is Step.WAIT
    clock.now += 0.001
    assert recovery.next_step() is Step.TRY


def test_usb_is_reset_after_every_third_failure(recovery: Recovery, clock: VirtualClock) -> None:
    steps = []
    for _ in range(7):
        recovery.failed()
        clock.now += recovery.wait_s()
        steps.append(recovery.next_step())
        recovery.reset_done()
        assert recovery.next_step() is Step.TRY
    assert steps == [
        Step.TRY, Step.TRY, Step.RESET, Step.TRY, Step.TRY, Step.RESET, Step.TRY,
    ]  # fmt: skip


def test_a_reset_waits_for_its_time_too(recovery: Recovery) -> None:
    for _ in range(3):
        recovery.failed()
    assert recovery.next_step() is Step.WAIT


def test_a_device_that_worked_steadily_begins_anew(recovery: Recovery, clock: VirtualClock) -> None:
    for _ in range(4):
        recovery.failed()
    recovery.succeeded()
    clock.now += 10.0
    recovery.failed()
    assert (recovery.failures, recovery.wait_s()) == (1, 1.0)


def test_a_device_that_comes_and_goes_does_not_begin_anew(
    recovery: Recovery, clock: VirtualClock
) -> None:
    for _ in range(2):
        recovery.failed()
        clock.now += recovery.wait_s()
    recovery.succeeded()
    clock.now += 9.9
    recovery.failed()
    assert (recovery.failures, recovery.wait_s()) == (3, 4.0)
    clock.now += 4.0
    assert recovery.next_step() is Step.RESET


def test_a_device_that_was_opened_needs_no_reset_any_more(
    recovery: Recovery, clock: VirtualClock
) -> None:
    for _ in range(3):
        recovery.failed()
    recovery.succeeded()
    clock.now += 30.0
    assert recovery.next_step() is Step.TRY


def test_years_of_failures_do_not_overflow(recovery: Recovery, clock: VirtualClock) -> None:
    for _ in range(5000):
        recovery.failed()
    assert recovery.wait_s() == 8.0
