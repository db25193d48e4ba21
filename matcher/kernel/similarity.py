"""Stage 1 compiled: prints/similarity.py over packed words."""

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled, popcount
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
    # Rows of their own: only what lies contiguously for certain is compared eight at a time.
    stop = b_start + m
    b0, b1, b2 = b[0][b_start:stop], b[1][b_start:stop], b[2][b_start:stop]
    b3, b4, b5 = b[3][b_start:stop], b[4][b_start:stop], b[5][b_start:stop]
    b6 = b[6][b_start:stop]
    for i in range(a_start, a_start + n):
        a0, a1, a2, a3, a4, a5, a6 = (
            a[0, i], a[1, i], a[2, i], a[3, i], a[4, i], a[5, i], a[6, i],
        )  # fmt: skip
        row = out[(i - a_start) * m : (i - a_start + 1) * m]
        for j in range(m):
            mask = b6[j]
            ones_a = (
                popcount(a0 & mask) + popcount(a1 & mask) + popcount(a2 & mask)
                + popcount(a3 & mask) + popcount(a4 & mask) + popcount(a5 & mask)
            )  # fmt: skip
            ones_b = (
                popcount(b0[j] & a6) + popcount(b1[j] & a6) + popcount(b2[j] & a6)
                + popcount(b3[j] & a6) + popcount(b4[j] & a6) + popcount(b5[j] & a6)
            )  # fmt: skip
            both = (
                popcount(a0 & b0[j]) + popcount(a1 & b1[j]) + popcount(a2 & b2[j])
                + popcount(a3 & b3[j]) + popcount(a4 & b4[j]) + popcount(a5 & b5[j])
            )  # fmt: skip
            different = np.float32(ones_a + ones_b - 2 * both)
            scale = np.sqrt(np.float32(ones_a)) + np.sqrt(np.float32(ones_b))
            alike = _ONE - np.sqrt(different) / scale
            enough = (popcount(mask & a6) >= _MIN_CELLS) & (ones_a + ones_b > 0)
            row[j] = alike if enough else _NONE


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
    for at in range(len(similarity)):
        alike = similarity[at]
        if alike >= cut:
            place = count
            # The list is short: the cut leaves little more than is wanted.
            while place and value[place - 1] < alike:
                if place < _MOST:
                    value[place] = value[place - 1]
                    first[place] = first[place - 1]
                place -= 1
            if place < _MOST:
                value[place], first[place] = alike, at
                count = min(count + 1, _MOST)
    for at in range(count):
        first[at], second[at] = first[at] // m, first[at] % m
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
    for at in range(len(similarity)):
        count += int(similarity[at] >= least)
    return count
