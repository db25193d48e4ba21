"""What a sensor makes of a touch: tones, optics, electronics. Used by quality_drawing.py."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from greenline.models.training.textures import (
    Picture,
    noise,
    sixteen_greys,
    stripes,
    through_jpeg,
)


def develop(
    rng: np.random.Generator,
    poor: float,
    touch: Picture,
    pressed: Picture,
    wet: Picture,
    ink: Picture,
) -> NDArray[np.uint8]:
    """Return the picture. touch: 0 to 1; pressed: where skin is near; ink: what lay there before.

    poor: 0 to 1, how noisy and flat.
    """
    shape = touch.shape
    ground = rng.uniform(200, 255) if rng.random() < 0.65 else rng.uniform(90, 200)
    flat = 0.5 * poor * rng.random()
    contrast = (rng.uniform(0.2, 1) if rng.random() < 0.35 else rng.uniform(0.55, 1)) - flat
    depth = ground * max(0.15, contrast)
    # Water between the ridges carries light away as skin does.
    valley = depth * np.clip(rng.uniform(0, 0.3) + 0.5 * wet, 0, 0.8)
    uneven = 1 - rng.uniform(0, 0.25) * np.clip(0.5 + 0.5 * noise(rng, shape, 35), 0, 1)
    dark = pressed * (valley + touch * (depth * uneven - valley))
    picture = ground - np.maximum(dark, 0.8 * depth * ink + 0.6 * dark)
    picture = np.where(ink > 0, picture, ground - dark)
    if rng.random() < 0.5:
        picture = picture + rng.uniform(2, 16) * noise(rng, shape, rng.uniform(50, 110))
    return electronics(rng, poor, picture.astype(np.float32))


def electronics(rng: np.random.Generator, poor: float, picture: Picture) -> NDArray[np.uint8]:
    """Return what optics and electronics make of tones: blur, noise, stripes, few grey levels."""
    picture = ndimage.gaussian_filter(picture, rng.uniform(0.3, 1.1 + 0.5 * poor))
    if rng.random() < 0.2:
        blurred = ndimage.gaussian_filter(picture, 2.0)
        picture = picture + rng.uniform(0.3, 1.2) * (picture - blurred)
    if rng.random() < 0.25:
        picture = picture + rng.uniform(1, 8) * stripes(rng, picture.shape)
    if rng.random() < 0.2:
        specks = noise(rng, picture.shape, rng.uniform(0.7, 1.4)) > rng.uniform(2.8, 3.5)
        picture[specks] += np.float32(rng.normal(0, 60))
    grain = rng.uniform(0.5, 4 + 8 * poor) * rng.standard_normal(picture.shape, np.float32)
    pixels = np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        pixels = sixteen_greys(pixels)
    if rng.random() < 0.07:
        pixels = through_jpeg(pixels, int(rng.integers(40, 90)))
    return pixels
