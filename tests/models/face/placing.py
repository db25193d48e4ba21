"""Puts a face of known place and size into pictures: near, far, beside the middle, tilted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
GREY = (128, 128, 128)
# In the picture of 512x512 pixels, by hand: between the eyes, and from eye to eye.
EYES_X, EYES_Y, EYES_PX = 225.0, 103.2, 44.1


@dataclass(frozen=True)
class Sitter:
    """The astronaut's picture."""

    pixels: Pixels

    def at(
        self,
        eyes_px: float,
        *,
        width: int = 960,
        height: int = 720,
        x: float = 0.5,
        y: float = 0.42,
        tilt: float = 0.0,
    ) -> Pixels:
        """Return a picture with eyes_px from eye to eye, and their middle at x, y (shares of it).

        tilt: degrees clockwise.
        """
        scale = eyes_px / EYES_PX
        side = round(self.pixels.shape[0] * scale)
        filter_ = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC
        placed = Image.new("RGB", (width, height), GREY)
        corner = (round(x * width - EYES_X * scale), round(y * height - EYES_Y * scale))
        placed.paste(Image.fromarray(self.pixels).resize((side, side), filter_), corner)
        eyes = (x * width, y * height)
        turned = placed.rotate(-tilt, Image.Resampling.BICUBIC, center=eyes, fillcolor=GREY)
        return np.asarray(turned)


def brighter(pixels: Pixels, factor: float) -> Pixels:
    return np.clip(pixels.astype(np.float32) * factor, 0, 255).astype(np.uint8)


def blurred(pixels: Pixels, radius_px: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius_px)))


def moved(pixels: Pixels, px: int) -> Pixels:
    """Blur along the rows, as a head that turns away while the shutter is open."""
    steps = [np.roll(pixels, step - px // 2, axis=1).astype(np.float32) for step in range(px)]
    return np.mean(steps, axis=0).astype(np.uint8)


def noisy(pixels: Pixels, levels: float) -> Pixels:
    noise = np.random.default_rng(1).normal(0, levels, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def lit_from_the_left(pixels: Pixels) -> Pixels:
    light = np.linspace(1.6, -0.2, pixels.shape[1])[np.newaxis, :, np.newaxis]
    return np.clip(pixels * light, 0, 255).astype(np.uint8)


def nose_pushed(pixels: Pixels, px: float, reach: float) -> Pixels:
    """Stretch one half of the picture's middle and press the other: a crude turn of the head."""
    width = pixels.shape[1]
    middle = width / 2
    points = [0, middle - reach, middle + px, middle + reach, width - 1]
    source = np.interp(np.arange(width), points, [0, middle - reach, middle, *points[3:]])
    result: Pixels = pixels[:, np.rint(source).astype(int)]
    return result


def side_by_side(left: Pixels, right: Pixels) -> Pixels:
    return np.concatenate((left, right), axis=1)
