"""Textures of drawn pictures: of the strength and kind that their callers count on."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="lessons are drawn with SciPy (extra 'train-network')")

from greenline.models.training.textures import (
    laid_anew,
    logistic,
    moved,
    noise,
    sixteen_greys,
    stripes,
    through_jpeg,
)

SHAPE = (120, 90)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.mark.parametrize("sigma", [0.6, 2.0, 9.0])
def test_noise_has_deviation_1_and_grains_of_the_size_asked_for(
    rng: np.random.Generator, sigma: float
) -> None:
    drawn = noise(rng, (400, 400), sigma)
    assert (drawn.shape, drawn.dtype) == ((400, 400), np.float32)
    assert drawn.std() == pytest.approx(1, abs=0.1)
    # Two neighbours of noise smoothed by a Gaussian differ by about 1 / sigma / sqrt(2) of it.
    likeness = np.corrcoef(drawn[:, 1:].ravel(), drawn[:, :-1].ravel())[0, 1]
    assert likeness == pytest.approx(np.exp(-1 / (4 * sigma**2)), abs=0.08)


def test_the_edge_says_what_noise_is_smoothed_with_and_nothing_else() -> None:
    one = noise(np.random.default_rng(4), SHAPE, 2.0)
    other = noise(np.random.default_rng(4), SHAPE, 2.0, edge="wrap")
    middle = slice(20, -20), slice(20, -20)
    assert np.corrcoef(one[middle].ravel(), other[middle].ravel())[0, 1] > 0.999
    assert np.abs(one[0] - other[0]).max() > 0.1


def test_stripes_run_straight_through_the_picture_either_way(rng: np.random.Generator) -> None:
    ways = set()
    for _ in range(12):
        drawn = stripes(rng, SHAPE)
        assert drawn.shape == SHAPE
        down, across = (drawn == drawn[:1]).all(), (drawn == drawn[:, :1]).all()
        assert down != across
        ways.add(bool(down))
    assert ways == {True, False}


def test_the_logistic_curve_is_a_half_at_0_and_never_overflows() -> None:
    values = logistic(np.array([-1e9, 0, 1e9], np.float32))
    np.testing.assert_allclose(values, (0, 0.5, 1), atol=1e-6)


def test_copies_are_moved_by_their_steps_along_the_angle() -> None:
    dot = np.zeros(SHAPE, np.float32)
    dot[60, 45] = 1
    right, down = moved(dot, [7], 0.0)[0], moved(dot, [7], np.pi / 2)[0]
    assert np.unravel_index(right.argmax(), SHAPE) == (60, 52)
    assert np.unravel_index(down.argmax(), SHAPE) == (67, 45)


def test_a_press_laid_anew_is_turned_and_moved_but_not_stretched(rng: np.random.Generator) -> None:
    x, y = np.array([10.0, 40.0, 10.0]), np.array([5.0, 5.0, 45.0])
    there_x, there_y = laid_anew(rng, x, y, 30.0)
    before = np.hypot(np.diff(x), np.diff(y))
    np.testing.assert_allclose(np.hypot(np.diff(there_x), np.diff(there_y)), before)
    assert np.hypot(there_x - x, there_y - y).min() > 1


def test_four_bits_a_pixel_leave_sixteen_greys() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    left = sixteen_greys(pixels)
    assert len(np.unique(left)) == 16
    assert np.abs(left.astype(int) - pixels).max() <= 8


def test_jpeg_changes_the_pixels_a_little(rng: np.random.Generator) -> None:
    pixels = (128 + 40 * noise(rng, SHAPE, 3)).clip(0, 255).astype(np.uint8)
    back = through_jpeg(pixels, 60)
    assert (back.shape, back.dtype) == (SHAPE, np.uint8)
    assert 0 < np.abs(back.astype(int) - pixels).mean() < 8
