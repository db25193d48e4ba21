"""The first look at a large gallery, compiled: which templates have minutiae like the probe's.

A small part of the work of stages 1 and 2, and it only ranks. The probe's best minutiae are laid
against all of a template's: bits that both have, without masks. Who is alike enough votes for the
rotation between the two, in bins of a sixteenth of a turn; true mates agree on one.
"""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled, popcount
from greenline.matcher.kernel.lanes import alike, lowest
from greenline.matcher.kernel.vectors import LANES
from greenline.matcher.segment import Segment

MINUTIAE = 24
"""So many of the probe's minutiae with a descriptor are laid against all others, the best first."""
ALIKE = 860
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
    own = np.empty((MINUTIAE, 6), np.uint64)
    limit, direction = np.empty(MINUTIAE, np.int64), np.empty(MINUTIAE, np.float32)
    count = _best(probes, probe, own, limit, direction)
    other = segment.place[2]
    masks, bins = np.empty(MINUTIAE, np.uint8), np.empty(_BINS, np.float32)
    for at in range(len(wanted)):
        start, stop = segment.starts[wanted[at]], segment.starts[wanted[at] + 1]
        bins[:] = np.float32(0)
        for begin in range(start, stop, LANES):
            base = max(min(begin, len(bits) - LANES), 0)  # within the segment
            if base + LANES <= len(bits):
                alike(own, limit, count, segment.words, bits, base, ALIKE, masks)
            else:
                _one_by_one(own, limit, count, segment.words, bits, masks)
            # Only lanes of this template that have not been counted.
            lanes = (0xFF << (begin - base)) & (0xFF >> max(base + LANES - stop, 0))
            for i in range(count):
                mask = np.uint64(masks[i] & lanes)
                while mask:
                    turn = direction[i] - other[base + lowest(mask)]
                    if turn < 0:
                        turn += _TURN
                    bins[min(int(turn * _PER_RADIAN), _BINS - 1)] += np.float32(1)
                    mask &= mask - np.uint64(1)
        best = bins[_BINS - 1] + bins[0]
        for each in range(_BINS - 1):
            best = max(best, bins[each] + bins[each + 1])
        out[at] = best / np.sqrt(np.float32(stop - start + 10))


@compiled
def _one_by_one(
    own: NDArray[np.uint64], limit: NDArray[np.int64], count: int,
    words: NDArray[np.uint64], bits: NDArray[np.uint16], masks: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Do what alike() does, for a segment of fewer minutiae than it has lanes."""
    for i in range(count):
        masks[i] = 0
        for j in range(len(bits)):
            both = 0
            for section in range(6):
                both += popcount(own[i, section] & words[section, j])
            if 4096 * both > limit[i] + ALIKE * np.int64(bits[j]):
                masks[i] |= np.uint8(1 << j)


@compiled
def _best(
    probes: Segment, probe: int, own: NDArray[np.uint64], limit: NDArray[np.int64],
    direction: NDArray[np.float32],
) -> int:  # fmt: skip
    """Take the probe's best minutiae that have a descriptor; return how many there are."""
    count = 0
    for i in range(probes.starts[probe], probes.starts[probe + 1]):
        if count < MINUTIAE and probes.words[6, i]:
            total = 0
            for section in range(6):
                own[count, section] = probes.words[section, i]
                total += popcount(probes.words[section, i])
            if total:
                limit[count], direction[count] = ALIKE * total, probes.place[2, i]
                count += 1
    return count
