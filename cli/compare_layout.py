"""Where everything of `greenline compare --picture` stands: pure arithmetic, nothing is drawn.

Coordinates are px of the drawing, origin top left, y DOWN.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.prints.template import Template

DPI = 500.0
RING = 6  # px, from a minutia's middle to its ring
TAIL = 17  # px, from its middle to the end of its direction
MARGIN, GAP = 24, 70  # px: around all, and between the prints for the lines
NARROWEST = 330  # px of a column: names and numbers have room above a small print
_LARGEST_SIDE = 1000  # px, which the enlargement of the larger print stays below, if it can
_ENLARGEMENTS = (2, 4)
_AWAY = (RING + 2, RING + 7, RING + 13, RING + 20, RING + 29)  # px, from a minutia to its number
_TURNS = 16

Points = NDArray[np.float64]
Size = tuple[float, float]  # px, across and down


@dataclass(frozen=True, eq=False)
class Side:
    """One print to draw. ground: uint8 (height, width) at 500 dpi; None: that of a record."""

    name: str
    template: Template
    ground: NDArray[np.uint8] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Pixels at 500 dpi, across and down."""
        if self.ground is not None:
            return self.ground.shape[1], self.ground.shape[0]
        scale = DPI / self.template.dpi
        width, height = self.template.width * scale, self.template.height * scale
        return max(1, round(width)), max(1, round(height))


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Layout:
    """The drawing. enlargement: px for one pixel at 500 dpi. columns: what belongs to each print.

    boxes: the prints themselves. places: (n, 2) each, all minutiae. tails: (n, 2), to where their
    directions point. pairs: (p, 2), as the comparison gave them, so line i is drawn from
    places[0][pairs[i, 0]] to places[1][pairs[i, 1]].
    """

    width: int
    height: int
    enlargement: int
    columns: tuple[Box, Box]
    boxes: tuple[Box, Box]
    places: tuple[Points, Points]
    tails: tuple[Points, Points]
    pairs: NDArray[np.int64]

    def lines(self) -> NDArray[np.float64]:
        """Return where each pair's line starts and ends, shape (p, 2, 2)."""
        return np.stack([self.places[side][self.pairs[:, side]] for side in (0, 1)], axis=1)


def lay_out(first: Side, second: Side, pairs: NDArray[np.int64], head: int) -> Layout:
    """Put two prints side by side, at one scale. head: px for words above them."""
    enlargement = _enlargement(first, second)
    sizes = [tuple(enlargement * length for length in side.size) for side in (first, second)]
    wide = [max(NARROWEST, width) for width, _ in sizes]
    tall = max(height for _, height in sizes)
    columns, boxes, places, tails = [], [], [], []
    for number, (side, (width, height)) in enumerate(zip((first, second), sizes, strict=True)):
        column = Box(MARGIN + number * (wide[0] + GAP), MARGIN + head, wide[number], tall)
        left, top = column.left + (wide[number] - width) // 2, column.top + (tall - height) // 2
        box = Box(left, top, width, height)
        columns.append(column)
        boxes.append(box)
        places.append(_places(side.template, box, enlargement))
        tails.append(_tails(side.template, places[-1]))
    return Layout(
        2 * MARGIN + sum(wide) + GAP,
        2 * MARGIN + head + tall,
        enlargement,
        (columns[0], columns[1]),
        (boxes[0], boxes[1]),
        (places[0], places[1]),
        (tails[0], tails[1]),
        pairs,
    )


def _enlargement(first: Side, second: Side) -> int:
    return int(np.clip(_LARGEST_SIDE // max(*first.size, *second.size), *_ENLARGEMENTS))


def _places(template: Template, box: Box, enlargement: int) -> Points:
    scale = enlargement * DPI / template.dpi
    pixels = np.stack([template.x, template.y], axis=1).astype(np.float64)
    # A minutia is given as a pixel: the middle of it.
    places: Points = (pixels + 0.5) * scale + (box.left, box.top)
    return places


def _tails(template: Template, places: Points) -> Points:
    direction = template.direction.astype(np.float64)
    tails: Points = places + TAIL * np.stack([np.cos(direction), -np.sin(direction)], axis=1)
    return tails


def place_numbers(marks: Points, sizes: list[Size], obstacles: Points, box: Box) -> Points:
    """Return the middle of each mark's number, (n, 2): near, inside the box, hiding the least.

    marks: (n, 2). sizes: of the numbers. obstacles: (m, 2), middles of RING's size that are better
    not covered. A number is placed after those before it, so the first ones stand best.
    """
    angles = np.arange(_TURNS) * 2 * math.pi / _TURNS
    around = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    taken = np.concatenate([obstacles, np.zeros((len(marks), 2))])
    extents = np.full((len(taken), 2), float(RING))
    weight = np.full(len(taken), 1.0)
    weight[len(obstacles) :] = 4.0  # another number: worse than a minutia
    found = np.empty((len(marks), 2))
    for number, (mark, size) in enumerate(zip(marks, sizes, strict=True)):
        half = np.array(size) / 2
        tried = np.concatenate([mark + around * (half + away) for away in _AWAY])
        used = len(obstacles) + number
        hidden = _overlap(tried, half, taken[:used], extents[:used]) @ weight[:used]
        hidden += 50.0 * _outside(tried, half, box)
        best = int(np.argmin(hidden + np.repeat(_AWAY, _TURNS)))
        found[number] = taken[used] = tried[best]
        extents[used] = half
    return found


def _overlap(tried: Points, half: Points, taken: Points, extents: Points) -> Points:
    """Return the square px that each of the tried (t, 2) shares with each of taken, (t, m)."""
    apart = np.abs(tried[:, None, :] - taken)
    shared = np.clip(half + extents - apart, 0, 2 * np.minimum(half, extents))
    area: Points = shared.prod(axis=2)
    return area


def _outside(tried: Points, half: Points, box: Box) -> Points:
    """Return how many px each of the tried sticks out of the box."""
    low = np.array((box.left, box.top)) - (tried - half)
    high = tried + half - (box.left + box.width, box.top + box.height)
    out: Points = np.clip(np.maximum(low, high), 0, None).sum(axis=1)
    return out
