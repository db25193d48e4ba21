"""One probe against many templates, compiled: the comparison, and its cheap first half.

Each thread gives its own range of a segment: the loops let go of the interpreter's lock.
"""

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.features import COUNT, measure
from greenline.matcher.kernel.pairing import pair
from greenline.matcher.kernel.relaxation import relax
from greenline.matcher.kernel.similarity import candidates, local_similarity
from greenline.matcher.segment import Segment
from greenline.prints.comparison import LOWEST_SCORE
from greenline.prints.prepared import MAX_MINUTIAE
from greenline.prints.similarity import MAX_CANDIDATES

_ROOM = MAX_MINUTIAE * MAX_MINUTIAE


@compiled
def odds(
    probes: Segment, probe: int, segment: Segment, wanted: NDArray[np.int64],
    weights: NDArray[np.float64], out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write the log odds of a probe and each wanted template of a segment into out.

    out: (len(wanted),), minus infinity where they have nothing in common. weights: see
    prints.scoring.Weights.numbers.
    """
    similarity = np.empty(_ROOM, np.float32)
    first, second = np.empty(MAX_CANDIDATES, np.int64), np.empty(MAX_CANDIDATES, np.int64)
    value, features = np.empty(MAX_CANDIDATES), np.empty(COUNT)
    pairs, left = np.empty((2, MAX_MINUTIAE), np.int64), np.empty((2, MAX_MINUTIAE))
    motion = np.empty(3)
    for at in range(len(wanted)):
        count = _compare(
            probes, probe, segment, wanted[at],
            similarity, first, second, value, pairs, left, motion, features,
        )  # fmt: skip
        out[at] = odds_of(features, weights) if count else -np.inf


@compiled
def ranks(
    probes: Segment, probe: int, segment: Segment, wanted: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write the evidence of stages 1 and 2 for each wanted template into out."""
    similarity = np.empty(_ROOM, np.float32)
    first, second = np.empty(MAX_CANDIDATES, np.int64), np.empty(MAX_CANDIDATES, np.int64)
    value = np.empty(MAX_CANDIDATES)
    for at in range(len(wanted)):
        one, a, other, b = _ordered(probes, probe, segment, wanted[at])
        n, m = _length(one, a), _length(other, b)
        local_similarity(
            one.words, one.starts[a], n, other.words, other.starts[b], m, similarity[: n * m]
        )
        k = candidates(similarity[: n * m], m, first, second, value)
        if k == 0:
            out[at] = LOWEST_SCORE
            continue
        support, strength = np.empty((k, k)), np.empty(k)
        root = relax(
            _place(one, a), _place(other, b), first[:k], second[:k], value[:k], support, strength
        )
        out[at] = strength[root]


@compiled
def compared(
    probes: Segment, probe: int, segment: Segment, wanted: int,
    pairs: NDArray[np.int64], motion: NDArray[np.float64], features: NDArray[np.float64],
) -> int:  # fmt: skip
    """Compare with one template; return the number of pairs.

    pairs: (2, MAX_MINUTIAE), of the probe and of the template; motion: rotation, x, y, from the
    second side of the order to the first; features: in the order of NAMES.
    """
    similarity = np.empty(_ROOM, np.float32)
    first, second = np.empty(MAX_CANDIDATES, np.int64), np.empty(MAX_CANDIDATES, np.int64)
    value, left = np.empty(MAX_CANDIDATES), np.empty((2, MAX_MINUTIAE))
    count = _compare(
        probes, probe, segment, wanted,
        similarity, first, second, value, pairs, left, motion, features,
    )  # fmt: skip
    if segment.order[wanted] < probes.order[probe]:
        for p in range(count):
            pairs[0, p], pairs[1, p] = pairs[1, p], pairs[0, p]
        motion[0] = -motion[0]
    return count


@compiled
def odds_of(features: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the log odds that a pair is of one finger, as prints.scoring has it."""
    total = weights[COUNT]
    for at in range(COUNT):
        total += weights[at] * features[at]
    return float(total)


@compiled
def _compare(
    probes: Segment, probe: int, segment: Segment, wanted: int,
    similarity: NDArray[np.float32], first: NDArray[np.int64], second: NDArray[np.int64],
    value: NDArray[np.float64], pairs: NDArray[np.int64], left: NDArray[np.float64],
    motion: NDArray[np.float64], features: NDArray[np.float64],
) -> int:  # fmt: skip
    one, a, other, b = _ordered(probes, probe, segment, wanted)
    n, m = _length(one, a), _length(other, b)
    local_similarity(
        one.words, one.starts[a], n, other.words, other.starts[b], m, similarity[: n * m]
    )
    k = candidates(similarity[: n * m], m, first, second, value)
    if k == 0:
        return 0
    place_a, place_b = _place(one, a), _place(other, b)
    support, strength = np.empty((k, k)), np.empty(k)
    root = relax(place_a, place_b, first[:k], second[:k], value[:k], support, strength)
    count = pair(
        place_a, place_b, similarity[: n * m], first[:k], second[:k], support, root,
        pairs, left, motion,
    )  # fmt: skip
    if count:
        measure(
            place_a, place_b, _worth(one, a), _worth(other, b),
            one.kind[one.starts[a] : one.starts[a + 1]],
            other.kind[other.starts[b] : other.starts[b + 1]],
            one.hull[one.hull_starts[a] : one.hull_starts[a + 1]],
            other.hull[other.hull_starts[b] : other.hull_starts[b + 1]],
            similarity[: n * m], strength, pairs[:, :count], left[:, :count], motion, features,
        )  # fmt: skip
    return count


@compiled
def _ordered(
    probes: Segment, probe: int, segment: Segment, wanted: int
) -> tuple[Segment, int, Segment, int]:
    """Return the two sides in the order that their content gives them."""
    if segment.order[wanted] < probes.order[probe]:
        return segment, wanted, probes, probe
    return probes, probe, segment, wanted


@compiled
def _length(segment: Segment, at: int) -> int:
    return int(segment.starts[at + 1] - segment.starts[at])


@compiled
def _place(segment: Segment, at: int) -> NDArray[np.float64]:
    start, stop = segment.starts[at], segment.starts[at + 1]
    place = np.empty((3, stop - start))
    for axis in range(3):
        for i in range(stop - start):
            place[axis, i] = segment.place[axis, start + i]
    return place


@compiled
def _worth(segment: Segment, at: int) -> NDArray[np.float64]:
    start, stop = segment.starts[at], segment.starts[at + 1]
    worth = np.empty(stop - start)
    for i in range(stop - start):
        worth[i] = segment.quality[start + i] / 100
    return worth
