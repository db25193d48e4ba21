"""A first judgement of a frame, in milliseconds, before a network is asked: is it worth sending?

The kiosk uses it to ask for another press and to say why. The score is our own: the area on
which ridges run clearly in one direction (coherence of the structure tensor: Bazen and Gerez,
"Systematic methods for the computation of the directional fields", 2002). It is not NFIQ 2.
"""

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from greenline.prints.frame import Frame

ALGORITHM = "greenline-gradient-1"

BLOCK = 16 / 500  # inches: two ridges
STRUCTURE = 10.0  # grey levels of standard deviation; a blank 16-level picture flickers by 8.5
COHERENCE = 0.35  # white noise has 0.1, clear ridges 0.6-0.9
PERIOD = (5 / 500, 16 / 500)  # inches between ridges, with a margin for a crude estimate
ONE_DIRECTION = 0.95  # a finger's ridges bend: 0.81 is the straightest of 320 FVC2002 prints
FINGER_MM2 = 20.0
RIDGES_SHARE = 0.05  # white noise has 0, the worst of 320 FVC2002 prints 0.02
ENOUGH_MM2 = 65.0  # 8 x 8 mm; the smallest sensor we know shows 9.6 x 9.6 mm
FAINT = 15.0  # grey levels of standard deviation
DARK = 64.0  # mean grey of a block without structure: ridges and valleys run together
DARK_SHARE = 0.25
SCORE_PER_MM2 = 0.4  # 250 mm2 of perfectly clear ridges, more than most sensors show, make 100

Grid = NDArray[np.float32]


class Reason(Enum):
    """What is wrong with a press, in the words of the field."""

    NO_FINGER = "no finger"
    NOT_A_FINGER = "not a finger"
    TOO_LITTLE_AREA = "too little of the finger"
    OFF_CENTRE = "off centre"
    TOO_DRY = "too dry"
    TOO_WET = "too wet or pressed"
    SMUDGED = "smudged or moving"
    RESIDUE = "residue or a dirty sensor"
    TOO_FAINT = "too faint"
    TOO_DARK = "too dark"


@dataclass(frozen=True)
class Quality:
    """score: 0 (useless) to 100, by the algorithm named; reasons: what to mend, may be none.

    blocks: the same for each 16x16 pixels of the picture at 500 dpi, for the live picture; None
    from an algorithm that has no map. It counts for nothing when two judgements are compared.
    """

    score: int
    reasons: tuple[Reason, ...]
    algorithm: str = ALGORITHM
    blocks: NDArray[np.uint8] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class _Blocks:
    """Per block of the picture: grey mean, its deviation, ridge coherence, ridges or not."""

    mean: Grid
    deviation: Grid
    coherence: Grid
    angle: Grid
    ridges: NDArray[np.bool_]
    mm2: float

    @property
    def structured(self) -> NDArray[np.bool_]:
        return self.deviation > STRUCTURE

    def area(self, which: NDArray[np.bool_]) -> float:
        return float(np.count_nonzero(which)) * self.mm2


def judge(frame: Frame) -> Quality:
    """Judge one frame. Takes a few milliseconds for 256x288 pixels."""
    blocks = _measure(frame)
    if blocks.area(blocks.structured) < FINGER_MM2:
        dark = bool(blocks.mean.mean() < DARK) if blocks.mean.size else False
        return Quality(0, (Reason.NO_FINGER, Reason.TOO_DARK) if dark else (Reason.NO_FINGER,))
    if not _bends_like_a_finger(blocks):
        return Quality(0, (Reason.NOT_A_FINGER,))
    clear_mm2 = float(blocks.coherence[blocks.ridges].sum()) * blocks.mm2
    return Quality(min(100, round(SCORE_PER_MM2 * clear_mm2)), _complaints(blocks))


def _bends_like_a_finger(blocks: _Blocks) -> bool:
    ridges = blocks.area(blocks.ridges)
    if ridges < RIDGES_SHARE * blocks.area(blocks.structured):
        return False
    return bool(abs(np.exp(1j * blocks.angle[blocks.ridges]).mean()) < ONE_DIRECTION)


def _complaints(blocks: _Blocks) -> tuple[Reason, ...]:
    finger = blocks.area(blocks.structured)
    flooded = blocks.area(~blocks.structured & (blocks.mean < DARK))
    complaints = {
        Reason.TOO_LITTLE_AREA: finger < ENOUGH_MM2,
        Reason.TOO_FAINT: bool(blocks.deviation[blocks.ridges].mean() < FAINT),
        Reason.TOO_DARK: flooded > DARK_SHARE * finger,
    }
    return tuple(reason for reason, true in complaints.items() if true)


def _measure(frame: Frame) -> _Blocks:
    side = max(4, round(BLOCK * frame.dpi))
    grey = frame.pixels.astype(np.float32)
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, 1:-1] = (grey[:, 2:] - grey[:, :-2]) / 2
    down[1:-1] = (grey[2:] - grey[:-2]) / 2
    mean = _block_means(grey, side)
    variance = np.maximum(_block_means(grey * grey, side) - mean * mean, 0)
    xx, yy, xy = (_block_means(a, side) for a in (across * across, down * down, across * down))
    # A sine of period T has (2 pi / T)^2 times as much power in its gradient as in itself.
    period = 2 * math.pi * np.sqrt(variance / (xx + yy + np.float32(1e-6))) / frame.dpi
    coherence, angle = _direction(xx, yy, xy)
    deviation = np.sqrt(variance)
    ridges = (deviation > STRUCTURE) & (coherence > COHERENCE)
    ridges &= (period > PERIOD[0]) & (period < PERIOD[1])
    return _Blocks(mean, deviation, coherence, angle, ridges, (side / frame.dpi * 25.4) ** 2)


def _direction(xx: Grid, yy: Grid, xy: Grid) -> tuple[Grid, Grid]:
    """Return coherence (0-1) and doubled angle of the structure tensor, over 3x3 blocks.

    Over single blocks filtered noise looks like ridges; real ridges go on into the next block.
    """
    xx, yy, xy = _smooth(xx), _smooth(yy), _smooth(xy)
    length = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    return length / (xx + yy + np.float32(1e-6)), np.arctan2(2 * xy, xx - yy)


def _smooth(grid: Grid) -> Grid:
    padded = np.pad(grid, 1)
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    result: Grid = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]
    return result


def _block_means(values: Grid, side: int) -> Grid:
    rows, columns = values.shape[0] // side, values.shape[1] // side
    whole = values[: rows * side, : columns * side]
    result: Grid = whole.reshape(rows, side, columns, side).mean(axis=(1, 3))
    return result
