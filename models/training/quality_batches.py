"""Reads the quality network's lessons and their counts, and makes batches of them.

Those of quality_lessons.py teach all; of those of lesson_shards.py, drawn under other conditions,
only contact and the number of minutiae are known. Every eighth shard of either is held out: its
fingers are never learnt from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from greenline.models.training.quality_drawing import BLOCK, TRUTHS
from greenline.models.training.quality_lessons import CANVASES

HELD_OUT = 8
BEST_SCORE = 20.0  # the comparison score that makes 100

_BATCH = 16
_MOST = (288, 256)  # of larger pictures a part is learnt from at a time
_NEW = 0.5  # share of the batches that are of lesson_shards.py

_FIELDS = ("pixels", "truth", "inside", "scores", "finger")


@dataclass(frozen=True)
class Lessons:
    """Lessons of one size: pixels uint8 (n, h, w), truth, inside and found (n, ...), scores (n, r).

    found: of the minutiae in each block. inside is 0 everywhere where contact and found are all
    that is known; scores and fingers are 0 there, too.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.float16]
    inside: NDArray[np.float16]
    scores: NDArray[np.float32]
    finger: NDArray[np.int64]
    found: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def utility(self) -> NDArray[np.float32]:
        """Each lesson's mean comparison score, 0 to BEST_SCORE, as 0 to 1."""
        return np.asarray(np.minimum(self.scores, BEST_SCORE).mean(axis=1) / BEST_SCORE)


def read_lessons(folder: Path, counts: Path, *, held_out: bool) -> list[Lessons]:
    """Return the lessons of each canvas. counts: what quality_found wrote of them."""
    chosen = _chosen(sorted(folder.glob("quality-*.npz")), held_out=held_out)
    found: list[Lessons] = []
    for number, _ in enumerate(CANVASES):
        columns: dict[str, list[NDArray[np.generic]]] = {f: [] for f in (*_FIELDS, "found")}
        for path in chosen:
            with np.load(path) as shard, np.load(counts / path.name) as counted:
                if f"pixels{number}" in shard:
                    for name in _FIELDS:
                        columns[name].append(shard[f"{name}{number}"])
                    columns["found"].append(counted[f"found{number}"])
        found.append(Lessons(**{name: np.concatenate(c) for name, c in columns.items()}))
    return found


def read_drawn(counts: Path, *, held_out: bool) -> Lessons:
    """Return the lessons of lesson_shards.py, which quality_found copied."""
    chosen = _chosen(sorted(counts.glob("lessons-*.npz")), held_out=held_out)
    columns: dict[str, list[NDArray[np.generic]]] = {"pixels": [], "found": [], "contact": []}
    for path in chosen:
        with np.load(path) as shard:
            for name, column in columns.items():
                column.append(shard[name])
    pixels, found, contact = (np.concatenate(column) for column in columns.values())
    truth = np.zeros((len(pixels), len(TRUTHS), *contact.shape[1:]), np.float16)
    truth[:, TRUTHS.index("contact")] = contact
    nothing = np.zeros(contact.shape, np.float16)
    none = np.zeros(len(pixels), np.int64)
    return Lessons(pixels, truth, nothing, np.zeros((len(pixels), 1), np.float32), none, found)


def _chosen(paths: list[Path], *, held_out: bool) -> list[Path]:
    return [p for at, p in enumerate(paths) if (at % HELD_OUT == HELD_OUT - 1) == held_out]


def batches(
    lessons: list[Lessons], drawn: Lessons, rng: np.random.Generator
) -> Iterator[tuple[Tensor, ...]]:
    """Yield pictures, truth, inside and found of random lessons of one size, for ever."""
    shares = np.array([len(each) for each in lessons], float)
    while True:
        new = rng.random() < _NEW
        here = drawn if new else lessons[rng.choice(len(lessons), p=shares / shares.sum())]
        at = rng.integers(len(here), size=_BATCH)
        rows, columns = _part(rng, here.inside.shape[1:])
        parts = [here.truth[at], here.inside[at], here.found[at]]
        truth, inside, found = (part[..., rows, columns].astype(np.float32) for part in parts)
        seen = _jittered(rng, here.pixels[at][:, _pixels(rows), _pixels(columns)])
        if rng.random() < 0.5:
            seen, truth, inside, found = (part[..., ::-1] for part in (seen, truth, inside, found))
            truth = truth.copy()
            truth[:, TRUTHS.index("right")] *= -1
        whole = (seen[:, None], truth, inside, found)
        yield tuple(torch.from_numpy(np.ascontiguousarray(part)) for part in whole)


def _part(rng: np.random.Generator, grid: tuple[int, ...]) -> tuple[slice, slice]:
    """Return rows and columns of a random part, at most _MOST, of a picture's grid of blocks."""
    size = [min(side, most // BLOCK) for side, most in zip(grid, _MOST, strict=True)]
    first = [int(rng.integers(side - part + 1)) for side, part in zip(grid, size, strict=True)]
    return slice(first[0], first[0] + size[0]), slice(first[1], first[1] + size[1])


def _pixels(blocks: slice) -> slice:
    return slice(blocks.start * BLOCK, blocks.stop * BLOCK)


def _jittered(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return grey values 0 to 1, each picture's tones changed by a table of its own."""
    levels = np.arange(256) / 255
    changed = np.empty(pixels.shape, np.float32)
    for number, picture in enumerate(pixels):
        power = np.exp(rng.normal(0, 0.2)) if rng.random() < 0.4 else 1.0
        gain, offset = np.exp(rng.normal(0, 0.12)), rng.normal(0, 0.05)
        tones = (levels**power - 0.5) * gain + 0.5 + offset
        changed[number] = np.clip(tones, 0, 1).astype(np.float32)[picture]
    return changed
