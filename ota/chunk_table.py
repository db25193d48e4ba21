"""The chunks of an index in little memory: 40 bytes each, where objects take 230.

An image of 1 GB has 30,000 chunks. Their list is read from the index's text piece by piece, in the
form in which index.encode() writes it; an index in another form is read by index.decode() as
before. Everything else treats the table as the list that it stands for.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, cast, overload

import msgspec

from greenline.ota import index as plain
from greenline.ota.errors import RefusedError
from greenline.ota.index import (
    MOST_CHUNK_BYTES,
    MOST_CHUNKS,
    MOST_COMPRESSED_BYTES,
    MOST_INDEX_BYTES,
    Chunk,
    Index,
)
from greenline.ota.reasons import Reason

_DIGEST_BYTES: Final = 32
_CHUNK: Final = re.compile(rb'\["([0-9a-f]{64})",([1-9][0-9]{0,6}),([1-9][0-9]{0,6})\]([,\]])')


class ChunkTable(Sequence[Chunk]):
    """Chunks in the order of the image."""

    def __init__(self) -> None:
        self._digests = bytearray()
        self._sizes = array("I")
        self._compressed = array("I")

    def append(self, digest: bytes, size: int, compressed: int) -> None:
        """Add a chunk; digest: 32 bytes."""
        self._digests += digest
        self._sizes.append(size)
        self._compressed.append(compressed)

    def __len__(self) -> int:
        return len(self._sizes)

    @overload
    def __getitem__(self, number: int) -> Chunk: ...
    @overload
    def __getitem__(self, number: slice) -> list[Chunk]: ...
    def __getitem__(self, number: int | slice) -> Chunk | list[Chunk]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        number %= len(self)
        return Chunk(self.digest(number).hex(), self._sizes[number], self._compressed[number])

    def __iter__(self) -> Iterator[Chunk]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(one == two for one, two in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list

    def digest(self, number: int) -> bytes:
        """Return a chunk's SHA-256, 32 bytes."""
        return bytes(self._digests[number * _DIGEST_BYTES : (number + 1) * _DIGEST_BYTES])

    def size(self, number: int) -> int:
        """Return a chunk's bytes."""
        return self._sizes[number]

    def total(self) -> int:
        """Return the bytes of all chunks."""
        return sum(self._sizes)

    def same_sizes(self, one: int, two: int) -> bool:
        """Tell whether two chunks have the same sizes."""
        return (self._sizes[one], self._compressed[one]) == (
            self._sizes[two],
            self._compressed[two],
        )


class Ranks:
    """Finds a chunk's number by its digest."""

    def __init__(self, table: ChunkTable) -> None:
        self._table: Final = table
        self._order: Final = array("I", sorted(range(len(table)), key=table.digest))

    def first(self, digest: bytes) -> int | None:
        """Return the place in the order of a chunk's first appearance; None: it is none of these.

        The same for equal chunks, so that what is known of one is known of all.
        """
        at = bisect_left(self._order, digest, key=self._table.digest)
        found = at < len(self._order) and self._table.digest(self._order[at]) == digest
        return at if found else None

    def repeated(self, rank: int) -> bool:
        """Tell whether the chunk at a place in the order is there more than once."""
        return rank + 1 < len(self._order) and self._table.digest(
            self._order[rank]
        ) == self._table.digest(self._order[rank + 1])

    def check(self) -> None:
        """Refuse equal chunks of different sizes. Raises RefusedError (broken-index)."""
        for rank in range(len(self._order) - 1):
            one, two = self._order[rank], self._order[rank + 1]
            same = self._table.digest(one) == self._table.digest(two)
            if same and not self._table.same_sizes(one, two):
                raise _broken(f"chunk {self._table.digest(one).hex()} has two sizes")


class _Wire(Index, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An index of which the chunks are still text."""

    chunks: msgspec.Raw  # type: ignore[assignment]


_DECODER = msgspec.json.Decoder(_Wire, strict=True)


def decode(data: bytes) -> Index:
    """Return the index that `data` holds; its chunks are a ChunkTable. Raises RefusedError."""
    if len(data) > MOST_INDEX_BYTES:
        return plain.decode(data)
    try:
        wire = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return plain.decode(data)  # which says why
    table = _parsed(memoryview(wire.chunks))
    if table is None:
        return plain.decode(data)
    if table.total() != wire.image.size:
        words = f"its chunks have {table.total()} bytes, its image {wire.image.size}"
        raise _broken(words)
    if len(set(wire.hardware)) != len(wire.hardware):
        raise _broken("a hardware id stands there twice")
    Ranks(table).check()
    fields = {name: getattr(wire, name) for name in Index.__struct_fields__ if name != "chunks"}
    return Index(**fields, chunks=cast("list[Chunk]", table))


def table_of(index: Index) -> ChunkTable:
    """Return an index's chunks as a table."""
    chunks: Sequence[Chunk] = index.chunks
    if isinstance(chunks, ChunkTable):
        return chunks
    table = ChunkTable()
    for chunk in chunks:
        table.append(bytes.fromhex(chunk.sha256), chunk.size, chunk.compressed)
    return table


def _parsed(text: memoryview) -> ChunkTable | None:
    """Return the chunks in a text; None when it has another form, or says what cannot be."""
    table = ChunkTable()
    at, ended = 1, False
    if bytes(text[:1]) != b"[":
        return None
    while not ended:
        found = _CHUNK.match(text, at)
        if found is None or len(table) == MOST_CHUNKS:
            return None
        size, compressed = int(found[2]), int(found[3])
        if size > MOST_CHUNK_BYTES or compressed > MOST_COMPRESSED_BYTES:
            return None
        table.append(bytes.fromhex(found[1].decode()), size, compressed)
        at, ended = found.end(), found[4] == b"]"
    return table if at == len(text) else None


def _broken(words: str) -> RefusedError:
    return RefusedError(Reason.BROKEN_INDEX, f"the release's index is broken: {words}")
