"""A template: the minutiae of one impression, as columns.

Every folder passes templates around in this one form; records (fmr.py) are how they leave.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greenline.prints.errors import RecordError

FEWEST_MINUTIAE = 8
"""A print with fewer could never be found again: it is neither enrolled nor searched."""


class Kind(IntEnum):
    """Minutia type, by the codes of ISO/IEC 19794-2:2005, table 1."""

    OTHER = 0
    ENDING = 1
    BIFURCATION = 2


@dataclass(frozen=True, eq=False)
class Template:
    """Minutiae of one impression.

    x, y: float32 (n,), pixels, origin top left, x right, y DOWN, inside width x height.
    direction: float32 (n,), radians in [0, 2 pi), counter-clockwise as seen on the screen from
    the positive x axis; along the ridge as ISO/IEC 19794-2:2005 6.4 has it.
    kind: uint8 (n,), codes of Kind. quality: uint8 (n,), 0 (not reported) or 1-100.
    dpi: pixels per inch of the coordinates.
    """

    width: int
    height: int
    dpi: float
    x: NDArray[np.float32]
    y: NDArray[np.float32]
    direction: NDArray[np.float32]
    kind: NDArray[np.uint8]
    quality: NDArray[np.uint8]

    def __post_init__(self) -> None:
        columns = (self.x, self.y, self.direction, self.kind, self.quality)
        if any(column.ndim != 1 or len(column) != len(self.x) for column in columns):
            raise RecordError("the columns of a template must be of one length")

    def __len__(self) -> int:
        return len(self.x)

    def best(self, count: int) -> Self:
        """Return the count minutiae of best quality, best first; ties keep their order."""
        return self.pick(np.argsort(-self.quality.astype(np.int16), kind="stable")[:count])

    def pick(self, index: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """Return the minutiae that index selects, in its order."""
        return type(self)(
            self.width,
            self.height,
            self.dpi,
            self.x[index],
            self.y[index],
            self.direction[index],
            self.kind[index],
            self.quality[index],
        )
