"""How a picture of any size goes through networks of fixed sizes: padded, or cut into tiles.

Never squeezed: minutiae live at the scale of the ridges. Pure geometry, used by extraction.py.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

# Pixels that neighbouring tiles share at least, at 500 dpi (5 mm: eleven ridges of context).
OVERLAP = 96


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in pixels of the picture: it begins at start (below 0: padding)
    and answers for the pixels from first up to, not including, last.
    """

    start: int
    first: int
    last: int


@dataclass(frozen=True)
class Tile:
    """One tile: its vertical and its horizontal span."""

    rows: Span
    columns: Span


def choose_size(sizes: tuple[tuple[int, int], ...], height: int, width: int) -> tuple[int, int]:
    """Return the smallest of sizes (height, width) that holds the picture, else the largest."""
    fitting = [size for size in sizes if height <= size[0] and width <= size[1]]
    if fitting:
        return min(fitting, key=math.prod)
    return max(sizes, key=math.prod)


def spans(length: int, size: int) -> list[Span]:
    """Cover length pixels with tiles of size pixels, evenly, overlapping by OVERLAP or more.

    Neighbours divide what they share in its middle. A short picture lies in the middle of its
    one tile.
    """
    if length <= size:
        return [Span(-((size - length) // 2), 0, length)]
    count = math.ceil((length - OVERLAP) / (size - OVERLAP))
    starts = [round(index * (length - size) / (count - 1)) for index in range(count)]
    borders = [(after + before + size) // 2 for before, after in pairwise(starts)]
    return [
        Span(start, first, last)
        for start, first, last in zip(starts, [0, *borders], [*borders, length], strict=True)
    ]


def cover(height: int, width: int, size: tuple[int, int]) -> list[Tile]:
    """Cover a picture with tiles of size (height, width)."""
    return [
        Tile(rows, columns) for rows in spans(height, size[0]) for columns in spans(width, size[1])
    ]


def cut(
    picture: NDArray[np.uint8], tile: Tile, size: tuple[int, int], background: int
) -> NDArray[np.uint8]:
    """Return the tile's pixels, size (height, width), background where it leaves the picture."""
    result = np.full(size, background, np.uint8)
    top, left = max(0, -tile.rows.start), max(0, -tile.columns.start)
    part = picture[
        max(0, tile.rows.start) : tile.rows.start + size[0],
        max(0, tile.columns.start) : tile.columns.start + size[1],
    ]
    result[top : top + part.shape[0], left : left + part.shape[1]] = part
    return result


def cut_tiles(
    picture: NDArray[np.uint8], sizes: tuple[tuple[int, int], ...]
) -> list[tuple[Tile, NDArray[np.uint8]]]:
    """Cut a picture into tiles of the size that suits it best, padded with its background."""
    height, width = picture.shape
    size = choose_size(sizes, height, width)
    value = background(picture)
    return [(tile, cut(picture, tile, size, value)) for tile in cover(height, width, size)]


def background(picture: NDArray[np.uint8]) -> int:
    """Return the grey value to pad a picture with: the median along its rim.

    Any constant does (cropped prints: 1 % of the minutiae spurious at the crop's edge);
    continuing the edge's pixels makes 10 %, mirroring 25 %: ridges that are not there.
    """
    rim = np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1]))
    return int(np.median(rim))
