"""The automatic trigger, on scores and times alone."""

from hypothesis import given
from hypothesis import strategies as st

from greenline.firmware.trigger import RISE, Settling, Trigger

SETTLING = Settling(good_quality=45, settle_s=0.4, preview_s=4.0)

frames = st.lists(
    st.tuples(st.integers(0, 100), st.floats(0.01, 0.6)), min_size=1, max_size=60
).map(
    lambda steps: [(score, sum(s for _, s in steps[: n + 1])) for n, (score, _) in enumerate(steps)]
)
"""Scores, and when they were seen: seconds since the press."""


def taken_at(
    seen: list[tuple[int, float]], settling: Settling = SETTLING
) -> tuple[int, int] | None:
    """Return which frame is taken, and at which one that is decided; None: not yet."""
    trigger, best = Trigger(settling, 0.0), 0
    for number, (score, now) in enumerate(seen):
        look = trigger.look(score, now)
        best = number if look.best else best
        if look.take:
            return best, number
    return None


def test_a_good_finger_that_has_settled_is_taken():
    seen = [(10, 0.1), (40, 0.3), (60, 0.5), (61, 0.7), (60, 0.89), (59, 0.95)]
    assert taken_at(seen) == (3, 5)


def test_while_the_score_rises_it_is_not_taken():
    seen = [(45 + 4 * step, 0.3 * step) for step in range(13)]
    assert taken_at(seen) is None


def test_a_slow_rise_within_the_noise_does_not_hold_it_up():
    seen = [(50 + step, 0.2 * step) for step in range(RISE)]
    assert taken_at(seen) == (2, 2)


def test_a_poor_finger_is_waited_for_until_the_time_is_up():
    seen = [(30, 0.5 * step) for step in range(9)]
    assert taken_at(seen) == (0, 8)


def test_a_finger_that_gets_worse_is_taken_as_it_was_at_its_best():
    assert taken_at([(70, 0.1), (50, 0.3), (20, 0.6)]) == (0, 2)


@given(frames)
def test_what_is_taken_is_the_best_that_was_seen(seen: list[tuple[int, float]]):
    taken = taken_at(seen)
    if taken is not None:
        best, at = taken
        assert seen[best][0] == max(score for score, _ in seen[: at + 1])


@given(frames)
def test_it_is_never_taken_early_unless_it_is_good_and_still(seen: list[tuple[int, float]]):
    taken = taken_at(seen)
    if taken is None:
        assert seen[-1][1] < SETTLING.preview_s
        return
    best, at = taken
    now = seen[at][1]
    if now < SETTLING.preview_s:
        assert seen[best][0] >= SETTLING.good_quality
        before = [score for score, when in seen[: at + 1] if when <= now - SETTLING.settle_s]
        since = [score for score, when in seen[: at + 1] if when > now - SETTLING.settle_s]
        assert max(since, default=0) < max(before, default=0) + RISE


@given(frames, st.integers(0, 100))
def test_a_higher_demand_never_makes_it_earlier(seen: list[tuple[int, float]], good: int):
    lower = taken_at(seen, Settling(good, 0.4, 4.0))
    higher = taken_at(seen, Settling(min(100, good + 10), 0.4, 4.0))
    assert higher is None or (lower is not None and lower[1] <= higher[1])
