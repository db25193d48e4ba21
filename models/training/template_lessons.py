"""Crops of lessons as the template network is taught them: picture, targets, and their weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greenline.models.training.lesson_shards import read_shard
from greenline.models.training.lessons import CELL, Lesson

Array = NDArray[np.float32]

CROP = 128
_CELLS = CROP // CELL
_SPREAD = 0.8  # cells: of the bell about a minutia
_MAYBE = 2.0  # cells about a minutia that may be found or not


@dataclass(frozen=True)
class Batch:
    """Crops (n, 1, CROP, CROP) and, on the grid, what is wanted of them.

    heat: 1 at a minutia's cell, a bell about it. care: 0 where the heat is not judged. near:
    how much the cell speaks for its nearest minutia. direction, flow, offset: two channels each.
    ending, contact: 0 or 1. skin: 0 where contact is not judged.
    """

    pictures: Array
    heat: Array
    care: Array
    near: Array
    direction: Array
    flow: Array
    offset: Array
    ending: Array
    contact: Array
    skin: Array


class Reader:
    """All shards of a folder, and random crops of them. folder: read again by refresh()."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._rng = np.random.default_rng(seed)
        self._read: set[Path] = set()
        self.lessons: list[Lesson] = []
        self.refresh()

    def refresh(self) -> None:
        """Take in the shards that have been written since."""
        for path in sorted(set(self._folder.glob("lessons-*.npz")) - self._read):
            self._read.add(path)
            self.lessons += read_shard(path)

    def batch(self, count: int) -> Batch:
        """Return so many random crops."""
        crops = [self._crop() for _ in range(count)]
        return Batch(*(np.stack(part) for part in zip(*crops, strict=True)))

    def _crop(self) -> tuple[Array, ...]:
        rng = self._rng
        lesson = self.lessons[rng.integers(len(self.lessons))]
        rows, columns = lesson.contact.shape
        skin = np.flatnonzero(lesson.contact == 1)
        if len(skin) and rng.random() < 0.9:
            row, column = divmod(int(skin[rng.integers(len(skin))]), columns)
        else:
            row, column = int(rng.integers(rows)), int(rng.integers(columns))
        top = int(np.clip(row - rng.integers(_CELLS), 0, rows - _CELLS))
        left = int(np.clip(column - rng.integers(_CELLS), 0, columns - _CELLS))
        return _targets(rng, lesson, top, left)


def _targets(rng: np.random.Generator, lesson: Lesson, top: int, left: int) -> tuple[Array, ...]:
    where = slice(top, top + _CELLS), slice(left, left + _CELLS)
    pixels = lesson.pixels[top * CELL : top * CELL + CROP, left * CELL : left * CELL + CROP]
    minutiae = lesson.minutiae - np.array([left * CELL, top * CELL, 0, 0, 0], np.float32)
    flow = lesson.flow[:, *where].astype(np.float32)
    contact = lesson.contact[where]
    if rng.random() < 0.5:
        pixels, flow, contact = pixels[:, ::-1], flow[:, :, ::-1].copy(), contact[:, ::-1]
        flow[1] *= -1
        minutiae[:, 0] = CROP - 1 - minutiae[:, 0]
        minutiae[:, 2] = np.pi - minutiae[:, 2]
    if rng.random() < 0.25:
        pixels, flow, contact = pixels[::-1, ::-1], flow[:, ::-1, ::-1], contact[::-1, ::-1]
        minutiae[:, :2] = CROP - 1 - minutiae[:, :2]
        minutiae[:, 2] += np.pi
    grid = _on_grid(minutiae)
    skin = (contact != 2).astype(np.float32)[None]
    return (
        _jittered(rng, pixels)[None], *grid[:3], grid[3], np.ascontiguousarray(flow),
        grid[4], grid[5], (contact == 1).astype(np.float32)[None], skin,
    )  # fmt: skip


def _jittered(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> Array:
    values = pixels.astype(np.float32) / 255
    if rng.random() < 0.3:
        values = values ** np.float32(np.exp(rng.normal(0, 0.3)))
    gain, offset = np.exp(rng.normal(0, 0.15)), rng.normal(0, 0.06)
    values = (values - 0.5) * np.float32(gain) + np.float32(0.5 + offset)
    if rng.random() < 0.2:
        noise = rng.standard_normal(values.shape, np.float32)
        values = values + np.float32(rng.uniform(0, 0.04)) * noise
    return np.clip(values, 0, 1).astype(np.float32)


def _on_grid(minutiae: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return heat, care, near, direction, offset and ending, each (channels, cells, cells)."""
    rows, columns = np.mgrid[0:_CELLS, 0:_CELLS].astype(np.float32)
    across = (minutiae[:, 0] + 0.5) / CELL - 0.5
    down = (minutiae[:, 1] + 0.5) / CELL - 0.5
    close = (np.abs(across - _CELLS / 2) < _CELLS) & (np.abs(down - _CELLS / 2) < _CELLS)
    minutiae, across, down = minutiae[close], across[close], down[close]
    blank = np.zeros((1, _CELLS, _CELLS), np.float32)
    if not len(minutiae):
        two = np.zeros((2, _CELLS, _CELLS), np.float32)
        return blank, blank + 1, blank, two, two, blank
    right = across[:, None, None] - columns
    below = down[:, None, None] - rows
    apart = right**2 + below**2
    sure = minutiae[:, 4] > 0
    bells = np.exp(-apart / (2 * _SPREAD**2)) * sure[:, None, None]
    heat = bells.max(axis=0)
    # The nearest cell is a whole hit, wherever in it the minutia lies.
    own = (np.abs(right) <= 0.5) & (np.abs(below) <= 0.5) & sure[:, None, None]
    heat[own.any(axis=0)] = 1
    maybe = (apart < _MAYBE**2) & ~sure[:, None, None]
    care = 1 - (maybe.any(axis=0) & (heat < 0.99)).astype(np.float32)
    nearest = apart.argmin(axis=0)
    reach = np.take_along_axis(apart, nearest[None], axis=0)[0]
    near = np.exp(-reach / (2 * _SPREAD**2)) * (reach < 2.1)
    angle = minutiae[nearest, 2]
    direction = np.stack([np.cos(angle), np.sin(angle)])
    offset = np.stack(
        [np.take_along_axis(part, nearest[None], axis=0)[0] for part in (right, below)]
    )
    parts = heat[None], care[None], near[None], direction, offset, minutiae[nearest, 3][None]
    return tuple(part.astype(np.float32) for part in parts)  # type: ignore[return-value] # six
