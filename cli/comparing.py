"""Scores of many pairs of prints: by the compiled kernel, or by the plain comparison without it.

Both give the same (tests/matcher/kernel); the kernel is a hundred times faster, and needs the
library numba, which a kiosk does not have.
"""

from itertools import groupby
from typing import Protocol

import numpy as np

from greenline.prints.comparison import LOWEST_SCORE, Prepared, compare
from greenline.prints.weights import UPRIGHT

try:
    from greenline.matcher.kernel import scan
    from greenline.matcher.segment import laid_out
except ModuleNotFoundError as missing:  # numba; anything of ours is a fault
    if (missing.name or "greenline").partition(".")[0] == "greenline":
        raise
    COMPILED = False
else:
    COMPILED = True

Pairs = list[tuple[str, str]]


class _Way(Protocol):
    def __call__(self, pairs: Pairs) -> list[float]: ...


class Comparing:
    """Compares prints by name. None: a print without minutiae.

    model: whose minutiae they are, which decides what a score means.
    """

    def __init__(self, prints: dict[str, Prepared | None], model: str = "") -> None:
        self._model = model
        self._prints = {name: side for name, side in prints.items() if side is not None}
        self._at = {name: at for at, name in enumerate(self._prints)}
        self._way: _Way = self._plain
        if COMPILED:
            self._segment = laid_out(self._prints.values())
            self._way = self._compiled

    def scores(self, pairs: Pairs) -> list[float]:
        """Return a score for each pair, the lowest where a print has no minutiae."""
        usable = [pair for pair in pairs if pair[0] in self._at and pair[1] in self._at]
        found = dict(zip(usable, self._way(usable), strict=True))
        return [found.get(pair, LOWEST_SCORE) for pair in pairs]

    def _plain(self, pairs: Pairs) -> list[float]:
        return [
            compare(self._prints[a], self._prints[b], model=self._model).score for a, b in pairs
        ]

    def _compiled(self, pairs: Pairs) -> list[float]:
        tail = UPRIGHT.tail(self._model)
        scores: list[float] = []
        for name, run in groupby(pairs, key=lambda pair: pair[0]):
            wanted = np.array([self._at[other] for _, other in run], np.int64)
            odds = np.empty(len(wanted))
            scan.odds(self._segment, self._at[name], self._segment, wanted, UPRIGHT.numbers, odds)
            scores += tail.score(odds).tolist()
        return scores
