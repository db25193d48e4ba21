"""The running checksum of SQLite's log, and which flipped bit makes one wrong.

Each word adds a multiple of itself to the two sums, and the multiples are Fibonacci's numbers: so a
checksum takes two products, and a flipped bit is the word and the place whose multiple is what is
missing. Multiples of a high bit repeat, modulo 2^32: then only that it was one bit is certain.

Source: sqlite.org/fileformat2, section 4.2. Used by store_frames.py alone. Pure.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

ORDERS = ("<u4", ">u4")
"""Of the bytes in a word, as the log's magic number tells."""

Sums = tuple[int, int]

_WORD = 1 << 32
_NAMED_WORDS = 2
"""In front of a frame's page: which page it is, and how many there are."""


def sums_of(covered: bytes, order: str, before: Sums) -> Sums:
    """Return the two sums over data, going on from those before."""
    words = np.frombuffer(covered, order).astype(np.uint32, copy=False)
    # The sums before act as two words in front.
    front = (before[0], before[1] - before[0])
    first, second = (
        (int(words.dot(each[2:])) + front[0] * int(each[0]) + front[1] * int(each[1])) % _WORD
        for each in _multiples(len(words) + 2)
    )
    return first, second


def mended(
    covered: bytes, order: str, before: Sums, stored: Sums
) -> tuple[tuple[bytes, ...], tuple[Sums, ...]] | None:
    """Return what the data, and their sums, may have been; None: more than a bit is wrong.

    The first is the most likely. Where it is not certain which bit it was, that is the data as they
    are, and the others differ in what says which page it is.
    """
    found = sums_of(covered, order, before)
    words = np.frombuffer(covered, order).astype(np.uint32)
    fits = _fits(words, [np.uint32((b - a) % _WORD) for a, b in zip(found, stored, strict=True)])
    if sum((a ^ b).bit_count() for a, b in zip(found, stored, strict=True)) == 1:
        named = [_turned(words, *fit, order) for fit in fits if fit[0] < _NAMED_WORDS]
        return (covered, *named), (stored, found)
    if len(fits) == 1:
        return (_turned(words, *fits[0], order),), (stored,)
    named = [_turned(words, *fit, order) for fit in fits if fit[0] < _NAMED_WORDS]
    return ((covered, *named), (stored,)) if fits else None


def _fits(words: NDArray[np.uint32], missing: list[np.uint32]) -> list[tuple[int, int]]:
    """Return which bits, as word and power, would add what is missing to both sums if turned."""
    first, second = _multiples(len(words))
    found = []
    for power in range(32):
        bit = np.uint32(1 << power)
        change = np.where(words & bit, np.uint32((-(1 << power)) % _WORD), bit).astype(np.uint32)
        fits = (change * first == missing[0]) & (change * second == missing[1])
        found += [(int(at), power) for at in np.flatnonzero(fits)]
    return found


def _turned(words: NDArray[np.uint32], at: int, power: int, order: str) -> bytes:
    turned = words.copy()
    turned[at] ^= np.uint32(1 << power)
    return turned.astype(order).tobytes()


@cache
def _multiples(words: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return by what each of so many words is multiplied in the first and the second sum."""
    numbers = [0, 1]
    while len(numbers) < words + 2:
        numbers.append((numbers[-1] + numbers[-2]) % _WORD)
    table = np.array(numbers, np.uint32)
    return table[:words][::-1], table[1 : words + 1][::-1]
