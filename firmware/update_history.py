"""Reads what the update tells in its own files: `history.jsonl` and `status.json`.

Another program writes them, as another user: nothing of it is believed to be well-formed, small or
even a file. Their formats are in docs/updates.md; this folder imports nothing of `ota`.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

MOST_BYTES: Final = 256 * 1024
"""So much of the history's end is looked at; an entry has some 200 bytes."""

_MOST_LINE_BYTES: Final = 8192
_Seconds = Annotated[int, Meta(ge=0, le=2**40)]


class Entry(msgspec.Struct, frozen=True):
    """One event. at_s: Unix time, as the device believed it. what: such as "confirmed"."""

    at_s: _Seconds
    what: str
    release: str
    slot: str = ""
    reason: str | None = None


class UpdateStatus(msgspec.Struct, frozen=True):
    """Where the update stands. at_s: Unix time. state: such as "refused"."""

    at_s: _Seconds = 0
    state: str = ""
    release: str = ""
    reason: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of the history, between two bytes of the file. entry: None: it cannot be read."""

    start: int
    end: int
    data: bytes
    entry: Entry | None

    @property
    def position(self) -> "Position":
        """What it is known by later."""
        return Position(self.start, self.end, _digest(self.data))


class Position(msgspec.Struct, frozen=True):
    """The last line that was noted, to know it again. All zeros: none."""

    start: int = 0
    end: int = 0
    digest: str = ""


_ENTRIES = msgspec.json.Decoder(Entry)
_STATUS = msgspec.json.Decoder(UpdateStatus)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def read_history(path: Path, position: Position) -> tuple[list[Line], bool]:
    """Return the last whole lines, the oldest first, and whether a position is still one of them.

    Of no file there are none. Raises OSError.
    """
    with _opened(path) as file:
        if file is None:
            return [], not position.end
        size = os.fstat(file).st_size
        start = max(0, size - MOST_BYTES)
        return list(_lines(_pread(file, start, size), start)), _is_there(file, position)


def read_status(path: Path) -> UpdateStatus:
    """Return where the update stands; one that nobody can read says nothing. Raises OSError."""
    with _opened(path) as file:
        data = b"" if file is None else _pread(file, 0, 65536)
    with contextlib.suppress(*_UNREADABLE):
        return _STATUS.decode(data)
    return UpdateStatus()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """Give the open file; None: there is none. Raises OSError."""
    try:
        # No link, and no pipe on which we would wait for ever.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(f"{path} is no file")
        yield file
    finally:
        os.close(file)


def _lines(data: bytes, offset: int) -> Iterator[Line]:
    """Yield the lines that have an end; the first one may have lost its beginning."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        line = data[start : end + 1]
        yield Line(offset + start, offset + end + 1, line, _entry(line))
        start = end + 1


def _entry(line: bytes) -> Entry | None:
    if len(line) <= _MOST_LINE_BYTES:
        with contextlib.suppress(*_UNREADABLE):
            return _ENTRIES.decode(line)
    return None


def _is_there(file: int, position: Position) -> bool:
    if not position.end:
        return True
    return _digest(_pread(file, position.start, position.end)) == position.digest


def _pread(file: int, start: int, end: int) -> bytes:
    """Return the bytes from start to end, at most MOST_BYTES. Raises OSError."""
    return os.pread(file, max(0, min(end - start, MOST_BYTES)), start)


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:32]
