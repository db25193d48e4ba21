"""A row whose digest is wrong by one flipped bit: which bit it was is tried out.

A request of two fingers has some 48,000 bits, and a digest takes microseconds: it is found within a
second, and a message is saved that nobody could read otherwise. Used by store_judging.py alone.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from greenline.firmware.store_finds import Row
from greenline.firmware.store_rows import DIGEST_BYTES, digest_of

_VERSION = 3  # rows of earlier ones have no digest
_MOST_BYTES = 8 * 1024
_INTEGER_BITS = 64


@dataclass
class Mending:
    """How many rows may still be tried: one flip spoils one row, and time is not without end."""

    left: int = 4

    def mended(self, row: Row) -> Row | None:
        """Return the row as it was written; None: it is whole, or more than a bit is wrong."""
        if row.version != _VERSION or digest_of(row.values[:-1]) == row.values[-1]:
            return None
        size = sum(len(value) for value in row.values if isinstance(value, bytes))
        if self.left <= 0 or size > _MOST_BYTES:
            return None
        self.left -= 1
        found = next(_candidates(row.values), None)
        return None if found is None else Row(row.table, row.version, row.rowid, found)


def _candidates(values: tuple[int | bytes, ...]) -> Iterator[tuple[int | bytes, ...]]:
    """Yield the columns with one bit turned where that makes the digest right."""
    columns, told = values[:-1], values[-1]
    digest = digest_of(columns)
    if isinstance(told, bytes) and _bits_apart(told, digest) == 1:
        yield (*columns, digest)
    for at, value in enumerate(columns):
        turns = _numbers(value) if isinstance(value, int) else _blobs(columns, value, told)
        for turned in turns:
            mended = (*columns[:at], turned, *columns[at + 1 :])
            if digest_of(mended) == told:
                yield (*mended, told)


def _numbers(value: int) -> Iterator[int]:
    for power in range(_INTEGER_BITS):
        turned = (value % (1 << _INTEGER_BITS)) ^ (1 << power)
        yield turned - (1 << _INTEGER_BITS) if turned >> (_INTEGER_BITS - 1) else turned


def _blobs(columns: tuple[int | bytes, ...], blob: bytes, told: int | bytes) -> Iterator[bytes]:
    """Yield what a column may have been. Its bytes stand in what the digest is over as they are."""
    packed = bytearray(msgspec.msgpack.encode(list(columns)))
    begin = packed.find(blob) if blob else len(packed)
    before = hashlib.blake2b(packed[:begin], digest_size=DIGEST_BYTES)
    whole = memoryview(packed)
    for place in range(begin, begin + len(blob)):
        for power in range(8):
            packed[place] ^= 1 << power
            tried = before.copy()
            tried.update(whole[place:])
            if tried.digest() == told:
                yield bytes(whole[begin : begin + len(blob)])
            packed[place] ^= 1 << power
        before.update(whole[place : place + 1])


def _bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
