"""Pairs of prints to learn from, and what the compiled comparison measures of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel import scan
from greenline.matcher.kernel.description import describe
from greenline.matcher.learning.degradation import degraded, mirrored
from greenline.matcher.segment import laid_out
from greenline.prints.features import NAMES
from greenline.prints.prepared import MAX_MINUTIAE, Prepared, prepare
from greenline.prints.template import Template

COPIES = 3  # degraded copies of every genuine pair
IMPOSTORS = 3  # per genuine pair
TAIL_IMPRESSIONS = 2  # per finger, undamaged, each against all those of other fingers

Finger = list[Template]
Pair = tuple[Prepared, Prepared, bool]  # two impressions, and whether they are of one finger


@dataclass(frozen=True)
class Pairs:
    """Features (n, len(NAMES)) of compared pairs and whether each is genuine (n,).

    A pair in which no two minutiae are alike has no features: its row is NaN.
    """

    features: NDArray[np.float64]
    genuine: NDArray[np.bool_]


def damaged_pairs(fingers: Sequence[Finger], rng: np.random.Generator) -> Iterator[Pair]:
    """Yield pairs of damaged impressions; impostors are damaged just as much as mates.

    Half of the impostors of a print are other fingers, half mirror images of any finger.
    """
    for number, finger in enumerate(fingers):
        for one, other in combinations(finger, 2):
            for _ in range(COPIES):
                yield _damaged(one, rng), _damaged(other, rng), True
                for _ in range(IMPOSTORS):
                    stranger = _impostor(fingers, number, rng)
                    yield _damaged(one, rng), _damaged(stranger, rng), False


def _damaged(template: Template, rng: np.random.Generator) -> Prepared:
    return prepare(degraded(template, rng), describe)


def _impostor(fingers: Sequence[Finger], number: int, rng: np.random.Generator) -> Template:
    mirror = bool(rng.random() < 0.5)
    other = rng.integers(len(fingers)) if mirror else number + rng.integers(1, len(fingers))
    impressions = fingers[int(other) % len(fingers)]
    template = impressions[rng.integers(len(impressions))]
    return mirrored(template) if mirror else template


def strangers(fingers: Sequence[Finger]) -> Iterator[Pair]:
    """Yield pairs of undamaged impressions of different fingers: what a search meets."""
    prepared = [
        [prepare(side, describe) for side in finger[:TAIL_IMPRESSIONS]] for finger in fingers
    ]
    for one, other in combinations(prepared, 2):
        for a, b in product(one, other):
            yield a, b, False


def compared(pairs: Iterable[Pair]) -> Pairs:
    """Compare every pair."""
    rows, genuine = [], []
    room, motion = np.empty((2, MAX_MINUTIAE), np.int64), np.empty(3)
    for a, b, same in pairs:
        features = np.empty(len(NAMES))
        if not scan.compared(laid_out([a]), 0, laid_out([b]), 0, room, motion, features):
            features[:] = np.nan
        rows.append(features)
        genuine.append(same)
    return Pairs(np.array(rows), np.array(genuine))
