"""One probe against many templates, compiled: the comparison, and its cheap first half.

Each thread gives its own range of a segment: the loops let go of the interpreter's lock.
"""

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.features import measure
from greenline.matcher.kernel.pairing import pair
from greenline.matcher.kernel.relaxation import relax
from greenline.matcher.kernel.room import FEATURES, Room, room
from greenline.matcher.kernel.similarity import candidates, local_similarity
from greenline.matcher.segment import Segment
from greenline.prints.comparison import LOWEST_SCORE


@compiled
def odds(
    probes: Segment, probe: int, segment: Segment, wanted: NDArray[np.int64],
    weights: NDArray[np.float64], out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write the log odds of a probe and each wanted template of a segment into out.

    out: (len(wanted),), minus infinity where they have nothing in common. weights: see
    prints.scoring.Weights.numbers.
    """
    mine = room()
    for at in range(len(wanted)):
        count = _compare(probes, probe, segment, wanted[at], mine)
        out[at] = odds_of(mine.features, weights) if count else -np.inf


@compiled
def ranks(
    probes: Segment, probe: int, segment: Segment, wanted: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write the evidence of stages 1 and 2 for each wanted template into out."""
    mine = room()
    for at in range(len(wanted)):
        one, a, other, b = _ordered(probes, probe, segment, wanted[at])
        k, root = _evidence(one, a, other, b, mine)
        out[at] = mine.strength[root] if k else LOWEST_SCORE


@compiled
def compared(
    probes: Segment, probe: int, segment: Segment, wanted: int,
    pairs: NDArray[np.int64], motion: NDArray[np.float64], features: NDArray[np.float64],
) -> int:  # fmt: skip
    """Compare with one template; return the number of pairs.

    pairs: (2, MAX_MINUTIAE), of the probe and of the template; motion: rotation, x, y, from the
    second side of the order to the first; features: in the order of NAMES.
    """
    mine = room()
    count = _compare(probes, probe, segment, wanted, mine)
    swapped = segment.order[wanted] < probes.order[probe]
    for p in range(count):
        pairs[0, p], pairs[1, p] = mine.pairs[int(swapped), p], mine.pairs[int(not swapped), p]
    motion[:], features[:] = mine.motion, mine.features
    if swapped:
        motion[0] = -motion[0]
    return count


@compiled
def odds_of(features: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the log odds that a pair is of one finger, as prints.scoring has it."""
    total = weights[FEATURES]
    for at in range(FEATURES):
        total += weights[at] * features[at]
    return float(total)


@compiled
def _compare(probes: Segment, probe: int, segment: Segment, wanted: int, mine: Room) -> int:
    """Compare with one template; return the number of pairs."""
    one, a, other, b = _ordered(probes, probe, segment, wanted)
    k, root = _evidence(one, a, other, b, mine)
    if k == 0:
        return 0
    n, m = _length(one, a), _length(other, b)
    count = pair(n, m, k, root, mine)
    if count:
        _worth(one, a, mine.worth_a)
        _worth(other, b, mine.worth_b)
        measure(
            n, m, k, count,
            one.kind[one.starts[a] : one.starts[a + 1]],
            other.kind[other.starts[b] : other.starts[b + 1]],
            one.hull[one.hull_starts[a] : one.hull_starts[a + 1]],
            other.hull[other.hull_starts[b] : other.hull_starts[b + 1]],
            mine,
        )  # fmt: skip
    return count


@compiled
def _evidence(one: Segment, a: int, other: Segment, b: int, mine: Room) -> tuple[int, int]:
    """Do stages 1 and 2; return the number of candidates and which is the strongest."""
    n, m = _length(one, a), _length(other, b)
    similarity = mine.similarity[: n * m]
    local_similarity(one.words, one.starts[a], n, other.words, other.starts[b], m, similarity)
    k = candidates(similarity, m, mine.first, mine.second, mine.value)
    if k == 0:
        return 0, 0
    _place(one, a, mine.a)
    _place(other, b, mine.b)
    return k, relax(k, mine)


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
def _place(segment: Segment, at: int, place: NDArray[np.float64]) -> None:
    start, stop = segment.starts[at], segment.starts[at + 1]
    for axis in range(3):
        for i in range(stop - start):
            place[axis, i] = segment.place[axis, start + i]


@compiled
def _worth(segment: Segment, at: int, worth: NDArray[np.float64]) -> None:
    start, stop = segment.starts[at], segment.starts[at + 1]
    for i in range(stop - start):
        worth[i] = segment.quality[start + i] / 100
