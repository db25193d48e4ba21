"""Error-versus-discard curves on pairs whose curve can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.cli.quality_curves import (
    SHARES,
    Pairs,
    area,
    difference,
    discard_curve,
    least,
    rank_correlation,
)

FAILED = np.array([True] * 10 + [False] * 90)


def test_a_measure_that_knows_the_errors_discards_them_first() -> None:
    curve = least(FAILED)

    assert curve[0] == pytest.approx(0.1)
    assert curve[5] == pytest.approx(5 / 95)
    assert np.allclose(curve[10:], 0)


def test_a_measure_that_knows_nothing_leaves_the_rate_as_it_is() -> None:
    assert np.allclose(discard_curve(FAILED, np.full(100, 7.0)), 0.1)


def test_a_measure_that_is_wrong_makes_it_worse() -> None:
    curve = discard_curve(FAILED, np.arange(100.0)[::-1])

    assert curve[-1] == pytest.approx(10 / 70)
    assert (np.diff(curve) > 0).all()


def test_pairs_of_equal_quality_go_in_equal_parts() -> None:
    """Ten of the worst level, half of them failed: of five discarded, 2.5 are expected to be."""
    failed = np.array([True] * 5 + [False] * 95)
    quality = np.array([1.0] * 10 + [2.0] * 90)

    assert discard_curve(failed, quality)[5] == pytest.approx(2.5 / 95)


@given(st.permutations(range(40)))
def test_the_order_of_the_pairs_does_not_matter(order: list[int]) -> None:
    failed, quality = np.arange(40) % 7 == 0, np.arange(40) % 5 * 1.0
    at = np.array(order)

    assert np.allclose(discard_curve(failed, quality), discard_curve(failed[at], quality[at]))


def test_the_area_is_the_mean_of_the_curve() -> None:
    assert area(np.full(len(SHARES), 0.03)) == pytest.approx(0.03)
    assert area(np.linspace(0.1, 0, len(SHARES))) == pytest.approx(0.05)


def test_the_interval_of_a_difference_is_on_the_side_of_the_better_measure() -> None:
    rng = np.random.default_rng(3)
    failed = rng.random(1200) < 0.1
    worse = {"good": np.where(failed, 0.0, 1.0) + rng.random(1200) / 2, "blind": rng.random(1200)}
    pairs = Pairs(failed, np.arange(1200) // 30, worse)

    low, high = difference(pairs, "good", "blind")

    assert low < high < 0
    assert difference(pairs, "good", "good") == (0, 0)


def test_rank_correlation_counts_ranks_and_shares_those_of_equals() -> None:
    a = np.array([1.0, 2, 3, 4])

    assert rank_correlation(a, a**3) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    # Spearman with ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    assert rank_correlation(np.array([1.0, 5, 5, 9]), a) == pytest.approx(0.9487, abs=1e-4)
