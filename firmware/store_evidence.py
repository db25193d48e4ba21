"""The store's files as they lie on the card, read without SQLite, and what stands beside them.

Used by store_damage.py and store_salvage.py. A sector that cannot be read counts as zeros.
"""

import fcntl
import os
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from greenline.firmware.store_frames import Log, page_bytes_of, read_log
from greenline.firmware.store_log import log_of, reserve_of
from greenline.firmware.store_mark import mark_of, marked_bytes
from greenline.firmware.store_pages import Pages, page_bytes_of_file
from greenline.firmware.vault import keys_beside

_SECTOR_BYTES = 4096
_LIKELY_PAGE_BYTES = (4096, 1024, 2048)
_LOCK = struct.Struct("hhqqi4x")
_LOCK_BYTES = (0x40000000, 512)
"""Where SQLite locks a file: the pending byte, the reserved byte and 510 shared ones."""


@dataclass(frozen=True)
class Evidence:
    """A database and its log, as bytes. ours: something beside them says that a store was here.

    filled: where SQLite has written nothing the log holds no zeros (store_mark.py).
    """

    database: bytes
    log: bytes
    ours: bool = False
    filled: bool = False

    def page_bytes(self) -> int:
        """Return the size of its pages, guessed where neither head tells it."""
        told = page_bytes_of_file(self.database) or page_bytes_of(self.log)
        return told or max(_LIKELY_PAGE_BYTES, key=self._leaves)

    def logs(self) -> tuple[Log, ...]:
        """Return what the log holds, in all ways in which it may be meant; the likeliest first."""
        return self._logs

    def pages(self, log: Log, frames: int | None = None) -> Pages:
        """Return the pages as the first of the log's frames leave them; None: all of them."""
        return Pages(self.database, log.frames[:frames], log.page_bytes or self.page_bytes())

    @cached_property
    def _logs(self) -> tuple[Log, ...]:
        # Asked for by who looks for damage, and again by who salvages.
        return read_log(self.log, self.page_bytes(), filled=self.filled)

    def _leaves(self, page_bytes: int) -> int:
        """Return on how many pages of this size a b-tree's page can be read."""
        pages = Pages(self.database, (), page_bytes)
        nodes = map(pages.node, pages.numbers())
        return sum(bool(node.cells) and node.whole for node in nodes)


def evidence_of(store: Path) -> Evidence:
    """Read the files of a store. Raises OSError when one is there that cannot be opened."""
    filled = marked_bytes(store) > 0
    return Evidence(read_all(store), read_all(log_of(store)), stands_beside(store), filled)


def stands_beside(store: Path) -> bool:
    """Whether the reserve, the mark or a case's key says that a store was here."""
    keys = keys_beside(store)
    with_key = keys.exists() and keys.stat().st_size > 0
    return with_key or reserve_of(store).exists() or mark_of(store).exists()


def read_all(path: Path) -> bytes:
    """Read what can be read of a file; one that is not there is empty. Raises OSError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    try:
        size = os.fstat(handle).st_size
        data = os.pread(handle, size, 0) if size < 1 << 30 else b""
        return data if len(data) == size else _by_sectors(handle, size)
    except OSError:
        return _by_sectors(handle, size)
    finally:
        os.close(handle)


def _by_sectors(handle: int, size: int) -> bytes:
    data = bytearray(size)
    for at in range(0, size, _SECTOR_BYTES):
        try:
            part = os.pread(handle, min(_SECTOR_BYTES, size - at), at)
        except OSError:
            continue
        data[at : at + len(part)] = part
    return bytes(data)


def in_use(store: Path) -> bool:
    """Whether another process has the database open: what lies there changes while it is read."""
    try:
        handle = os.open(store, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        asked = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, *_LOCK_BYTES, 0)
        told = fcntl.fcntl(handle, fcntl.F_GETLK, asked)
        return bool(_LOCK.unpack(told)[0] != fcntl.F_UNLCK)
    finally:
        os.close(handle)
