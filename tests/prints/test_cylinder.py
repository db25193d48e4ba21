import math

import numpy as np

from greenline.prints.cylinder import CENTRES, SECTIONS, describe, unpacked, wrapped
from greenline.prints.hull import convex_hull, within


def crowd(seed: int, count: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 250, (count, 2)), rng.uniform(0, 2 * np.pi, count)


def plain_value(
    points: np.ndarray, direction: np.ndarray, centre: int, cell: int, section: int
) -> float:
    """The definition, word for word, for one cell."""
    cosine, sine = math.cos(direction[centre]), math.sin(direction[centre])
    u, v = CENTRES[cell]
    x = points[centre, 0] + cosine * u - sine * v
    y = points[centre, 1] + sine * u + cosine * v
    sigma, spread, width = 28 / 3, 2 * math.pi / 9, 2 * math.pi / 6
    total = 0.0
    for other in range(len(points)):
        distance = math.hypot(points[other, 0] - x, points[other, 1] - y)
        if other == centre or distance > 3 * sigma:
            continue
        near = math.exp(-(distance**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
        middle = -math.pi + (section + 0.5) * width
        angle = direction[centre] - direction[other] - middle
        steps = [(k + 0.5) / 400 * width - width / 2 for k in range(400)]
        mass = sum(
            math.exp(-((angle + step + turn) ** 2) / (2 * spread**2))
            for step in steps
            for turn in (-4 * math.pi, -2 * math.pi, 0, 2 * math.pi, 4 * math.pi)
        )
        total += near * mass * width / 400 / (spread * math.sqrt(2 * math.pi))
    return total


def test_there_are_52_cells_in_a_circle() -> None:
    assert CENTRES.shape == (52, 2)
    assert np.hypot(*CENTRES.T).max() <= 75


def test_bits_and_mask_follow_the_definition() -> None:
    points, direction = crowd(1)
    hull = convex_hull(points)
    bits, mask = unpacked(describe(points, direction, hull))
    near_threshold = 0
    for centre in range(0, len(points), 7):
        turn = np.array(
            [
                [math.cos(direction[centre]), math.sin(direction[centre])],
                [-math.sin(direction[centre]), math.cos(direction[centre])],
            ]
        )
        valid = within(points[centre] + CENTRES @ turn, hull, 50.0)
        assert mask[centre].tolist() == valid.tolist()
        for cell in range(len(CENTRES)):
            for section in range(SECTIONS):
                value = plain_value(points, direction, centre, cell, section)
                if abs(value - 0.01) < 1e-5:
                    near_threshold += 1
                    continue
                assert bits[centre, section, cell] == (value >= 0.01 and valid[cell])
    assert near_threshold < 20


def test_a_descriptor_does_not_change_when_the_print_is_turned_and_shifted() -> None:
    points, direction = crowd(2)
    turn = np.array([[math.cos(1), math.sin(1)], [-math.sin(1), math.cos(1)]])
    moved = points @ turn + np.array([40.0, -90.0])
    before = describe(points, direction, convex_hull(points))
    after = describe(moved, direction + 1, convex_hull(moved))
    bits, turned = unpacked(before)[0], unpacked(after)[0]
    assert np.abs(bits - turned).mean() < 1e-3
    assert bits.mean() > 0.02


def test_a_minutia_with_too_few_neighbours_has_no_descriptor() -> None:
    points = np.array([[0, 0], [20, 10], [0, 40], [600, 600], [620, 600]], np.float64)
    words = describe(points, np.zeros(5), convex_hull(points))
    assert (words[:, 3:] == 0).all()
    assert (words[6, :3] != 0).all()


def test_two_minutiae_have_no_descriptors() -> None:
    points = np.array([[0, 0], [20, 10]], np.float64)
    words = describe(points, np.zeros(2), convex_hull(points))
    assert words.tolist() == [[0, 0]] * 7


def test_a_minutia_whose_surroundings_lie_outside_the_print_has_no_descriptor() -> None:
    points = np.array([[0, 0], [1, 1], [2, 0]], np.float64)  # 50 px around them: 24 cells of 52
    assert (describe(points, np.zeros(3), convex_hull(points)) == 0).all()


def test_angles_are_wrapped_to_half_a_turn_either_way() -> None:
    angles = np.array([0.0, math.pi, -math.pi, 3.5, -3.5, 2 * math.pi])
    expected = [0, -math.pi, -math.pi, 3.5 - 2 * math.pi, 2 * math.pi - 3.5, 0]
    assert np.allclose(wrapped(angles), expected)
