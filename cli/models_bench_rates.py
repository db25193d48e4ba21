"""Error rates of tables of scores, as the FVC protocol defines them, and their uncertainty.

A finger is what is drawn again in the bootstrap (Bolle, Ratha, Pankanti, "Error analysis of
pattern recognition systems: the subsets bootstrap", 2004): pictures of one finger depend on each
other. The same drawings serve every extractor, so that two are compared finger by finger.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from greenline.cli.errors import CommandError
from greenline.cli.print_names import finger_of

_SEED = 1
DRAWINGS = 1000

Numbers = NDArray[np.float64]


class Rates(msgspec.Struct, frozen=True):
    """Shares, 0 to 1. fmr100: the lowest FNMR at FMR <= 1 %, fmr1000: at <= 0.1 %."""

    eer: float
    fmr100: float
    fmr1000: float
    zero_fmr: float


@dataclass(frozen=True, eq=False)
class Pairs:
    """Who was compared with whom, one entry a row of the table; fingers by number.

    sets: the names of the sets. set_of: int64 by row. a, b: int64 by row. fingers: for each
    set, the numbers of its fingers.
    """

    sets: list[str]
    set_of: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    fingers: list[list[int]]

    @property
    def genuine(self) -> NDArray[np.bool_]:
        """Which rows compare a finger with itself."""
        return np.asarray(self.a == self.b)


def read_scores(table: Path) -> tuple[list[tuple[str, str]], Numbers]:
    """Return the pairs of pictures and their scores. Raises CommandError on a table that is none.

    A table lies where an earlier run left it: it is judged like any file from outside.
    """
    pairs, scores = [], []
    try:
        for line in table.read_text("ascii").splitlines():
            a, b, score = line.split("\t")
            pairs.append((a, b))
            scores.append(float(score))
    except (OSError, ValueError) as fault:
        raise CommandError(f"{table} is no table of scores: remove its folder", 3) from fault
    if not pairs or not all(map(math.isfinite, scores)):
        raise CommandError(f"{table} is no table of scores: remove its folder", 3)
    return pairs, np.array(scores)


def number_pairs(pairs: list[tuple[str, str]]) -> Pairs:
    """Turn the names of pictures into numbers of fingers. Raises CommandError.

    Every set must have pairs of one finger and pairs of two.
    """
    if not pairs:
        raise CommandError("there is no pair of pictures to compare", 3)
    numbers: dict[str, int] = {}
    of_set: dict[str, set[int]] = defaultdict(set)
    rows = []
    for pair in pairs:
        name = pair[0].partition("/")[0]
        a, b = (numbers.setdefault(finger_of(picture), len(numbers)) for picture in pair)
        of_set[name].update((a, b))
        rows.append((name, a, b))
    sets = sorted(of_set)
    table = np.array([(sets.index(name), a, b) for name, a, b in rows], np.int64)
    found = Pairs(
        sets, table[:, 0], table[:, 1], table[:, 2], [sorted(of_set[name]) for name in sets]
    )
    for number, name in enumerate(sets):
        genuine = found.genuine[found.set_of == number]
        if genuine.all() or not genuine.any():
            raise CommandError(f"{name} needs two fingers at least, one with two pictures", 3)
    return found


class Curve:
    """The error rates of one extractor at every threshold, for any weights of its pairs."""

    def __init__(self, scores: Numbers, genuine: NDArray[np.bool_]) -> None:
        self._order = np.argsort(scores, kind="stable")
        ordered = scores[self._order]
        # A threshold at each score that occurs, and one above them all.
        below = np.flatnonzero(np.diff(ordered, prepend=-np.inf))
        self._below = np.append(below, len(scores))
        self._genuine = genuine[self._order]

    def errors(self, weights: Numbers | None = None) -> tuple[Numbers, Numbers]:
        """Return FMR and FNMR at every threshold, rising thresholds. weights: None: all alike."""
        weight = np.ones(len(self._order)) if weights is None else weights[self._order]
        genuine = self._cumulated(np.where(self._genuine, weight, 0.0))
        impostor = self._cumulated(np.where(self._genuine, 0.0, weight))
        return 1 - impostor, genuine

    def rates(self, weights: Numbers | None = None) -> Rates:
        """Return the error rates."""
        fmr, fnmr = self.errors(weights)
        equal = int(np.argmin(np.abs(fmr - fnmr)))
        least = [float(fnmr[fmr <= limit + 1e-12].min()) for limit in (0.01, 0.001, 0.0)]
        return Rates(float(fmr[equal] + fnmr[equal]) / 2, *least)

    def _cumulated(self, weight: Numbers) -> Numbers:
        """Return the share of the weight below each threshold."""
        sums = np.concatenate(([0.0], np.cumsum(weight)))
        shares: Numbers = sums[self._below] / sums[-1]
        return shares


def rank_1(pairs: list[tuple[str, str]], scores: Numbers) -> dict[str, float]:
    """Return the share of probes that score highest with their own finger, by set and for "all".

    pairs: gallery picture, probe. A set without probes is left out.
    """
    by_probe: dict[str, dict[str, float]] = defaultdict(dict)
    for (enrolled, probe), score in zip(pairs, scores.tolist(), strict=True):
        by_probe[probe][finger_of(enrolled)] = score
    hits: dict[str, list[bool]] = defaultdict(list)
    for probe, found in by_probe.items():
        own = found.pop(finger_of(probe), -math.inf)
        hit = all(own > other for other in found.values())
        hits[probe.partition("/")[0]].append(hit)
        hits["all"].append(hit)
    return {name: sum(of_set) / len(of_set) for name, of_set in hits.items()}


def drawings(pairs: Pairs) -> Iterator[Numbers]:
    """Yield the pairs' weights of each bootstrap drawing: fingers drawn anew within each set.

    A pair counts as often as both of its fingers were drawn; a drawing in which no two fingers
    differ says nothing about impostors and is drawn again.
    """
    rng = np.random.default_rng(_SEED)
    genuine = pairs.genuine
    many = sum(map(len, pairs.fingers))
    done = 0
    while done < DRAWINGS:
        times = np.zeros(many)
        for fingers in pairs.fingers:
            np.add.at(times, rng.choice(fingers, len(fingers)), 1)
        weights = times[pairs.a] * np.where(genuine, 1, times[pairs.b])
        if weights[genuine].any() and weights[~genuine].any():
            done += 1
            yield weights
