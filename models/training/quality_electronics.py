"""What a sensor makes of a touch: tones, optics, electronics. Used by quality_drawing.py."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Picture = NDArray[np.float32]


def noise(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Picture:
    """Return noise of deviation 1 with grains of sigma pixels; coarse grains are drawn small."""
    step = max(1, int(sigma / 3))
    small = tuple(-(-side // step) + 4 for side in shape)
    smooth = ndimage.gaussian_filter(rng.standard_normal(small, np.float32), sigma / step)
    smooth /= max(1e-6, float(smooth.std()))
    if step > 1:
        smooth = ndimage.zoom(smooth, step, order=1)
    return np.ascontiguousarray(smooth[: shape[0], : shape[1]])


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
        picture = picture + rng.uniform(1, 8) * _stripes(rng, picture.shape)
    if rng.random() < 0.2:
        specks = noise(rng, picture.shape, rng.uniform(0.7, 1.4)) > rng.uniform(2.8, 3.5)
        picture[specks] += np.float32(rng.normal(0, 60))
    grain = rng.uniform(0.5, 4 + 8 * poor) * rng.standard_normal(picture.shape, np.float32)
    pixels = np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
    if rng.random() < 0.4:  # four bits a pixel
        pixels = (np.clip(np.rint(pixels / 17), 0, 15) * 17).astype(np.uint8)
    if rng.random() < 0.07:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(40, 90)))
        pixels = np.asarray(Image.open(file))
    return pixels


def _stripes(rng: np.random.Generator, shape: tuple[int, ...]) -> Picture:
    down = rng.random() < 0.6
    lines = rng.standard_normal(shape[1] if down else shape[0]).astype(np.float32)
    lines = ndimage.gaussian_filter1d(lines, rng.uniform(0.1, 3))
    lines /= max(1e-6, float(lines.std()))
    return np.broadcast_to(lines[None, :] if down else lines[:, None], shape)
