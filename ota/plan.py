"""Which chunks of a new image lie on this card already, and which must be fetched.

What a slot holds is told by the index that was installed there; that it still does is believed only
of the bytes that were read and have the chunk's SHA-256. The slot that is being written may hold
old chunks too; one that was overwritten meanwhile does not verify, and is fetched.
"""

from array import array
from dataclasses import dataclass
from typing import Final

from greenline.ota.chunk_table import Ranks, table_of
from greenline.ota.chunks import is_chunk
from greenline.ota.errors import CardError
from greenline.ota.index import Chunk, Index
from greenline.ota.place import SlotReader

_NOWHERE: Final = -1


@dataclass(frozen=True)
class Plan:
    """Bytes of the image that are expected on the card, and compressed bytes to fetch."""

    held: int
    to_fetch: int


class Holdings:
    """Where the chunks of one image may lie: for each place, an offset for each of them."""

    def __init__(self, wanted: Index) -> None:
        self._wanted: Final = wanted
        self._ranks: Final = Ranks(table_of(wanted))
        self._places: list[tuple[SlotReader, array[int]]] = []

    def add(self, place: SlotReader, index: Index) -> None:
        """Take note of what a slot is said to hold."""
        found = self._nothing()
        table = table_of(index)
        offset = 0
        for number in range(len(table)):
            rank = self._ranks.first(table.digest(number))
            if rank is not None and found[rank] == _NOWHERE:
                found[rank] = offset
            offset += table.size(number)
        self._places.append((place, found))

    def wrote(self, place: SlotReader, offset: int, chunk: Chunk) -> None:
        """Take note of a chunk that was written now, if the image wants it again."""
        rank = self._ranks.first(bytes.fromhex(chunk.sha256))
        if rank is None or not self._ranks.repeated(rank):
            return
        if not self._places or self._places[-1][0] is not place:
            self._places.append((place, self._nothing()))
        self._places[-1][1][rank] = offset

    def find(self, chunk: Chunk) -> bytes | None:
        """Return a chunk from the card, verified; None: it must be fetched."""
        rank = self._ranks.first(bytes.fromhex(chunk.sha256))
        for place, found in self._places:
            if rank is None or found[rank] == _NOWHERE:
                continue
            try:
                data = place.read(found[rank], chunk.size)
            except CardError:
                continue
            if is_chunk(data, chunk):
                return data
        return None

    def plan(self) -> Plan:
        """Return what is to be expected, by what the indexes say."""
        held = to_fetch = 0
        seen = bytearray(len(self._wanted.chunks))
        for chunk in self._wanted.chunks:
            rank = self._ranks.first(bytes.fromhex(chunk.sha256)) or 0
            if seen[rank] or any(found[rank] != _NOWHERE for _, found in self._places):
                held += chunk.size
            else:
                to_fetch += chunk.compressed
            seen[rank] = 1
        return Plan(held, to_fetch)

    def _nothing(self) -> "array[int]":
        return array("q", [_NOWHERE]) * len(self._wanted.chunks)
