"""The face cut out of its picture, upright and of one size, so that pixels can be compared.

Its size is about that of the aligned picture in ISO/IEC 29794-5, from which the limits for light
and background come: the eyes 81 pixels apart, 2.2 eye distances to either side.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.models.face.detection import Face, Point

EYES_PX = 81
WIDTH, HEIGHT = 356, 364
EYES_X, EYES_Y = 178, 194  # the middle between the eyes

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Portrait:
    """Upright cut-out of one face, all (364, 356).

    grey: as the camera gives it, 0-255. luminance: the light itself (linear), rounded, 0-255.
    inside: where the picture has pixels. eyes_to_mouth: pixels.
    """

    grey: Map
    luminance: NDArray[np.uint8]
    inside: Mask
    eyes_to_mouth: float


def cut_portrait(picture: Image.Image, face: Face) -> Portrait | None:
    """Cut the face out of its colour picture; None when its eyes coincide."""
    across, down = face.left_eye.x - face.right_eye.x, face.left_eye.y - face.right_eye.y
    eyes_px = math.hypot(across, down)
    if eyes_px < 1:
        return None
    # A picture much finer than the portrait is reduced first: skipped pixels would look sharp.
    step = max(1, int(eyes_px // EYES_PX))
    left, top, part = _around(picture, middle(face.right_eye, face.left_eye), 3.5 * eyes_px, step)
    eyes = middle(face.right_eye, face.left_eye)
    cosine, sine = across / EYES_PX / step, down / EYES_PX / step
    x0 = (eyes.x - left) / step - cosine * EYES_X + sine * EYES_Y
    y0 = (eyes.y - top) / step - sine * EYES_X - cosine * EYES_Y
    matrix = (cosine, -sine, x0, sine, cosine, y0)
    cut = part.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    whole = Image.new("L", part.size, 255)
    inside = whole.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix)
    return Portrait(
        np.asarray(cut.convert("L"), np.float32),
        _luminance(np.asarray(cut)),
        np.asarray(inside) > 0,
        distance(eyes, face.mouth) / eyes_px * EYES_PX,
    )


def middle(one: Point, other: Point) -> Point:
    """Return the point half way between two."""
    return Point((one.x + other.x) / 2, (one.y + other.y) / 2)


def distance(one: Point, other: Point) -> float:
    """Return the pixels from one point to another."""
    return math.hypot(one.x - other.x, one.y - other.y)


def _around(
    picture: Image.Image, centre: Point, reach: float, step: int
) -> tuple[int, int, Image.Image]:
    """Return left, top and the part of the picture around a point, reduced by step."""
    left, top = max(0, int(centre.x - reach)), max(0, int(centre.y - reach))
    right = max(left + 1, min(picture.width, math.ceil(centre.x + reach)))
    bottom = max(top + 1, min(picture.height, math.ceil(centre.y + reach)))
    part = picture.crop((left, top, right, bottom))
    return left, top, part.reduce(step) if step > 1 else part


def _linear() -> NDArray[np.float32]:
    """Return the light that each sRGB value stands for, 0 to 1: IEC 61966-2-1."""
    value = np.arange(256) / 255
    light = np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)
    return light.astype(np.float32)


def _luminance(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    weights = np.array((0.2126, 0.7152, 0.0722), np.float32) * 255
    light = _linear()[pixels] @ weights
    result: NDArray[np.uint8] = np.floor(light + np.float32(0.5)).astype(np.uint8)
    return result
