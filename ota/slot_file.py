"""What lies in a slot: written chunk by chunk, flushed, and read back from the card itself.

The only place that writes to a slot. It believes the index alone: bytes that are not the chunk that
belongs at an offset are not written, whoever brings them.
"""

import errno
import hashlib
import os
import stat
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from greenline.ota.chunks import is_chunk
from greenline.ota.durable import card_error, on_card
from greenline.ota.errors import CardError, RefusedError
from greenline.ota.index import Chunk, Index
from greenline.ota.reasons import Reason

_FLUSH_BYTES: Final = 8 << 20
_DEVICES: Final = Path("/dev")
_LINKS: Final = Path("/dev/disk")


class DamagedSlotError(RefusedError):
    """What was written reads back differently. chunks: (offset, chunk) to be written again."""

    def __init__(self, chunks: list[tuple[int, Chunk]]) -> None:
        super().__init__(Reason.SLOT_DAMAGED)
        self.chunks = chunks


class SlotFile:
    """An open slot that is to hold an image. A context manager. Raises CardError, RefusedError."""

    def __init__(
        self, place: Path, index: Index, before_writing: Callable[[], None] | None = None
    ) -> None:
        """place: a block device, opened for ourselves alone, or a file, made as large as it.

        before_writing: called once, before the first byte changes.
        """
        self._place = place
        self._index = index
        self._offsets = array("Q", (offset for offset, _ in offsets(index)))
        self._unflushed = 0
        self._before_writing = before_writing
        self.proven = False
        self._handle = _opened(place)
        try:
            self._make_room(index.image.size)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "SlotFile":
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        self.close()

    def write(self, offset: int, data: bytes) -> None:
        """Write the chunk that belongs there. Raises RefusedError (broken-chunk)."""
        chunk = self._at(offset)
        if chunk is None or not is_chunk(data, chunk):
            raise RefusedError(Reason.BROKEN_CHUNK, f"no chunk of this release lies at {offset}")
        if self._before_writing is not None:
            self._before_writing()
            self._before_writing = None
        rest = memoryview(data)
        self.proven = False
        with on_card(self._place):
            while rest:
                done = os.pwrite(self._handle, rest, offset)
                rest, offset = rest[done:], offset + done
            self._unflushed += len(data)
            if self._unflushed >= _FLUSH_BYTES:  # no gigabyte waits in memory for the end
                self.flush()

    def read(self, offset: int, size: int) -> bytes:
        """Return what lies there now, unverified."""
        with on_card(self._place):
            return os.pread(self._handle, size, offset)

    def flush(self) -> None:
        """Have everything that was written on the card."""
        with on_card(self._place):
            os.fsync(self._handle)
        self._unflushed = 0

    def prove(self) -> None:
        """Read the whole image back from the card. Raises DamagedSlotError."""
        self.flush()
        with on_card(self._place):
            # Else the answer would come from memory.
            os.posix_fadvise(self._handle, 0, 0, os.POSIX_FADV_DONTNEED)
        whole, damaged = hashlib.sha256(), []
        for offset, chunk in offsets(self._index):
            data = self.read(offset, chunk.size)
            whole.update(data)
            if not is_chunk(data, chunk):
                damaged.append((offset, chunk))
        if damaged:
            raise DamagedSlotError(damaged)
        if whole.hexdigest() != self._index.image.sha256:
            raise RefusedError(Reason.BROKEN_IMAGE)
        self.proven = True

    def close(self) -> None:
        """Let go of it."""
        os.close(self._handle)

    def _at(self, offset: int) -> Chunk | None:
        """Return the chunk that begins at an offset."""
        number = bisect_left(self._offsets, offset)
        there = number < len(self._offsets) and self._offsets[number] == offset
        return self._index.chunks[number] if there else None

    def _make_room(self, size: int) -> None:
        with on_card(self._place):
            if stat.S_ISBLK(os.fstat(self._handle).st_mode):
                room = os.lseek(self._handle, 0, os.SEEK_END)
                if room < size:
                    words = f"the image has {size} bytes, slot {self._place} has room for {room}"
                    raise RefusedError(Reason.TOO_LARGE, words)
                return
            # Now, not in the middle of the image.
            os.posix_fallocate(self._handle, 0, size)
            os.ftruncate(self._handle, size)


def offsets(index: Index) -> Iterator[tuple[int, Chunk]]:
    """Yield where each chunk of an image lies."""
    offset = 0
    for chunk in index.chunks:
        yield offset, chunk
        offset += chunk.size


def _opened(place: Path) -> int:
    """Open a slot. O_EXCL on a block device refuses one that is mounted (HAOS#4540)."""
    try:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        if place.is_block_device():
            return os.open(place, flags | os.O_EXCL)
        if place.parent == _DEVICES or place.is_relative_to(_LINKS):
            # A file there would lie in memory, be proven, and not be what is started.
            raise CardError(f"{place} is no device: look whether the card has that partition")
        return os.open(place, flags | os.O_CREAT, 0o644)
    except OSError as fault:
        if fault.errno == errno.EBUSY:
            words = f"slot {place} is mounted: unmount it, and switch its automatic mount off"
            raise CardError(words) from fault
        raise card_error(place, fault) from fault
