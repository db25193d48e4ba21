"""A press moves a minutia and turns its direction exactly as it moves the skin."""

import numpy as np
import pytest

from greenline.models.training.fields import bilinear, blur, smooth_field, spline_rows
from greenline.models.training.synthesis import Conditions, Finger, press
from greenline.models.training.warp import Warp, draw_bend
from greenline.prints.template import Kind, Template

PLAIN = Conditions(quality=1.0, distortion=0.0)


def warp(seed: int, angle: float = 0.3) -> Warp:
    rng = np.random.default_rng(seed)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.asarray(1.03 * turn)
    return Warp(256, 288, matrix, np.array([168.0, 226.0]), draw_bend(rng, 256, 288, 1.0, 5.0))


def test_the_grid_and_single_points_take_the_same_way() -> None:
    x, y = warp(1).grid()
    points = np.array([[0.0, 0.0], [100.0, 250.0], [255.0, 287.0]])
    expected = [[x[int(b), int(a)], y[int(b), int(a)]] for a, b in points]
    assert warp(1).to_finger(points) == pytest.approx(np.array(expected))


def test_a_point_carried_to_the_impression_and_back_is_the_same() -> None:
    points = np.random.default_rng(2).uniform(20, 250, (50, 2))
    there = warp(2).to_finger(points)
    assert warp(2).from_finger(there) == pytest.approx(points, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_direction_turns_with_the_line_it_is_drawn_along(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, directions = rng.uniform(90, 250, (30, 2)), rng.uniform(0, 2 * np.pi, 30)
    ahead = points + 0.5 * np.stack([np.cos(directions), -np.sin(directions)], axis=1)
    way = warp(seed).from_finger(ahead) - warp(seed).from_finger(points)
    drawn = np.arctan2(-way[:, 1], way[:, 0])
    carried = warp(seed).carry(points, directions)[1]
    assert np.cos(carried - drawn) == pytest.approx(1.0, abs=2e-3)


def marked(x: float, y: float, direction: float) -> Finger:
    """Return a finger whose only minutia is a dark wedge that begins at x, y and runs one way."""
    rows, columns = np.mgrid[0:480, 0:336]
    along = (columns - x) * np.cos(direction) - (rows - y) * np.sin(direction)
    across = (columns - x) * np.sin(direction) + (rows - y) * np.cos(direction)
    bar = np.where((along > 0) & (along < 40) & (np.abs(across) < 4), 1.0, -1.0)
    skin = np.stack([bar, np.zeros(bar.shape), np.zeros(bar.shape)], axis=-1)
    one = np.array([x], np.float32), np.array([y], np.float32), np.array([direction], np.float32)
    kind, quality = np.array([Kind.ENDING], np.uint8), np.array([100], np.uint8)
    return Finger(9, "arch", skin, Template(336, 480, 500.0, *one, kind, quality))


@pytest.mark.parametrize("rotation", [-40.0, 0.0, 25.0, 170.0])
@pytest.mark.parametrize("direction", [0.2, 1.9, 4.0])
def test_the_truth_lies_where_the_mark_is_drawn_and_points_along_it(
    rotation: float, direction: float
) -> None:
    given = Conditions(quality=1.0, rotation_deg=rotation, distortion=1.0)
    made = press(marked(168.0, 226.0, direction), 1, conditions=given)
    rows, columns = np.nonzero(made.frame.pixels < 140)
    truth = made.truth
    assert len(truth) == 1
    away_x, away_y = columns.mean() - truth.x[0], rows.mean() - truth.y[0]
    assert np.hypot(away_x, away_y) == pytest.approx(20, abs=2.5)
    assert np.cos(np.arctan2(-away_y, away_x) - truth.direction[0]) > np.cos(np.deg2rad(6))


def test_a_turn_counter_clockwise_adds_to_every_direction() -> None:
    finger = marked(168.0, 226.0, 1.0)
    turned = Conditions(quality=1.0, distortion=0.0, rotation_deg=30.0)
    before = press(finger, 1, conditions=PLAIN).truth.direction[0]
    after = press(finger, 1, conditions=turned).truth.direction[0]
    assert np.rad2deg(after - before) == pytest.approx(30.0, abs=1.0)


def test_a_shift_moves_the_minutiae_right_and_down_in_millimetres() -> None:
    finger = marked(168.0, 226.0, 1.0)
    moved = Conditions(quality=1.0, distortion=0.0, shift_mm=(2.0, -1.0))
    before, after = (press(finger, 1, conditions=each).truth for each in (PLAIN, moved))
    pixels = 500 / 25.4
    assert after.x[0] - before.x[0] == pytest.approx(2 * pixels, rel=0.05)
    assert after.y[0] - before.y[0] == pytest.approx(-pixels, rel=0.05)


def test_spline_weights_add_up_to_one() -> None:
    rows = spline_rows(np.linspace(0, 5, 40), 5)
    assert rows.shape == (40, 8)
    assert rows.sum(axis=1) == pytest.approx(np.ones(40))


def test_smooth_noise_has_deviation_one_and_no_steps() -> None:
    fields = [smooth_field(np.random.default_rng(seed), 200, 200, 20) for seed in range(20)]
    assert np.std(fields) == pytest.approx(1.0, abs=0.1)
    assert max(np.abs(np.diff(field, axis=0)).max() for field in fields) < 0.5


def test_a_blur_keeps_the_mean_and_stays_in_place() -> None:
    image = np.zeros((41, 31))
    image[20, 15] = 1.0
    spread = blur(image, 2.0)
    rows, columns = np.mgrid[0:41, 0:31]
    assert spread.sum() == pytest.approx(1.0)
    assert ((spread * rows).sum(), (spread * columns).sum()) == pytest.approx((20.0, 15.0))
    assert ((spread * (rows - 20) ** 2).sum()) == pytest.approx(4.0, rel=0.05)


def test_sampling_between_pixels_is_linear_and_stops_at_the_edge() -> None:
    rows, columns = np.mgrid[0:10, 0:12]
    layers = np.stack([rows + 2.0 * columns, -1.0 * rows], axis=-1)
    assert bilinear(layers, np.array([3.25]), np.array([4.5]))[0].tolist() == [11.0, -4.5]
    outside = bilinear(layers, np.array([-9.0]), np.array([99.0]))[0]
    assert outside == pytest.approx(np.array([9.0, -9.0]), abs=0.01)
