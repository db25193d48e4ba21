"""What the download sees of the two slots: one to write, both to read from."""

import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


class SlotReader(Protocol):
    """Something that was written before, or just now; unverified."""

    def read(self, offset: int, size: int) -> bytes:
        """Return what lies there, less at the end. Raises CardError."""


class SlotWriter(SlotReader, Protocol):
    """The slot that does not run, open for one release (slot_file.py)."""

    def write(self, offset: int, data: bytes) -> None:
        """Write a chunk; on the card only after flush(). Raises CardError, RefusedError."""

    def flush(self) -> None:
        """Return when all that was written is on the card. Raises CardError."""

    def prove(self) -> None:
        """Read the whole image back from the card. Raises DamagedSlotError, RefusedError."""


class SlotContent:
    """A slot opened for reading alone; what cannot be opened or read holds nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> Self:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1
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

    def read(self, offset: int, size: int) -> bytes:
        """Return what lies there; nothing when the card does not give it."""
        try:
            return os.pread(self._file, size, offset) if self._file >= 0 else b""
        except OSError:
            return b""
