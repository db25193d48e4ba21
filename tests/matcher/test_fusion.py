"""A fused score means what a single score means: the share of strangers that come out as high."""

import math
from itertools import permutations

import numpy as np
import pytest

from greenline.matcher.fusion import Compared, Fused, fuse, joint_score, threshold_for


def strangers(rng: np.random.Generator, count: int) -> np.ndarray:
    """Scores of strangers, by their meaning: a share of 10**-s reaches s."""
    return -np.log10(rng.random(count))


@pytest.mark.parametrize("fingers", [1, 2, 4, 10])
def test_strangers_with_several_fingers_reach_a_fused_score_as_often_as_it_says(
    fingers: int,
) -> None:
    rng = np.random.default_rng(fingers)
    fused = np.array([
        fuse([Compared(f, f, s) for f, s in enumerate(strangers(rng, fingers), 1)]).score
        for _ in range(20_000)
    ])  # fmt: skip
    for score in (0.5, 1.0, 2.0):
        assert (fused >= score).mean() == pytest.approx(10**-score, rel=0.15)


@pytest.mark.parametrize("impressions", [2, 3])
def test_the_best_of_several_impressions_is_no_easier_to_reach_by_chance(impressions: int) -> None:
    rng = np.random.default_rng(7)
    fused = np.array([
        fuse([Compared(2, 2, s) for s in strangers(rng, impressions)]).score for _ in range(20_000)
    ])  # fmt: skip
    for score in (1.0, 2.0):
        assert (fused >= score).mean() == pytest.approx(10**-score, rel=0.2)


def test_labels_that_nobody_trusts_do_not_make_chance_hits_more_frequent() -> None:
    rng = np.random.default_rng(3)
    fused = np.array([
        fuse([
            Compared(p, e, s)
            for (p, e), s in zip(
                [(p, e) for p in (1, 2, 3) for e in (1, 2, 3)], strangers(rng, 9), strict=True
            )
        ]).score
        for _ in range(20_000)
    ])  # fmt: skip
    for score in (1.0, 2.0):
        # Two looks, with labels and without: at most twice as often as one.
        assert 0.5 * 10**-score < (fused >= score).mean() < 2 * 10**-score


def test_one_finger_counts_as_its_own_score() -> None:
    assert fuse([Compared(3, 3, 4.2)]) == Fused(pytest.approx(4.2), 1, relabelled=False)


def test_two_fingers_say_more_than_the_better_one_and_less_than_their_sum() -> None:
    fused = fuse([Compared(2, 2, 3.0), Compared(7, 7, 2.5)])
    assert 3.0 < fused.score < 5.5
    assert (fused.fingers, fused.relabelled) == (2, False)


def test_a_finger_that_does_not_match_speaks_against_the_other() -> None:
    assert fuse([Compared(2, 2, 4.0), Compared(7, 7, 0.0)]).score < 4.0


def test_swapped_fingers_are_found_and_said_to_be_swapped() -> None:
    table = {(2, 2): 0.1, (2, 7): 6.0, (7, 2): 5.0, (7, 7): 0.2}
    fused = fuse([Compared(p, e, s) for (p, e), s in table.items()])
    assert fused.relabelled
    assert fused.fingers == 2
    assert fused.score == pytest.approx(joint_score([6.0, 5.0]) - math.log10(2))


def test_right_labels_are_never_said_to_be_swapped() -> None:
    table = {(2, 2): 6.0, (2, 7): 0.3, (7, 2): 0.1, (7, 7): 5.0}
    assert fuse([Compared(p, e, s) for (p, e), s in table.items()]).relabelled is False


def test_a_finger_of_unknown_position_is_searched_among_all_and_is_no_swap() -> None:
    fused = fuse([Compared(0, entry, 5.0 if entry == 4 else 0.2) for entry in range(1, 11)])
    assert fused == Fused(pytest.approx(5.0 - 1.0), 1, relabelled=False)


def test_a_finger_that_was_never_enrolled_takes_nothing_away() -> None:
    alone = fuse([Compared(2, 2, 5.0)])
    beside = fuse([Compared(2, 2, 5.0), Compared(3, 2, 0.1)])
    assert beside.score == pytest.approx(alone.score)


def test_the_order_of_the_comparisons_does_not_matter() -> None:
    compared = [Compared(1, 2, 1.5), Compared(2, 1, 2.5), Compared(2, 2, 2.0)]
    assert len({fuse(list(each)) for each in permutations(compared)}) == 1


def test_many_fingers_with_high_scores_stay_finite() -> None:
    fused = fuse([Compared(f, f, 40.0) for f in range(1, 11)])
    assert 300 < fused.score < 400


def test_the_threshold_for_a_rate_grows_with_the_gallery() -> None:
    assert threshold_for(0.01, 1) == pytest.approx(2.0)
    assert threshold_for(0.01, 1_000_000) == pytest.approx(8.0, abs=0.01)
    assert threshold_for(0.5, 1000) == pytest.approx(-math.log10(1 - 0.5**0.001))
    assert threshold_for(1e-9, 10**9) == pytest.approx(18.0, abs=1e-6)
    assert threshold_for(0.01, 0) == 0.0


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_for(rate, 10)


def test_strangers_in_a_gallery_are_named_as_often_as_was_asked_for() -> None:
    rng = np.random.default_rng(11)
    least = threshold_for(0.1, 500)
    named = np.mean([strangers(rng, 500).max() >= least for _ in range(4000)])
    assert named == pytest.approx(0.1, abs=0.015)
