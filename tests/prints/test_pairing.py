import numpy as np
import pytest

from greenline.prints.pairing import Motion, pair
from greenline.prints.prepared import Prepared
from greenline.prints.similarity import Candidates


def side(points: np.ndarray, direction: np.ndarray) -> Prepared:
    count = len(points)
    return Prepared(
        points,
        direction,
        np.ones(count, np.uint8),
        np.ones(count),
        np.arange(count),
        np.empty((0, 2)),
        np.zeros((7, count), np.uint64),
        0,
    )


def spread_out(seed: int, count: int = 30) -> Prepared:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(5)), axis=-1).reshape(-1, 2)[:count]
    return side(grid * 40.0 + rng.uniform(-8, 8, (count, 2)), rng.uniform(0, 2 * np.pi, count))


def all_alike(a: Prepared, b: Prepared) -> np.ndarray:
    return np.zeros((len(a), len(b)), np.float32)


def identity(count: int) -> Candidates:
    return Candidates(np.arange(count), np.arange(count), np.ones(count))


def paired(a: Prepared, b: Prepared) -> list[tuple[int, int]]:
    support = np.ones((4, 4))
    found = pair(a, b, all_alike(a, b), identity(4), support, 0)
    return sorted(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize("turn", [0.0, 0.7, -2.9])
def test_a_rigid_motion_is_found_from_exact_points(turn: float) -> None:
    b = spread_out(1)
    truth = Motion(turn, 30.0, -12.0)
    found = Motion.fitted(truth.moved(b.points), b.points, np.full(30, turn), np.ones(30))
    assert (found.rotation, found.x, found.y) == pytest.approx((turn, 30, -12))


def test_one_pair_takes_its_rotation_from_the_directions() -> None:
    point, goal = np.array([[10.0, 0.0]]), np.array([[0.0, 10.0]])
    found = Motion.fitted(goal, point, np.array([np.pi / 2]), np.ones(1))
    assert (found.rotation, found.x, found.y) == pytest.approx((np.pi / 2, 0, 0))


def test_heavier_pairs_draw_the_motion_to_them() -> None:
    points = np.array([[0.0, 0.0], [100.0, 0.0]])
    goal = np.array([[0.0, 0.0], [104.0, 0.0]])
    found = Motion.fitted(goal, points, np.zeros(2), np.array([1.0, 3.0]))
    assert (found.x, found.y) == pytest.approx((3, 0))


def test_a_turned_print_is_paired_whole() -> None:
    b = spread_out(2)
    a = side(Motion(0.5, 40, 8).moved(b.points), b.direction + 0.5)
    assert paired(a, b) == [(i, i) for i in range(30)]


def test_a_stretch_beyond_the_last_limit_is_taken_up_by_the_field() -> None:
    b = spread_out(3)
    centre = b.points.mean(axis=0)
    a = side(centre + (b.points - centre) * 1.14, b.direction)  # corners move by 17 pixels
    moved = np.hypot(*(a.points - b.points).T)
    assert moved.max() > 15
    assert len(paired(a, b)) == 30


def test_minutiae_of_another_direction_are_not_paired() -> None:
    b = spread_out(4)
    direction = b.direction.copy()
    direction[20:] += 0.6
    assert [j for _, j in paired(side(b.points, direction), b)] == list(range(20))


def test_of_two_minutiae_that_want_one_the_nearer_gets_it() -> None:
    b = spread_out(5)
    double = side(
        np.concatenate([b.points, b.points[7:8] + 5]), np.append(b.direction, b.direction[7])
    )
    assert paired(b, double) == [(i, i) for i in range(30)]


def test_where_places_do_not_tell_them_apart_the_surroundings_decide() -> None:
    b = spread_out(5)
    double = side(
        np.concatenate([b.points, b.points[7:8] + 2]), np.append(b.direction, b.direction[7])
    )
    similarity = all_alike(b, double)
    similarity[7, 30] = 0.5
    found = pair(b, double, similarity, identity(4), np.ones((4, 4)), 0)
    assert (7, 30) in zip(found.first.tolist(), found.second.tolist(), strict=True)
