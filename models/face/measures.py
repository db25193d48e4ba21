"""What is measured of a face, one number each, in the units that quality.py's table names.

Sizes and places come from the detection, light and sharpness from the pixels of the portrait.
Where ISO/IEC 29794-5 has a measure of the name, its formula is followed as far as six points and
no segmentation of the face allow.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.models.face.detection import Face
from greenline.models.face.portrait import (
    EYES_PX,
    EYES_X,
    EYES_Y,
    HEIGHT,
    WIDTH,
    Map,
    Mask,
    Portrait,
    distance,
    middle,
)

# From between the eyes to the chin, in distances from there to the mouth (blazeface.md).
CHIN_BY_MOUTH = 1.67
# How far the nose tip stands out, in eye distances: turns of 10, 20 and 30 degrees read 11, 21, 31.
NOSE_OUT = 0.4
DARK, LIGHT = 25, 247  # luminance up to which a pixel is black, from which it is white
LEAST_PIXELS = 1000  # of background, to say something about it
DEVIATION_BY_MEDIAN = 1.4826  # of normally distributed noise: its deviation, by its median size

ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)


def _ellipse(below: float, across: float, down: float) -> Mask:
    """Return a mask about a point below the eyes' middle; half axes; all in eye distances."""
    x = (COLUMNS - EYES_X) / (across * EYES_PX)
    y = (ROWS - EYES_Y - below * EYES_PX) / (down * EYES_PX)
    result: Mask = x * x + y * y <= 1
    return result


FACE = _ellipse(0.55, 0.95, 1.15)
# Beside and above the head with its hair, down to the chin: below are the shoulders.
BACKGROUND = ~_ellipse(0.0, 1.5, 1.9) & (ROWS < EYES_Y + 1.2 * EYES_PX)


@dataclass(frozen=True)
class Framing:
    """The largest upright 3:4 picture in the middle of a picture: what a portrait would keep."""

    left: float
    top: float
    width: float
    height: float

    @staticmethod
    def of(width: int, height: int) -> "Framing":
        """Return the framing in a picture of this size."""
        inner_height = min(height, width * 4 / 3)
        inner_width = inner_height * 3 / 4
        left, top = (width - inner_width) / 2, (height - inner_height) / 2
        return Framing(left, top, inner_width, inner_height)


def rivalry(faces: tuple[Face, ...]) -> float:
    """Return how large the second face is beside the largest: 0 alone, 1 as large (lengths)."""
    return math.sqrt(faces[1].area / faces[0].area) if len(faces) > 1 else 0.0


def eye_distance(face: Face) -> float:
    """Return the pixels from eye to eye."""
    return distance(face.right_eye, face.left_eye)


def head_size(face: Face, framing: Framing) -> float:
    """Return the distance from between the eyes to the chin, in heights of the framing."""
    to_mouth = distance(middle(face.right_eye, face.left_eye), face.mouth)
    return CHIN_BY_MOUTH * to_mouth / framing.height


def across(face: Face, framing: Framing) -> float:
    """Return where between the framing's left (0) and right (1) border the eyes' middle is."""
    return (middle(face.right_eye, face.left_eye).x - framing.left) / framing.width


def down(face: Face, framing: Framing) -> float:
    """Return where between the framing's upper (0) and lower (1) border the eyes' middle is."""
    return (middle(face.right_eye, face.left_eye).y - framing.top) / framing.height


def roll(face: Face) -> float:
    """Return the degrees by which the head is tilted, clockwise in the picture."""
    right, left = face.right_eye, face.left_eye
    return math.degrees(math.atan2(left.y - right.y, left.x - right.x))


def yaw(face: Face) -> float:
    """Return about how many degrees the head is turned, towards the picture's right border.

    Read from the nose tip's place between the eyes: a rough figure, see the model card.
    """
    eyes = middle(face.right_eye, face.left_eye)
    x, y = face.left_eye.x - face.right_eye.x, face.left_eye.y - face.right_eye.y
    along = ((face.nose.x - eyes.x) * x + (face.nose.y - eyes.y) * y) / (x * x + y * y)
    return math.degrees(math.atan(along / NOSE_OUT))


def sharpness(portrait: Portrait) -> float:
    """Return the fine detail of the face beside its contrast: about 0.13 sharp, 0.02 blurred.

    Detail is the Laplacian of the smoothed grey. What it has everywhere alike is the noise of the
    sensor and is taken off: it would make a dark, blurred picture look sharp.
    """
    shown = FACE & portrait.inside
    if not shown.any():
        return 0.0
    grey = _smoothed(_smoothed(portrait.grey).T).T
    detail = np.zeros_like(portrait.grey)
    detail[2:-2, 2:-2] = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1]
    detail[2:-2, 2:-2] -= grey[1:-1, :-2] + grey[1:-1, 2:]
    noise = DEVIATION_BY_MEDIAN * float(np.median(np.abs(detail[shown])))
    contrast = max(1.0, float(portrait.grey[shown].std()))
    return math.sqrt(max(0.0, float(detail[shown].var()) - noise * noise)) / contrast


def darkness(portrait: Portrait) -> float:
    """Return the share of the face that is black, 0 to 1."""
    return float(_histogram(portrait, FACE)[: DARK + 1].sum())


def glare(portrait: Portrait) -> float:
    """Return the share of the face that is white, 0 to 1."""
    return float(_histogram(portrait, FACE)[LIGHT:].sum())


def dynamic_range(portrait: Portrait) -> float:
    """Return the entropy of the face's luminance, 0 to 8 bits."""
    shares = _histogram(portrait, FACE)
    present = shares[shares > 0]
    return float(-(present * np.log2(present)).sum())


def even_light(portrait: Portrait) -> float:
    """Return how much of the luminance both cheeks have in common, 0 to 1."""
    side = int(0.3 * EYES_PX)
    top = EYES_Y + int(portrait.eyes_to_mouth / 2)
    cheeks = []
    for left in (EYES_X - EYES_PX // 2 - side, EYES_X + EYES_PX // 2):
        cheek = np.zeros_like(FACE)
        cheek[top : top + side, left : left + side] = True
        cheeks.append(_histogram(portrait, cheek))
    return float(np.minimum(*cheeks).sum())


def background(portrait: Portrait) -> float | None:
    """Return how strongly the background changes (mean Scharr gradient); None: too little seen."""
    seen = BACKGROUND & portrait.inside
    if np.count_nonzero(seen) < LEAST_PIXELS:
        return None
    light = portrait.luminance.astype(np.float32)
    change = np.zeros_like(light)
    rows, columns = _weighted(light), _weighted(light.T).T
    change[1:-1, 1:-1] = np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2])
    return float(change[seen].mean())


def _smoothed(grey: Map) -> Map:
    """Return 1, 2 and 1 parts of each three rows below each other."""
    result: Map = (grey[:-2] + 2 * grey[1:-1] + grey[2:]) / np.float32(4)
    return result


def _weighted(light: Map) -> Map:
    """Return 3, 10 and 3 parts of each three rows below each other (Scharr's weights)."""
    result: Map = 3 * light[:-2] + 10 * light[1:-1] + 3 * light[2:]
    return result


def _histogram(portrait: Portrait, where: Mask) -> NDArray[np.float64]:
    values = portrait.luminance[where & portrait.inside]
    return np.bincount(values, minlength=256) / max(1, values.size)
