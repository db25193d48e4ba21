"""Which chunks of one download are on the card: a file that is only appended to.

A head that names the download, then records of twelve bytes: a first chunk, how many, a checksum.
A record is written after the chunks are on the card, so it never says too much; one that a power
cut tore ends the file. What it says is still not believed in the end: the slot is read back.
"""

import os
import struct
import zlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from greenline.ota.durable import on_card, read, replace_file, write_all

_MAGIC: Final = b"GLJ1"
_RECORD: Final = struct.Struct(">III")
_FORGOTTEN: Final = 1 << 31
_MOST_BYTES: Final = 32 << 20


class Journal:
    """The journal of one download. A context manager. Not safe to share between processes."""

    def __init__(self, path: Path, download: bytes, chunks: int) -> None:
        """download: 32 bytes that name it; another's journal is begun anew. chunks: how many."""
        self._path: Final = path
        self._head: Final = _MAGIC + download
        self._done: Final = bytearray(chunks)
        self._file = -1

    def __enter__(self) -> Self:
        """Read it, and cut off what a power cut tore. Raises CardError."""
        data = read(self._path, _MOST_BYTES) or b""
        if not data.startswith(self._head):
            replace_file(self._path, self._head)
            data = self._head
        whole = len(self._head) + self._take(memoryview(data)[len(self._head) :])
        with on_card(self._path):
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            if whole < len(data):
                os.ftruncate(self._file, whole)
                os.fsync(self._file)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def has(self, number: int) -> bool:
        """Tell whether a chunk is on the card."""
        return bool(self._done[number])

    def add(self, numbers: list[int]) -> None:
        """Note chunks that are on the card now, in rising order. Raises CardError."""
        self._append([(first, count) for first, count in _runs(numbers)])

    def forget(self, numbers: list[int]) -> None:
        """Note chunks that are not what they should be. Raises CardError."""
        self._append([(first, count | _FORGOTTEN) for first, count in _runs(numbers)])

    def _append(self, records: list[tuple[int, int]]) -> None:
        if not records:
            return
        data = b"".join(_RECORD.pack(*record, self._sum(*record)) for record in records)
        with on_card(self._path):
            write_all(self._file, data)
            os.fsync(self._file)
        for record in records:
            self._apply(*record)

    def _take(self, data: memoryview) -> int:
        """Apply the records; returns how many bytes of them are whole."""
        taken = 0
        for first, count, checksum in _RECORD.iter_unpack(data[: len(data) // 12 * 12]):
            if checksum != self._sum(first, count) or not self._apply(first, count):
                break
            taken += _RECORD.size
        return taken

    def _apply(self, first: int, count: int) -> bool:
        value, count = (0, count & ~_FORGOTTEN) if count & _FORGOTTEN else (1, count)
        if not 0 < count <= len(self._done) - first:
            return False
        self._done[first : first + count] = bytes([value]) * count
        return True

    def _sum(self, first: int, count: int) -> int:
        return zlib.crc32(struct.pack(">II", first, count), zlib.crc32(self._head))


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Return (first, how many) of each run in rising numbers."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and sum(runs[-1]) == number:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs
