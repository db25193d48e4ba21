"""SQLite's file format as bytes: pages, cells and records, also of a file that SQLite refuses.

What is broken is passed over; it never raises, and never takes more memory than the file is large.
Who reads judges each record by itself (digest, signature). Pure: no file, no clock.

Source: sqlite.org/fileformat2, sections 1.3 (header), 1.6 (b-tree pages), 2.1 (records).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from greenline.firmware.store_frames import PAGE_SIZES, Frame

FILE_HEAD_BYTES = 100
MAGIC = b"SQLite format 3\0"
MOST_PAYLOAD_BYTES = 1 << 18
"""Twice an envelope at its largest: a record that claims more is broken."""

_MOST_NODE_BYTES = 1 << 22
"""Of the payloads of one page: cells that all claim the same chain would fill the memory."""
_MOST_BYTES = 1 << 28
"""Of a database of which only the log is left."""
_MOST_COLUMNS = 16
_MOST_VARINT_BYTES = 9
_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8)
_FLOAT, _ZERO, _ONE, _FIRST_BLOB = 7, 8, 9, 12

Value = int | bytes | str | None


class Kind(IntEnum):
    """What a b-tree's page is (section 1.6)."""

    INDEX_INNER = 2
    TABLE_INNER = 5
    INDEX_LEAF = 10
    TABLE_LEAF = 13


INNER = frozenset({Kind.INDEX_INNER, Kind.TABLE_INNER})


@dataclass(frozen=True)
class Cell:
    """One cell. child: the page below it, 0 on a leaf. chain: the pages its payload goes on in."""

    rowid: int
    child: int
    payload: bytes
    chain: tuple[int, ...] = ()


@dataclass(frozen=True)
class Node:
    """A b-tree's page as its own head tells. whole: nothing in it is broken. children: in order."""

    kind: Kind | None
    cells: tuple[Cell, ...]
    children: tuple[int, ...]
    whole: bool


class Pages:
    """A database's pages: those of the log's frames where there are some, else the file's."""

    def __init__(self, database: bytes, frames: Sequence[Frame], page_bytes: int) -> None:
        self.page_bytes = page_bytes
        self._database = database
        in_file = len(database) // page_bytes
        pages_after = next((each.pages_after for each in reversed(frames) if each.pages_after), 0)
        # What a broken number claims must not make us look at pages that cannot be there.
        most = max(in_file + len(frames), _MOST_BYTES // page_bytes)
        self.count = min(pages_after or in_file, most)
        self._newest = {each.page: each.body for each in frames}
        self._in_file = in_file

    def numbers(self) -> list[int]:
        """Return the pages of which there is something."""
        in_file = range(1, min(self._in_file, self.count) + 1)
        return [*in_file, *sorted(n for n in self._newest if self._in_file < n <= self.count)]

    def page(self, number: int) -> bytes:
        """Return a page, from 1; zeros for what is missing."""
        found = self._newest.get(number)
        if found is None:
            at = (number - 1) * self.page_bytes
            found = self._database[at : at + self.page_bytes] if at >= 0 else b""
        return found.ljust(self.page_bytes, b"\0")

    def node(self, number: int) -> Node:
        """Read a page as part of a b-tree."""
        page = self.page(number)
        head = FILE_HEAD_BYTES if number == 1 else 0
        try:
            kind = Kind(page[head])
        except ValueError:
            return Node(None, (), (), whole=False)
        count = struct.unpack_from(">H", page, head + 3)[0]
        first = head + (12 if kind in INNER else 8)
        most = (self.page_bytes - first) // 2
        places = struct.unpack_from(f">{min(count, most)}H", page, first)
        cells = tuple(self._cells(page, places, kind))
        children = tuple(cell.child for cell in cells if cell.child)
        if kind in INNER:
            children += (struct.unpack_from(">I", page, head + 8)[0],)
        return Node(kind, cells, children, whole=count <= most and len(cells) == count)

    def _cells(self, page: bytes, places: Sequence[int], kind: Kind) -> Iterator[Cell]:
        left = _MOST_NODE_BYTES
        for place in places:
            found = self.cell(page, place, kind) if left > 0 else None
            if found is not None:
                left -= len(found.payload)
                yield found

    def cell(self, page: bytes, at: int, kind: Kind) -> Cell | None:
        """Read the cell at a place in a page; None: there is none."""
        child = rowid = 0
        if kind in INNER:
            child, at = int.from_bytes(page[at : at + 4]), at + 4
            if not 0 < child <= self.count:
                return None
        if kind is Kind.TABLE_INNER:
            found = varint(page, at)
            return Cell(_signed(found[0]), child, b"") if found else None
        found = varint(page, at)
        if found is None or not 0 < found[0] <= min(MOST_PAYLOAD_BYTES, self._most_bytes):
            return None
        length, at = found
        if kind is Kind.TABLE_LEAF:
            found = varint(page, at)
            if found is None:
                return None
            rowid, at = _signed(found[0]), found[1]
        read = self._payload(page, at, length, kind)
        return Cell(rowid, child, *read) if read else None

    @property
    def _most_bytes(self) -> int:
        return self.count * self.page_bytes

    def _payload(
        self, page: bytes, at: int, length: int, kind: Kind
    ) -> tuple[bytes, tuple[int, ...]] | None:
        local = _local_bytes(length, self.page_bytes, kind)
        data = page[at : at + local]
        if len(data) < local:
            return None
        following = int.from_bytes(page[at + local : at + local + 4]) if local < length else 0
        parts, chain = [data], list[int]()
        missing = length - local
        while missing > 0:
            if not 0 < following <= self.count or following in chain:
                return None
            chain.append(following)
            beyond = self.page(following)
            parts.append(beyond[4 : 4 + missing])
            missing -= len(parts[-1])
            following = int.from_bytes(beyond[:4])
        return b"".join(parts), tuple(chain)


def varint(data: bytes, at: int) -> tuple[int, int] | None:
    """Return a number of 1 to 9 bytes and where it ends (section 1.6); None: it is cut off."""
    value = 0
    for count, byte in enumerate(data[at : at + _MOST_VARINT_BYTES], 1):
        if count == _MOST_VARINT_BYTES:
            return value << 8 | byte, at + count
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # the top bit says that another byte follows
            return value, at + count
    return None


def record(payload: bytes) -> tuple[Value, ...] | None:
    """Return a record's columns (section 2.1); None: it is none, or none of ours."""
    head = varint(payload, 0)
    if head is None or not head[1] <= head[0] <= len(payload):
        return None
    kinds = list(_kinds(payload[: head[0]], head[1]))
    if not 0 < len(kinds) <= _MOST_COLUMNS:
        return None
    columns, at = list[Value](), head[0]
    for kind in kinds:
        size = _column_bytes(kind)
        if size is None or at + size > len(payload):
            return None
        columns.append(_column(kind, payload[at : at + size]))
        at += size
    return tuple(columns) if at == len(payload) else None


def page_bytes_of_file(database: bytes) -> int:
    """Return the size of the pages that a file's head tells; 0: it cannot be told."""
    size = int.from_bytes(database[16:18])
    size = 1 << 16 if size == 1 else size
    return size if database.startswith(MAGIC) and size in PAGE_SIZES else 0


def _kinds(head: bytes, at: int) -> Iterator[int]:
    for _ in range(_MOST_COLUMNS + 1):
        found = varint(head, at)
        if found is None:
            return
        kind, at = found
        yield kind


def _column_bytes(kind: int) -> int | None:
    if kind >= _FIRST_BLOB:
        return (kind - _FIRST_BLOB) // 2
    if kind < _FLOAT:
        return _INTEGER_BYTES[kind]
    return 0 if kind in {_ZERO, _ONE} else None


def _column(kind: int, data: bytes) -> Value:
    if kind >= _FIRST_BLOB:
        return data.decode(errors="replace") if kind % 2 else data
    if kind in {_ZERO, _ONE}:
        return kind - _ZERO
    return int.from_bytes(data, signed=True) if data else None


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number


def _local_bytes(length: int, usable: int, kind: Kind) -> int:
    """Return how much of a payload lies in the cell itself (section 1.6)."""
    most = usable - 35 if kind is Kind.TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    if length <= most:
        return length
    least = (usable - 12) * 32 // 255 - 23
    local = least + (length - least) % (usable - 4)
    return local if local <= most else least
