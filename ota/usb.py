"""Reads a published repository from a folder that somebody brought: a USB stick.

Whoever made the stick may have put anything on it. Nothing but plain files below the folder is
opened: each part of a path without following links, and first only as a name (O_PATH), so that no
FIFO blocks and no device is woken. A file is read once and judged by the bytes that were read, so
it does not matter what is swapped between two readings, or the stick itself.
"""

import errno
import os
import stat
from pathlib import Path
from typing import Final

from greenline.ota.errors import LostError, RefusedError
from greenline.ota.reasons import Reason
from greenline.ota.source import MissingError, oversize

_NAME: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE_BYTES: Final = 1 << 20
_GONE: Final = frozenset({errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOMEDIUM, errno.EIO})


class FolderSource:
    """A folder with `metadata`, `targets` and `chunks`."""

    def __init__(self, folder: Path) -> None:
        """folder: where the technician's stick is mounted, or a folder on it."""
        self._folder: Final = folder

    def read(self, path: str, most: int) -> bytes:
        """Return a whole file. Raises MissingError, LostError, RefusedError."""
        try:
            name = self._found(path)
            try:
                return _content(name, path, most)
            finally:
                os.close(name)
        except OSError as fault:
            raise self._lost(path, fault) from fault

    def close(self) -> None:
        """Nothing is held between two readings, so the stick can be pulled out at any time."""

    def _found(self, path: str) -> int:
        """Return a handle on a file's name alone. Raises OSError, RefusedError."""
        parts = path.split("/")
        if any(part in {"", ".", ".."} or "\0" in part for part in parts):
            raise _unsafe(path)
        place = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        for number, part in enumerate(parts):
            try:
                inner = os.open(part, _NAME, dir_fd=place)
            finally:
                os.close(place)
            kind = os.fstat(inner).st_mode
            if not (stat.S_ISREG(kind) if number == len(parts) - 1 else stat.S_ISDIR(kind)):
                os.close(inner)
                raise _unsafe(path)
            place = inner
        return place

    def _lost(self, path: str, fault: OSError) -> LostError:
        """Return why a file cannot be read: it is not there, or the stick is not."""
        if fault.errno == errno.ENOENT and (self._folder / "metadata").is_dir():
            return MissingError(f"{path} is not on the stick: copy it again, with all that is new")
        if fault.errno == errno.ENOENT or fault.errno in _GONE:
            return LostError(
                f"no update at {self._folder}: is the stick in, and is it the right one?"
            )
        return LostError(f"{path} cannot be read from the stick: {os.strerror(fault.errno or 0)}")


def _content(name: int, path: str, most: int) -> bytes:
    """Read a file of which only the name is held. Raises OSError, RefusedError."""
    file = os.open(f"/proc/self/fd/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = bytearray()
        while piece := os.read(file, min(_PIECE_BYTES, most + 1 - len(data))):
            data += piece
            if len(data) > most:
                raise oversize(path, most)
        return bytes(data)
    finally:
        os.close(file)


def _unsafe(path: str) -> RefusedError:
    words = f"{path} on the stick is no plain file (a link, a device?): make the stick anew"
    return RefusedError(Reason.UNSAFE_MEDIUM, words)
