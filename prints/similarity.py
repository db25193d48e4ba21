"""Stage 1: how alike the surroundings of two minutiae are, and which pairs go on.

Counts of bits are taken as products of matrices of 0 and 1, exact in float32 and without a
population count, which NumPy has only since 2.0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.prints.cylinder import unpacked

MIN_COMMON_CELLS = 16
MIN_SIMILARITY = 0.2
MAX_CANDIDATES = 24


@dataclass(frozen=True, eq=False)
class Candidates:
    """Pairs of minutiae whose surroundings are alike, most alike first.

    first, second: int64 (k,), minutiae of either side. similarity: float64 (k,), 0.2 to 1.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    similarity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)


def local_similarity(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Return the similarity, 0 to 1, of every minutia to every other, shape (n, m).

    first, second: descriptors (7, n) and (7, m). Two descriptors with too few cells in common
    have similarity 0: without that rule, pairs that share nothing would look identical.
    """
    bits_a, mask_a = unpacked(first)
    bits_b, mask_b = unpacked(second)
    ones_a = bits_a.sum(axis=1) @ mask_b.T
    ones_b = mask_a @ bits_b.sum(axis=1).T
    both = np.tensordot(bits_a, bits_b, axes=([1, 2], [1, 2]))
    different = ones_a + ones_b - 2 * both
    comparable = (mask_a @ mask_b.T >= MIN_COMMON_CELLS) & (ones_a + ones_b > 0)
    scale = np.where(comparable, np.sqrt(ones_a) + np.sqrt(ones_b), np.float32(1))
    return np.where(comparable, 1 - np.sqrt(different) / scale, np.float32(0))


def candidates(similarity: NDArray[np.float32]) -> Candidates:
    """Return the 24 most similar pairs of at least 0.2; equal ones in the order of the matrix."""
    flat = similarity.reshape(-1)
    enough = np.flatnonzero(flat >= np.float32(MIN_SIMILARITY))
    kept = enough[np.argsort(-flat[enough], kind="stable")[:MAX_CANDIDATES]]
    first, second = np.divmod(kept, max(similarity.shape[1], 1))
    return Candidates(first, second, flat[kept].astype(np.float64))
