"""Error-versus-discard curves: how many errors are left when the pictures judged worst are gone.

Grother and Tabassi, "Performance of biometric quality measures", 2007: a pair is as good as the
worse of its two pictures. Pure arithmetic for `greenline bench quality`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

SHARES: Numbers = np.linspace(0, 0.3, 31)
"""Of the genuine pairs, discarded."""

DRAWINGS = 1000
_SEED = 1


@dataclass(frozen=True, eq=False)
class Pairs:
    """Genuine pairs. failed: not found at the threshold. finger: by number. worse: by measure,
    the quality of the worse of the two pictures.
    """

    failed: NDArray[np.bool_]
    finger: NDArray[np.int64]
    worse: dict[str, Numbers]


def discard_curve(failed: NDArray[np.bool_], quality: Numbers) -> Numbers:
    """Return the share of failed pairs among those left, for each of SHARES discarded.

    Of pairs of equal quality a part is discarded as if drawn by lot: what is expected then.
    """
    levels, level_of = np.unique(quality, return_inverse=True)
    count = np.bincount(level_of, minlength=len(levels)).cumsum()
    errors = np.bincount(level_of, weights=failed, minlength=len(levels)).cumsum()
    gone = SHARES * len(failed)
    errors_gone = np.interp(gone, np.concatenate(([0], count)), np.concatenate(([0], errors)))
    return np.asarray((failed.sum() - errors_gone) / (len(failed) - gone))


def area(curve: Numbers) -> float:
    """Return the mean of a curve over SHARES (trapezium rule): smaller is better."""
    steps = (curve[1:] + curve[:-1]) / 2
    return float(steps.mean())


def least(failed: NDArray[np.bool_]) -> Numbers:
    """Return the curve of a measure that knows the errors beforehand: none can be lower."""
    return discard_curve(failed, np.where(failed, 0.0, 1.0))


def difference(pairs: Pairs, ours: str, theirs: str) -> tuple[float, float]:
    """Return between what the area of ours less that of theirs lies, 95 %, fingers drawn again."""
    rng = np.random.default_rng(_SEED)
    members = [np.flatnonzero(pairs.finger == each) for each in np.unique(pairs.finger)]
    found = []
    for _ in range(DRAWINGS):
        drawn = rng.integers(len(members), size=len(members))
        at = np.concatenate([members[each] for each in drawn])
        areas = [
            area(discard_curve(pairs.failed[at], pairs.worse[name][at])) for name in (ours, theirs)
        ]
        found.append(areas[0] - areas[1])
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def rank_correlation(a: Numbers, b: Numbers) -> float:
    """Return Spearman's coefficient; equal values share their mean rank."""
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: Numbers) -> Numbers:
    _, level_of, count = np.unique(values, return_inverse=True, return_counts=True)
    ends = count.cumsum()
    return np.asarray((ends - (count - 1) / 2)[level_of], np.float64)
