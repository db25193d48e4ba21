import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.prints.hull import convex_hull, within

SQUARE = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float64)


def test_the_corners_come_counter_clockwise_without_what_lies_on_the_edges() -> None:
    inner = np.array([[5, 5], [5, 0], [10, 4], [0, 0], [2, 7]], np.float64)
    assert convex_hull(np.concatenate([inner, SQUARE])).tolist() == SQUARE.tolist()


@pytest.mark.parametrize(
    ("points", "hull"),
    [
        ([], []),
        ([(3, 4)], [[3, 4]]),
        ([(3, 4), (3, 4), (3, 4)], [[3, 4]]),
        ([(3, 4), (1, 2)], [[1, 2], [3, 4]]),
        ([(1, 1), (3, 3), (2, 2)], [[1, 1], [3, 3]]),
    ],
)
def test_fewer_than_three_corners_stand_for_themselves(
    points: list[tuple[float, float]], hull: list[list[float]]
) -> None:
    assert convex_hull(np.array(points, np.float64).reshape(-1, 2)).tolist() == hull


def test_the_margin_is_a_distance_also_round_the_corners() -> None:
    points = np.array([[5, 5], [-3, 5], [-3.1, 5], [12, 12], [12.2, 12.2], [10, 13]], np.float64)
    assert within(points, SQUARE, 3.0).tolist() == [True, True, False, True, False, True]


def test_a_hull_of_one_or_two_corners_has_a_margin_too() -> None:
    points = np.array([[3, 0], [0, 3.1], [13, 0], [5, 3], [5, 3.1], [-3, 0]], np.float64)
    one, two = SQUARE[:1], SQUARE[:2]
    assert within(points, one, 3.0).tolist() == [True, False, False, False, False, True]
    assert within(points, two, 3.0).tolist() == [True, False, True, True, False, True]


def test_nothing_lies_within_a_hull_without_corners() -> None:
    assert within(SQUARE, np.empty((0, 2)), 100.0).tolist() == [False] * 4


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), max_size=30))
def test_every_point_lies_within_the_hull_of_all(points: list[tuple[int, int]]) -> None:
    rows = np.array(points, np.float64).reshape(-1, 2)
    hull = convex_hull(rows)
    assert within(rows, hull, 1e-6).all()
    assert {tuple(corner) for corner in hull.tolist()} <= {tuple(row) for row in rows.tolist()}
