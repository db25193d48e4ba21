"""Templates made ready and laid side by side in memory, as the compiled kernel wants them.

A segment never changes. About 70 bytes per minutia: word k of all descriptors lies contiguously,
so that the machine compares eight at a time.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greenline.prints.prepared import Prepared


class Segment(NamedTuple):
    """Columns over all minutiae of all templates, and where each template starts.

    words: uint64 (7, total). place: float32 (3, total), x, y (pixels at 500 dpi, y up) and
    direction. kind, quality: uint8 (total,); quality 0 to 100. starts: int64 (count + 1,).
    hull: uint8, which minutiae of their template are corners; hull_starts: int64 (count + 1,).
    order: uint64 (count,), see Prepared.
    """

    words: NDArray[np.uint64]
    place: NDArray[np.float32]
    kind: NDArray[np.uint8]
    quality: NDArray[np.uint8]
    starts: NDArray[np.int64]
    hull: NDArray[np.uint8]
    hull_starts: NDArray[np.int64]
    order: NDArray[np.uint64]


def count(segment: Segment) -> int:
    """Return the number of templates."""
    return len(segment.order)


def size_bytes(segment: Segment) -> int:
    """Return the memory that a segment takes."""
    return sum(column.nbytes for column in segment)


def laid_out(templates: Iterable[Prepared]) -> Segment:
    """Lay prepared templates out as one segment, in their order."""
    sides = list(templates)
    corners = [_corners(side) for side in sides]
    places = [np.vstack([side.points.T, side.direction]) for side in sides]
    return Segment(
        np.hstack([np.empty((7, 0), np.uint64), *(side.words for side in sides)]),
        np.hstack([np.empty((3, 0)), *places]).astype(np.float32),
        np.concatenate([np.empty(0, np.uint8), *(side.kind for side in sides)]),
        np.concatenate([np.empty(0, np.uint8), *(_percent(side) for side in sides)]),
        _starts([len(side) for side in sides]),
        np.concatenate([np.empty(0, np.uint8), *corners]),
        _starts([len(each) for each in corners]),
        np.array([side.order for side in sides], np.uint64),
    )


def joined(segments: Iterable[Segment]) -> Segment:
    """Return the templates of several segments in one."""
    parts = list(segments)
    return Segment(
        np.hstack([part.words for part in parts]),
        np.hstack([part.place for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.quality for part in parts]),
        _starts(np.concatenate([np.diff(part.starts) for part in parts])),
        np.concatenate([part.hull for part in parts]),
        _starts(np.concatenate([np.diff(part.hull_starts) for part in parts])),
        np.concatenate([part.order for part in parts]),
    )


def _percent(side: Prepared) -> NDArray[np.uint8]:
    return np.rint(side.quality * 100).astype(np.uint8)


def _starts(lengths: "list[int] | NDArray[np.int64]") -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _corners(side: Prepared) -> NDArray[np.uint8]:
    """Return which minutia stands at each corner of the hull."""
    same = (side.hull[:, None, :] == side.points).all(axis=2)
    return same.argmax(axis=1).astype(np.uint8) if len(side) else np.empty(0, np.uint8)
