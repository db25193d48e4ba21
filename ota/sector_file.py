"""The port under tryboot.py: a file of one sector that is replaced where it lies.

On a device it is autoboot.txt on the mounted selector partition. The simulator's is the same sector
in a FAT image (simulated_card.py).
"""

import os
from pathlib import Path
from typing import Protocol

from greenline.ota.autoboot import SECTOR_BYTES
from greenline.ota.durable import card_error


class SectorFile(Protocol):
    """One file of one sector. Raises CardError."""

    def read(self) -> bytes:
        """Return what it holds, one byte more than a sector at most."""

    def write(self, sector: bytes) -> None:
        """Replace all of it, 512 bytes, by one write in place; durable when this returns."""


class MountedSector:
    """A file on a mounted file system. Never cut, renamed or made longer here."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes:
        """Return what it holds. Raises CardError."""
        try:
            with self._path.open("rb", buffering=0) as file:
                return file.read(SECTOR_BYTES + 1)
        except OSError as fault:
            raise card_error(self._path, fault) from fault

    def write(self, sector: bytes) -> None:
        """Replace it. Raises CardError."""
        try:
            # fsync, not sync(2), which on vfat sends the card no flush at all.
            handle = os.open(self._path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.pwrite(handle, sector, 0) != SECTOR_BYTES:
                    raise OSError(5, "a sector was written in part")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as fault:
            raise card_error(self._path, fault) from fault


def lay_out(path: Path, sector: bytes) -> None:
    """Make the file on a card that has none yet: when it is flashed, never on a device in use."""
    with path.open("xb") as file:
        file.write(sector)
        file.flush()
        os.fsync(file.fileno())
