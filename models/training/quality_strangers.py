"""Draws what lies on a sensor and is no finger: nothing, cloth, lines of a palm, things, noise."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from greenline.models.training.fingers import Finger
from greenline.models.training.quality_drawing import draw_residue
from greenline.models.training.quality_electronics import electronics
from greenline.models.training.textures import Picture, noise

Shape = tuple[int, int]


def draw_stranger(
    rng: np.random.Generator, other: Finger, size: Shape
) -> tuple[NDArray[np.uint8], str]:
    """Return a picture of size (height, width) without a finger, and what it shows.

    other: whose print may still lie on the glass.
    """
    name = str(rng.choice(list(STRANGERS)))
    dark = residue(rng, other, size) if name == RESIDUE else STRANGERS[name](rng, size)
    ground = rng.uniform(200, 255) if rng.random() < 0.7 else rng.uniform(90, 200)
    depth = ground * rng.uniform(0.25, 1)
    picture = ground - depth * dark
    if rng.random() < 0.6:
        picture = picture + rng.uniform(2, 16) * noise(rng, size, rng.uniform(50, 110))
    return electronics(rng, float(rng.random()), picture.astype(np.float32)), name


def residue(rng: np.random.Generator, other: Finger, size: Shape) -> Picture:
    """Return the faint print of a finger that has been lifted."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float64)
    ridges = draw_residue(rng, other, x + 168 - width / 2, y + 226 - height / 2)
    return np.asarray(rng.uniform(0.03, 0.12) * ridges, np.float32)


def _nothing(rng: np.random.Generator, size: Shape) -> Picture:
    return np.asarray(rng.uniform(0, 0.1) * noise(rng, size, rng.uniform(10, 60)), np.float32)


def _black(rng: np.random.Generator, size: Shape) -> Picture:
    return np.asarray(1 - rng.uniform(0, 0.1) * noise(rng, size, rng.uniform(10, 60)), np.float32)


def _grease(rng: np.random.Generator, size: Shape) -> Picture:
    spots = noise(rng, size, rng.uniform(4, 30)) > rng.uniform(0, 1.5)
    return np.asarray(spots * rng.uniform(0.2, 1), np.float32)


def _grating(rng: np.random.Generator, size: Shape, angle: float) -> Picture:
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    period = rng.uniform(4, 20)
    across = x * np.cos(angle) + y * np.sin(angle) + rng.uniform(0, 2) * noise(rng, size, 30)
    return np.asarray(0.5 + 0.5 * np.cos(2 * np.pi * across / period), np.float32)


def _stripes(rng: np.random.Generator, size: Shape) -> Picture:
    return _grating(rng, size, rng.uniform(0, np.pi))


def _cloth(rng: np.random.Generator, size: Shape) -> Picture:
    angle = rng.uniform(0, np.pi)
    warp, weft = _grating(rng, size, angle), _grating(rng, size, angle + np.pi / 2)
    woven = warp * weft if rng.random() < 0.5 else np.maximum(warp, weft)
    return np.asarray(woven + 0.15 * noise(rng, size, 2), np.float32)


def _white_noise(rng: np.random.Generator, size: Shape) -> Picture:
    return np.asarray(0.5 + 0.25 * noise(rng, size, rng.uniform(0.4, 1.5)), np.float32)


def _noise_as_wide_as_ridges(rng: np.random.Generator, size: Shape) -> Picture:
    """Return the frequency of a finger without its flow."""
    across, down = np.fft.fftfreq(size[1]), np.fft.fftfreq(size[0])[:, None]
    band = np.abs(np.hypot(across, down) - 1 / rng.uniform(7, 12)) < rng.uniform(0.008, 0.03)
    wave = np.fft.ifft2(np.fft.fft2(rng.standard_normal(size)) * band).real
    return np.asarray(np.clip(0.5 + 0.3 * wave / wave.std(), 0, 1), np.float32)


def _palm(rng: np.random.Generator, size: Shape) -> Picture:
    """Return many fine lines that cross, and a few broad ones: skin without ridges."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    tone = np.clip(0.6 + 0.2 * noise(rng, size, 25) + 0.1 * noise(rng, size, 2), 0, 1)
    for _ in range(int(rng.integers(8, 40))):
        angle = rng.normal(0.4, 0.6)
        across = (x - rng.uniform(0, size[1])) * np.sin(angle)
        across = across + (y - rng.uniform(0, size[0])) * np.cos(angle)
        across = across + 6 * np.sin(x / rng.uniform(20, 80))
        tone = tone * (1 - rng.uniform(0.3, 1) * np.exp(-0.5 * (across / rng.uniform(0.7, 3)) ** 2))
    return np.asarray(tone, np.float32)


def _thing(rng: np.random.Generator, size: Shape) -> Picture:
    """Return boxes and rounds with hard edges, as of a ring, a coin, a printed page."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    tone = np.zeros(size, np.float32)
    small = rng.random() < 0.5
    for _ in range(int(rng.integers(60, 200) if small else rng.integers(1, 6))):
        half = rng.uniform(1, 8, 2) if small else rng.uniform(15, 120, 2)
        right, down = (
            (x - rng.uniform(0, size[1])) / half[0],
            (y - rng.uniform(0, size[0])) / half[1],
        )
        square = (
            np.maximum(np.abs(right), np.abs(down)) if rng.random() < 0.6 else np.hypot(right, down)
        )
        tone = np.where(square < 1, np.float32(rng.uniform(0.1, 1)), tone)
    return np.asarray(tone, np.float32)


RESIDUE = "residue"
STRANGERS: dict[str, Callable[[np.random.Generator, Shape], Picture]] = {
    "nothing": _nothing,
    RESIDUE: _nothing,  # drawn by residue(), which needs a finger
    "black": _black,
    "grease": _grease,
    "stripes": _stripes,
    "cloth": _cloth,
    "noise": _white_noise,
    "noise as wide as ridges": _noise_as_wide_as_ridges,
    "palm": _palm,
    "thing": _thing,
}
"""By what they show."""
