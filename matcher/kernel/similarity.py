"""Stage 1 compiled: prints/similarity.py over packed words."""

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled, popcount
from greenline.matcher.kernel.lanes import at_least, lowest, similar
from greenline.matcher.kernel.vectors import LANES, WIDE
from greenline.prints import similarity as reference

_MIN_CELLS = reference.MIN_COMMON_CELLS
_LEAST = np.float32(reference.MIN_SIMILARITY)
_MOST = reference.MAX_CANDIDATES
_BISECTIONS = 8
_ONE, _NONE = np.float32(1), np.float32(0)


@compiled
def local_similarity(
    a: NDArray[np.uint64], a_start: int, n: int,
    b: NDArray[np.uint64], b_start: int, m: int,
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Write the similarity of every minutia to every other into out, n * m values, row by row.

    a, b: descriptors (7, all) of a segment, of which n from a_start and m from b_start are
    compared, by the same float32 operations as in the reference.
    """
    if m < LANES:
        _one_by_one(a, a_start, n, b, b_start, m, out)
        return
    for i in range(n):
        row = i * m
        for j in range(0, m - LANES + 1, LANES):
            similar(a, a_start + i, b, b_start + j, out, row + j, _MIN_CELLS)
        if m % LANES:
            last = m - LANES  # overlaps: the same values once more
            similar(a, a_start + i, b, b_start + last, out, row + last, _MIN_CELLS)


@compiled
def _one_by_one(
    a: NDArray[np.uint64], a_start: int, n: int,
    b: NDArray[np.uint64], b_start: int, m: int,
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    for i in range(n):
        for j in range(m):
            ones_a = ones_b = both = 0
            mask_a, mask_b = a[6, a_start + i], b[6, b_start + j]
            for section in range(6):
                word_a, word_b = a[section, a_start + i], b[section, b_start + j]
                ones_a += popcount(word_a & mask_b)
                ones_b += popcount(word_b & mask_a)
                both += popcount(word_a & word_b)
            out[i * m + j] = _NONE
            if popcount(mask_a & mask_b) >= _MIN_CELLS and ones_a + ones_b > 0:
                different = np.float32(ones_a + ones_b - 2 * both)
                scale = np.sqrt(np.float32(ones_a)) + np.sqrt(np.float32(ones_b))
                out[i * m + j] = _ONE - np.sqrt(different) / scale


@compiled
def candidates(
    similarity: NDArray[np.float32],
    m: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    value: NDArray[np.float64],
) -> int:
    """Write the most similar pairs, most similar first, and return how many there are.

    similarity: n * m values; first, second, value: room for as many. Equal ones come in the order
    of the matrix.
    """
    cut = _cut(similarity)
    count = 0
    whole = len(similarity) - len(similarity) % WIDE
    for start in range(0, whole, WIDE):
        mask = at_least(similarity, start, cut)
        while mask:
            at = start + lowest(mask)
            mask &= mask - np.uint64(1)
            count = _insert(similarity[at], at, count, first, value)
    for at in range(whole, len(similarity)):
        if similarity[at] >= cut:
            count = _insert(similarity[at], at, count, first, value)
    for at in range(count):
        first[at], second[at] = first[at] // m, first[at] % m
    return count


@compiled
def _insert(
    alike: np.float32, at: int, count: int, first: NDArray[np.int64], value: NDArray[np.float64]
) -> int:
    """Keep a pair if it is one of the best so far; return how many there are.

    The list is short: the cut leaves little more than is wanted.
    """
    place = count
    while place and value[place - 1] < alike:
        if place < _MOST:
            value[place] = value[place - 1]
            first[place] = first[place - 1]
        place -= 1
    if place < _MOST:
        value[place], first[place] = alike, at
        return min(count + 1, _MOST)
    return count


@compiled
def _cut(similarity: NDArray[np.float32]) -> np.float32:
    """Return a value that at least as many reach as are wanted, or the least of all."""
    if _reach(similarity, _LEAST) <= _MOST:
        return _LEAST
    low, high = _LEAST, _ONE
    for _ in range(_BISECTIONS):
        middle = (low + high) / np.float32(2)
        if _reach(similarity, middle) >= _MOST:
            low = middle
        else:
            high = middle
    return low


@compiled
def _reach(similarity: NDArray[np.float32], least: np.float32) -> int:
    count = 0
    whole = len(similarity) - len(similarity) % WIDE
    for start in range(0, whole, WIDE):
        count += popcount(at_least(similarity, start, least))
    for at in range(whole, len(similarity)):
        count += int(similarity[at] >= least)
    return count
