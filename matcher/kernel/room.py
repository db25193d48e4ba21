"""Where one thread's comparisons put what they find: made once, as asking for memory takes time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.vectors import LANES, WIDE
from greenline.prints.features import NAMES
from greenline.prints.prepared import MAX_MINUTIAE
from greenline.prints.similarity import MAX_CANDIDATES

FEATURES = len(NAMES)
ACROSS = -(-MAX_MINUTIAE // 64) * 64 // LANES
"""Bytes of near for each minutia of side A: a bit for each of side B."""


class Room(NamedTuple):
    """Room for the largest templates; every use says how much of it counts.

    similarity: n * m, row by row. first, second, value: the candidates. support (k, k), strength:
    of the candidates. a, b: x, y and direction of the minutiae. worth_a, worth_b: qualities, to 1.
    moved: x and y of side B over side A, in full lanes. near: which minutiae are near each other.
    found, cost, order: what lies within the limits of a pair. taken_a, taken_b: is paired already.
    pairs, left: (2, p), which minutiae meet, and the distance and turn that remain. field: of the
    distortion. motion: rotation, x, y, from B to A. features: in the order of NAMES.
    """

    similarity: NDArray[np.float32]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    value: NDArray[np.float64]
    support: NDArray[np.float64]
    strength: NDArray[np.float64]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    worth_a: NDArray[np.float64]
    worth_b: NDArray[np.float64]
    moved: NDArray[np.float64]
    near: NDArray[np.uint8]
    found: NDArray[np.int64]
    cost: NDArray[np.float64]
    order: NDArray[np.int64]
    taken_a: NDArray[np.bool_]
    taken_b: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    left: NDArray[np.float64]
    field: NDArray[np.float64]
    motion: NDArray[np.float64]
    features: NDArray[np.float64]


@compiled
def room() -> Room:
    """Return room for one thread."""
    most = MAX_MINUTIAE * MAX_MINUTIAE
    return Room(
        np.empty(most, np.float32),
        np.empty(MAX_CANDIDATES, np.int64),
        np.empty(MAX_CANDIDATES, np.int64),
        np.empty(MAX_CANDIDATES),
        np.empty((MAX_CANDIDATES, MAX_CANDIDATES)),
        np.empty(MAX_CANDIDATES),
        np.empty((3, MAX_MINUTIAE)),
        np.empty((3, MAX_MINUTIAE)),
        np.empty(MAX_MINUTIAE),
        np.empty(MAX_MINUTIAE),
        np.empty((2, MAX_MINUTIAE)),
        np.empty(MAX_MINUTIAE * ACROSS, np.uint8),
        np.empty(most, np.int64),
        np.empty(most + WIDE),
        np.empty(most, np.int64),
        np.empty(MAX_MINUTIAE, np.bool_),
        np.empty(MAX_MINUTIAE, np.bool_),
        np.empty((2, MAX_MINUTIAE), np.int64),
        np.empty((2, MAX_MINUTIAE)),
        np.empty((5, MAX_MINUTIAE)),
        np.empty(3),
        np.empty(FEATURES),
    )
