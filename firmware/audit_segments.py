"""The audit log's files: segments in a folder, each only ever made longer at its end.

A record is written with one write and flushed to the card before append() returns. One that was
only written in part (full disk) is cut off again at once; one that was torn by a power cut is cut
off at the next start, and kept beside the log for whoever wants to see it.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Self

from greenline.firmware.errors import AuditError, AuditFullError
from greenline.protocol.audit_head import Head

_SUFFIX = ".log"
_CUT = "cut"
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}


def segment_name(sequence: int) -> str:
    """Return the name of the file of this running number."""
    return f"{sequence:08d}{_SUFFIX}"


def segment_paths(folder: Path) -> dict[int, Path]:
    """Return the segments by running number, in order. Raises AuditError."""
    try:
        found = {
            int(path.stem): path
            for path in folder.glob(f"*{_SUFFIX}")
            if path.stem.isascii() and path.stem.isdigit()
        }
    except OSError as fault:
        raise AuditError(f"the audit log {folder} cannot be read: {fault.strerror}") from fault
    return dict(sorted(found.items()))


class Segment:
    """The open segment that is written to."""

    def __init__(self, folder: Path, sequence: int) -> None:
        """Open a segment that is there. Raises AuditError."""
        self.sequence = sequence
        self._path = folder / segment_name(sequence)
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            self.size = os.fstat(self._file).st_size
        except OSError as fault:
            raise translated(fault, self._path) from fault

    @classmethod
    def create(cls, folder: Path, sequence: int, head: Head) -> Self:
        """Make a new segment, there with its whole head or not at all. Raises AuditError."""
        write_durably(folder / segment_name(sequence), head.to_bytes())
        return cls(folder, sequence)

    def append(self, data: bytes) -> None:
        """Add data; when this returns they survive a power cut. Raises AuditError: none is there.

        What is left of a write that failed is cut off; if even that fails, at the next append.
        """
        try:
            if os.fstat(self._file).st_size > self.size:
                os.ftruncate(self._file, self.size)
            _write(self._file, data)
            os.fdatasync(self._file)
        except OSError as fault:
            self._undo()
            raise translated(fault, self._path) from fault
        self.size += len(data)

    def cut_to(self, size: int) -> None:
        """Cut off a torn end, and keep what was cut beside the log. Raises AuditError."""
        with contextlib.suppress(OSError, AuditError):  # a full disk is no reason not to start
            torn = os.pread(self._file, self.size - size, size)
            write_durably(self._path.with_name(f"{self._path.stem}-{size}.{_CUT}"), torn)
        try:
            os.ftruncate(self._file, size)
            os.fsync(self._file)
        except OSError as fault:
            raise translated(fault, self._path) from fault
        self.size = size

    def close(self) -> None:
        """Close the file; all of it is on the card."""
        os.close(self._file)

    def _undo(self) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self.size)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole, with its old or its new bytes, or not at all.

    Raises AuditError.
    """
    new = path.with_name(path.name + ".new")
    try:
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            _write(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        new.replace(path)
        sync_folder(path.parent)
    except OSError as fault:
        raise translated(fault, path) from fault


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def translated(fault: OSError, path: Path) -> AuditError:
    """Turn the system's fault into ours, with what to do."""
    if fault.errno in _FULL:
        return AuditFullError(
            "the disk is full: the audit log cannot be written, so nothing was done. "
            "Free space, then try again."
        )
    return AuditError(
        f"the audit log {path} cannot be written ({fault.strerror}), so nothing was done. "
        "Does its folder exist, may we write there?"
    )


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
