"""From the features of a comparison to its score: learned weights, and a tail: -log10 FMR.

Which weights there are stands in weights.py: UPRIGHT for prints laid down about upright, FREE for
sensors on which a finger may lie in any direction.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from greenline.prints.features import NAMES


@dataclass(frozen=True)
class Tail:
    """How often impostors reach log odds z: a share of 1 / (1 + exp(slope (z - start)))."""

    slope: float
    start: float

    def score(self, odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return -log10 of the share of impostors that reach these odds, 0 or more."""
        far = self.slope * (odds - self.start)
        score: NDArray[np.float64] = np.logaddexp(0.0, far) / math.log(10)
        return score


@dataclass(frozen=True)
class Weights:
    """odds = intercept + coefficients . features; a tail turns odds into a score.

    coefficients: by the names of features.NAMES, all of them. tails: by the extractor that both
    prints come from, as the impostors among its templates have it.
    """

    coefficients: dict[str, float]
    intercept: float
    tails: dict[str, Tail]

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """Return coefficients in the order of NAMES, then the intercept."""
        column = [*(self.coefficients[name] for name in NAMES), self.intercept]
        return np.array(column, np.float64)

    @cached_property
    def default_tail(self) -> Tail:
        """Return the tail for prints of an extractor that none was measured for: the lowest."""
        return min(self.tails.values(), key=lambda tail: tail.slope * (_USUAL - tail.start))

    def tail(self, model: str) -> Tail:
        """Return the tail of an extractor. model: its id, such as greenline-1/b6f601f3+mirror."""
        return self.tails.get(model.split("/", maxsplit=1)[0], self.default_tail)

    def odds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log odds that each pair is of one finger. features: (..., len(NAMES))."""
        odds: NDArray[np.float64] = features @ self.numbers[:-1] + self.intercept
        return odds


_USUAL = 5.0  # odds about which thresholds lie
