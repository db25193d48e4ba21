"""Waits after wrong tries: they grow, and nothing but time in one boot ends them."""

from hypothesis import given
from hypothesis import strategies as st

from greenline.firmware.operators_lockout import ACCOUNT, KIOSK, Tries
from greenline.protocol.audit import Moment

HOUR_MS = 3_600_000


def at(monotonic_ms: int, boot: bytes = b"a" * 16, wall_ms: int = 0) -> Moment:
    return Moment(wall_ms, False, boot, monotonic_ms)


def test_the_waits_begin_with_the_fifth_and_double() -> None:
    assert [ACCOUNT.wait_ms(wrong) // 1000 for wrong in range(9)] == [
        0, 0, 0, 0, 0, 60, 120, 240, 480,
    ]  # fmt: skip
    assert [KIOSK.wait_ms(wrong) // 1000 for wrong in range(4, 8)] == [0, 30, 60, 120]
    assert ACCOUNT.wait_ms(2**31) == 12 * HOUR_MS
    assert KIOSK.wait_ms(2**31) == 600_000


@given(st.integers(0, 60), st.integers(0, 2**40), st.integers(0, 2**40))
def test_only_time_ends_a_wait(wrong: int, then: int, later: int) -> None:
    tries = Tries(wrong).one_more(ACCOUNT, at(then))
    whole = ACCOUNT.wait_ms(wrong + 1)

    left = tries.left_ms(ACCOUNT, at(then + later))
    assert left == max(0, whole - later)
    assert tries.left_ms(ACCOUNT, at(then + later, wall_ms=2**50)) == left


@given(st.integers(0, 60), st.integers(0, 2**40), st.integers(0, 2**40))
def test_with_a_new_boot_a_wait_begins_anew(wrong: int, then: int, now: int) -> None:
    tries = Tries(wrong).one_more(ACCOUNT, at(then))
    other = at(now, b"b" * 16)
    whole = ACCOUNT.wait_ms(wrong + 1)

    anew = tries.of_this_boot(ACCOUNT, other)
    assert (tries.left_ms(ACCOUNT, other), anew.left_ms(ACCOUNT, other)) == (whole, whole)
    assert anew.left_ms(ACCOUNT, at(now + whole, b"b" * 16)) == 0


@given(st.integers(5, 60), st.integers(0, 2**40))
def test_a_clock_that_went_back_makes_no_wait_longer_than_it_was(wrong: int, then: int) -> None:
    tries = Tries(wrong).one_more(ACCOUNT, at(then))

    assert tries.left_ms(ACCOUNT, at(0)) <= ACCOUNT.wait_ms(wrong + 1)
