"""A print that is drawn, so that its minutiae are known: what a minutiae network is tested on.

Rings, on which a ridge begins wherever the phase turns once about a point (Larkin and Fletcher,
"A coherent framework for fingerprint analysis", 2007). Used by self_test.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.models.errors import ModelFileError

PERIOD = 9.0  # px from ridge to ridge at 500 dpi
MINUTIAE = 8
NEAR_PX = 4.0
NEAR_DEG = 20.0
CORE_PX = 12.0  # about the rings' middle, where it is a matter of taste whether a ridge ends
MOST_FALSE = 2

Points = NDArray[np.float64]
"""(n, 3): x, y in pixels, y down; direction in radians, counter-clockwise on the screen."""


@dataclass(frozen=True, eq=False)
class DrawnPrint:
    """A picture, uint8 (height, width), dark ridges; its minutiae; the middle of its rings."""

    pixels: NDArray[np.uint8]
    minutiae: Points
    core: tuple[float, float]


def draw_print(height: int, width: int) -> DrawnPrint:
    """Draw rings with minutiae about their middle, one in each eighth of a turn."""
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    eighths = np.arange(MINUTIAE)
    turns = np.where(eighths % 2, -1, 1)  # as many one way as the other, or the rings spiral
    angle = 2 * np.pi * (eighths + 0.3) / MINUTIAE
    radius = min(height, width) * np.where(eighths // 2 % 2, 0.29, 0.37)
    x, y = middle_x + radius * np.cos(angle), middle_y + radius * np.sin(angle)
    row, column = np.mgrid[:height, :width].astype(np.float64)
    phase = 2 * np.pi * np.hypot(column - middle_x, row - middle_y) / PERIOD
    for at_x, at_y, turn in zip(x, y, turns, strict=True):
        phase += turn * np.arctan2(row - at_y, column - at_x)
    # The ridge runs square to the ray from the middle; to which side there is one ridge more is
    # told by the sign of the turn (the convention is that of training/residues.py).
    direction = np.arctan2(x - middle_x, y - middle_y) + np.where(turns > 0, 0, np.pi)
    pixels = np.rint(140 + 90 * np.cos(phase)).astype(np.uint8)
    points = np.stack((x, y, np.mod(direction, 2 * np.pi)), axis=1)
    return DrawnPrint(pixels, points, (middle_x, middle_y))


def judge_minutiae(name: str, drawn: DrawnPrint, found: Points) -> str:
    """Return in words how well what was found is what was drawn.

    name: of the model file. Raises ModelFileError when it is not.
    """
    away, turned, nearest = _differences(drawn.minutiae, found)
    good = (away <= NEAR_PX) & (turned <= NEAR_DEG)
    if not good.all():
        raise ModelFileError(
            f"{name} finds {np.count_nonzero(good)} of the {MINUTIAE} minutiae of a drawn print: "
            "install again"
        )
    outside = np.hypot(found[:, 0] - drawn.core[0], found[:, 1] - drawn.core[1]) > CORE_PX
    false = np.count_nonzero(np.delete(outside, np.unique(nearest)))
    if false > MOST_FALSE:
        raise ModelFileError(
            f"{name} finds {false} minutiae that a drawn print does not have: install again"
        )
    return (
        f"{MINUTIAE} of {MINUTIAE} minutiae within {away.max():.1f} px and "
        f"{turned.max():.0f} degrees, {false} false"
    )


def _differences(drawn: Points, found: Points) -> tuple[Points, Points, NDArray[np.intp]]:
    """Return for each drawn one how far off the nearest found is (px, degrees), and which it is."""
    if not len(found):
        none = np.full(len(drawn), np.inf)
        return none, none, np.zeros(0, np.intp)
    apart = np.hypot(drawn[:, :1] - found[:, 0], drawn[:, 1:2] - found[:, 1])
    nearest = apart.argmin(axis=1)
    turn = np.angle(np.exp(1j * (found[nearest, 2] - drawn[:, 2])))
    return apart.min(axis=1), np.abs(np.degrees(turn)), nearest
