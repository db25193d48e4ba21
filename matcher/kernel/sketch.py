"""The first look at a large gallery, compiled: which templates have minutiae like the probe's.

A fifth of the work of stages 1 and 2, and it only ranks. The probe's best minutiae are laid against
all of a template's: bits that both have, without masks. Who is alike enough votes for the rotation
between the two, in bins of a sixteenth of a turn; true mates agree on one.
"""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled, popcount
from greenline.matcher.segment import Segment
from greenline.prints.prepared import MAX_MINUTIAE

MINUTIAE = 24
"""So many of the probe's minutiae with a descriptor are laid against all others, the best first."""
ALIKE = 1000
"""Twice the bits that both have, in 2048ths of all bits; chosen on FVC2002 DB1 and DB2."""

_BINS = 16
_PER_RADIAN = np.float32(_BINS / (2 * math.pi))
_TURN = np.float32(2 * math.pi)


@compiled
def bits_of(words: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Return how many bits each descriptor has. words: (7, total)."""
    bits = np.zeros(words.shape[1], np.uint16)
    for section in range(words.shape[0] - 1):
        row = words[section]
        for at in range(len(row)):
            bits[at] += np.uint16(popcount(row[at]))
    return bits


@compiled
def votes(
    probes: Segment, probe: int, segment: Segment, bits: NDArray[np.uint16],
    wanted: NDArray[np.int64], out: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write the votes for each wanted template into out, (len(wanted),). bits: see bits_of."""
    own = np.empty((6, MINUTIAE), np.uint64)
    own_bits, direction = np.empty(MINUTIAE, np.int64), np.empty(MINUTIAE, np.float32)
    count = _best(probes, probe, own, own_bits, direction)
    row0, row1, row2 = segment.words[0], segment.words[1], segment.words[2]
    row3, row4, row5 = segment.words[3], segment.words[4], segment.words[5]
    other = segment.place[2]
    over, bins = np.empty(MAX_MINUTIAE, np.int32), np.empty(_BINS, np.float32)
    for at in range(len(wanted)):
        start, stop = segment.starts[wanted[at]], segment.starts[wanted[at] + 1]
        b0, b1, b2 = row0[start:stop], row1[start:stop], row2[start:stop]
        b3, b4, b5 = row3[start:stop], row4[start:stop], row5[start:stop]
        b_bits = bits[start:stop]
        m = stop - start
        bins[:] = np.float32(0)
        for i in range(count):
            a0, a1, a2 = own[0, i], own[1, i], own[2, i]
            a3, a4, a5 = own[3, i], own[4, i], own[5, i]
            a_bits = own_bits[i]
            for j in range(m):
                both = (
                    popcount(a0 & b0[j]) + popcount(a1 & b1[j]) + popcount(a2 & b2[j])
                    + popcount(a3 & b3[j]) + popcount(a4 & b4[j]) + popcount(a5 & b5[j])
                )  # fmt: skip
                over[j] = np.int32(4096 * both - ALIKE * (a_bits + np.int64(b_bits[j])))
            for j in range(m):
                if over[j] > 0:
                    turn = direction[i] - other[start + j]
                    if turn < 0:
                        turn += _TURN
                    bins[min(int(turn * _PER_RADIAN), _BINS - 1)] += np.float32(1)
        best = bins[_BINS - 1] + bins[0]
        for each in range(_BINS - 1):
            best = max(best, bins[each] + bins[each + 1])
        out[at] = best / np.sqrt(np.float32(m + 10))


@compiled
def _best(
    probes: Segment, probe: int, own: NDArray[np.uint64], own_bits: NDArray[np.int64],
    direction: NDArray[np.float32],
) -> int:  # fmt: skip
    """Take the probe's best minutiae that have a descriptor; return how many there are."""
    count = 0
    for i in range(probes.starts[probe], probes.starts[probe + 1]):
        if count < MINUTIAE and probes.words[6, i]:
            total = 0
            for section in range(6):
                own[section, count] = probes.words[section, i]
                total += popcount(probes.words[section, i])
            if total:
                own_bits[count], direction[count] = total, probes.place[2, i]
                count += 1
    return count
