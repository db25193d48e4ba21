"""Grains, stripes and losses that every drawn picture may have: for both networks' lessons.

Used by lesson_drawing.py, quality_drawing.py, quality_electronics.py and quality_strangers.py.
Each function draws its random numbers in a fixed order, so that a seed always gives one picture.
"""

import io
from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from greenline.models.training.appearance import MIDDLE
from greenline.models.training.fields import Field

Picture = NDArray[np.float32]
Shape = tuple[int, ...]


def noise(
    rng: np.random.Generator,
    shape: Shape,
    sigma: float,
    edge: Literal["reflect", "wrap"] = "reflect",
) -> Picture:
    """Return noise of deviation 1 with grains of sigma pixels; coarse grains are drawn small.

    edge: what the grains at the edge are smoothed with.
    """
    step = max(1, int(sigma / 3))
    small = tuple(-(-side // step) + 4 for side in shape)
    rough = rng.standard_normal(small, np.float32)
    smooth = ndimage.gaussian_filter(rough, sigma / step, mode=edge)
    smooth /= max(1e-6, float(smooth.std()))
    if step > 1:
        smooth = ndimage.zoom(smooth, step, order=1)
    return np.ascontiguousarray(smooth[: shape[0], : shape[1]])


def stripes(rng: np.random.Generator, shape: Shape) -> Picture:
    """Return stripes of deviation 1, down the picture or across it, as faulty columns give."""
    down = rng.random() < 0.6
    lines = rng.standard_normal(shape[1] if down else shape[0]).astype(np.float32)
    lines = ndimage.gaussian_filter1d(lines, rng.uniform(0.1, 3))
    lines /= max(1e-6, float(lines.std()))
    return np.broadcast_to(lines[None, :] if down else lines[:, None], shape)


def logistic(value: NDArray[np.floating]) -> Picture:
    """Return 0 far below 0, 0.5 at 0, 1 far above."""
    return np.asarray(1 / (1 + np.exp(-np.clip(value, -30, 30))), np.float32)


def moved(picture: Picture, steps: Iterable[float], angle: float) -> list[Picture]:
    """Return a copy of the picture for each step (px) in the direction angle (radians)."""
    way = np.array([np.sin(angle), np.cos(angle)])
    return [ndimage.shift(picture, step * way, order=1, mode="nearest") for step in steps]


def laid_anew(rng: np.random.Generator, x: Field, y: Field, spread: float) -> tuple[Field, Field]:
    """Turn and move places on a finger: where another press on the same glass has them.

    spread: deviation of the move, px.
    """
    angle, shift = rng.uniform(-np.pi, np.pi), rng.normal(0, spread, 2)
    right, down = x - MIDDLE[0], y - MIDDLE[1]
    there_x = right * np.cos(angle) - down * np.sin(angle) + MIDDLE[0] + shift[0]
    there_y = right * np.sin(angle) + down * np.cos(angle) + MIDDLE[1] + shift[1]
    return there_x, there_y


def sixteen_greys(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what is left of the pixels where a sensor sends four bits of each."""
    return (np.clip(np.rint(pixels / 17), 0, 15) * 17).astype(np.uint8)


def through_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return what is left of the pixels after JPEG of a quality of 1 to 95."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
