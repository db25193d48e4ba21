import math

import numpy as np
import pytest

from greenline.prints.prepared import Prepared
from greenline.prints.relaxation import compatibility, relax
from greenline.prints.similarity import Candidates


def side(points: list[tuple[float, float]], direction: list[float]) -> Prepared:
    count = len(points)
    return Prepared(
        np.array(points, np.float64),
        np.array(direction, np.float64),
        np.ones(count, np.uint8),
        np.ones(count),
        np.arange(count),
        np.empty((0, 2)),
        np.zeros((7, count), np.uint64),
        0,
    )


def chosen(*pairs: tuple[int, int]) -> Candidates:
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return Candidates(first, second, np.full(len(pairs), 0.5))


A = side([(0, 0), (100, 0), (0, 50)], [0.1, 0.2, 0.3])


def test_candidates_of_one_rigid_motion_support_each_other_fully() -> None:
    turn = 2.5
    x, y = A.points.T
    turned = np.stack(
        [math.cos(turn) * x - math.sin(turn) * y, math.sin(turn) * x + math.cos(turn) * y]
    )
    b = side([tuple(point) for point in turned.T + 7], (A.direction + turn).tolist())
    support = compatibility(A, b, chosen((0, 0), (1, 1), (2, 2)))
    assert np.allclose(support, 1 - np.eye(3))


def test_each_deviation_takes_its_share_of_the_support() -> None:
    # Edge 100 against 108: 8 of 16 allowed. Directions 0.11 apart: 0.2 of what is allowed, and the
    # mean rotation is off by half of it: sin(0.055) of 0.31 allowed.
    b = side([(0, 0), (108, 0)], [0.1, 0.31])
    support = compatibility(A, b, chosen((0, 0), (1, 1)))
    expected = (1 - 0.25) * (1 - 0.04) * (1 - (math.sin(0.055) / 0.31) ** 2)
    assert support[0, 1] == pytest.approx(expected)
    assert support[1, 0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("second", "direction"),
    [
        ((117, 0), [0.1, 0.2]),  # the edge is too long
        ((100, 0), [0.1, 0.76]),  # the rotations differ too much
        ((-100, 0), [0.1, 0.2]),  # the edge points backwards
        ((0, 0), [0.1, 0.2]),  # no edge at all
    ],
)
def test_candidates_that_contradict_each_other_do_not_support(
    second: tuple[float, float], direction: list[float]
) -> None:
    b = side([(0, 0), second], direction)
    assert compatibility(A, b, chosen((0, 0), (1, 1)))[0, 1] == 0


def test_candidates_that_share_a_minutia_do_not_support_each_other() -> None:
    b = side([(0, 0), (1, 0)], [0.1, 0.1])
    assert not compatibility(A, b, chosen((0, 0), (0, 1))).any()
    assert not compatibility(b, A, chosen((0, 0), (1, 0))).any()


def test_evidence_follows_three_rounds_of_support() -> None:
    support = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], np.float64)
    supported = 0.5 * (0.5 + 0.5 / 6) ** 3
    assert relax(chosen((0, 0), (1, 1), (2, 2)), support).tolist() == pytest.approx(
        [supported, supported, 0.0625]
    )
