"""What the upper rows of a picture say of the whole one, while a slow sensor still sends the rest.

The gradient score (quality.py) adds up clear ridges, so that the rows that have come give a part
of the final score and the rows to come can add only so much. How much that is at most, per square
millimetre, was measured on synthetic prints and on DB1 and DB2 of FVC2002: in 99 of 100 cases not
more (bench/early_quality.py --calibrate). Where fewer than 150 cases were seen it is what perfectly
clear ridges would add, a true bound.

The network's score (quality_network.py) has no bounds here: a strip of 20 mm2 can bring a whole
picture the usual minimum, so that none is hopeless before its last rows (docs/drivers.md).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from greenline.models.quality import (
    ALGORITHM,
    BLOCK,
    FINGER_MM2,
    SCORE_PER_MM2,
    Quality,
    Reason,
)
from greenline.prints.frame import Frame

Judge = Callable[[Frame], Quality]

PARTS = 8  # of a picture's rows; the tables below have a line for each but the last
BLANK = 0


@dataclass(frozen=True)
class Growth:
    """How much a score can still grow, by the square millimetres to come.

    most: of all. uncounted_mm2: of ridges that count for nothing as long as no finger is seen.
    classes: limits of what the latest quarter of the picture's height scores by the mm2. measured:
    after 1/8 ... 7/8 of the rows, by what that quarter shows: nothing, then the classes.
    """

    most: float
    uncounted_mm2: float
    classes: tuple[float, ...]
    measured: tuple[tuple[float, ...], ...]


GROWTH = {
    ALGORITHM: Growth(
        most=SCORE_PER_MM2,  # on perfectly clear ridges: a true bound
        uncounted_mm2=FINGER_MM2,
        classes=(0.08, 0.13, 0.18, 0.23),
        measured=(
            (0.31, 0.40, 0.40, 0.40, 0.40, 0.40),
            (0.27, 0.40, 0.25, 0.26, 0.29, 0.34),
            (0.30, 0.40, 0.24, 0.27, 0.29, 0.35),
            (0.29, 0.40, 0.25, 0.29, 0.31, 0.34),
            (0.30, 0.40, 0.25, 0.28, 0.30, 0.35),
            (0.29, 0.40, 0.26, 0.29, 0.30, 0.38),
            (0.29, 0.40, 0.22, 0.27, 0.32, 0.38),
        ),
    )
}
"""By the algorithm that judges; a picture judged by any other is never called hopeless."""

# Of half a picture these say no more than that it is half a picture.
_OF_THE_MISSING_ROWS = frozenset({Reason.TOO_LITTLE_AREA, Reason.NO_FINGER})


class Outlook(Enum):
    """What may still become of a picture."""

    GOING_WELL = "good enough already"
    OPEN = "may become good enough"
    HOPELESS = "cannot become good enough"


@dataclass(frozen=True)
class Forecast:
    """What the rows so far promise. so_far: their quality; at_most: the highest final score.

    reason: what to mend, when it is hopeless.
    """

    outlook: Outlook
    so_far: Quality
    at_most: int
    reason: Reason | None = None

    @property
    def told(self) -> Quality:
        """What is said of a hopeless picture: the score of its rows, and the one thing to mend."""
        reasons = self.so_far.reasons if self.reason is None else (self.reason,)
        return Quality(self.so_far.score, reasons, self.so_far.algorithm)


def forecast(rows: Frame, height: int, minimum: int, judge: Judge) -> Forecast:
    """Say whether a picture can still reach the minimum score. Takes as long as judging it whole.

    rows: its upper rows; height: how many it will have. A judge whose algorithm was not measured
    here gives no hopeless picture.
    """
    part = min(PARTS - 1, rows.height * PARTS // height)
    rows = whole_blocks(rows)
    so_far = judge(rows)
    if so_far.score >= minimum:
        return Forecast(Outlook.GOING_WELL, so_far, 100)
    growth = GROWTH.get(so_far.algorithm)
    if growth is None or not part:
        return Forecast(Outlook.OPEN, so_far, 100)
    at_most = _at_most(growth, rows, height, part, so_far, judge)
    if at_most >= minimum:
        return Forecast(Outlook.OPEN, so_far, at_most)
    return Forecast(Outlook.HOPELESS, so_far, at_most, _reason(so_far))


def whole_blocks(rows: Frame) -> Frame:
    """Leave out the last rows that do not make up a whole block: no judge counts them yet."""
    count = rows.height - rows.height % round(BLOCK * rows.dpi)
    return Frame(rows.pixels[:count], rows.dpi, rows.grey_levels) if count else rows


def rows_mm2(rows: Frame, count: int) -> float:
    """Return the area of so many rows of a picture, in square millimetres."""
    return count * rows.width * (25.4 / rows.dpi) ** 2


def to_come_mm2(rows: Frame, height: int) -> float:
    """Return the area that will count in a picture of this height besides these whole blocks."""
    return rows_mm2(rows, max(0, height - height % round(BLOCK * rows.dpi) - rows.height))


def highest_so_far(growth: Growth, quality: Quality, area_mm2: float) -> float:
    """Return the score that these rows will at most have in the whole picture.

    Where the judge saw no finger, or not one's bends, it did not count what ridges there are.
    """
    if Reason.NOT_A_FINGER in quality.reasons:
        return growth.most * area_mm2
    if Reason.NO_FINGER in quality.reasons:
        return growth.most * min(area_mm2, growth.uncounted_mm2)
    return float(quality.score)


def clearness_class(growth: Growth, rows: Frame, height: int, judge: Judge) -> int | None:
    """Return the column of growth for what the latest rows show; None: they may be anything."""
    latest = rows.pixels[-max(1, height // 4) :]
    window = judge(Frame(latest, rows.dpi, rows.grey_levels))
    if Reason.NOT_A_FINGER in window.reasons:
        return None
    if Reason.NO_FINGER in window.reasons:
        return BLANK
    clear = window.score / rows_mm2(rows, len(latest))
    return 1 + sum(clear >= limit for limit in growth.classes)


def _at_most(
    growth: Growth, rows: Frame, height: int, part: int, so_far: Quality, judge: Judge
) -> int:
    column = clearness_class(growth, rows, height, judge)
    further = growth.most if column is None else growth.measured[part - 1][column]
    reached = highest_so_far(growth, so_far, rows_mm2(rows, rows.height))
    return min(100, math.ceil(reached + further * to_come_mm2(rows, height)))


def _reason(so_far: Quality) -> Reason:
    """Return what the person can mend of a picture that is given up."""
    told = [reason for reason in so_far.reasons if reason not in _OF_THE_MISSING_ROWS]
    if told:
        return told[0]
    return Reason.NO_FINGER if Reason.NO_FINGER in so_far.reasons else Reason.TOO_LITTLE_AREA
