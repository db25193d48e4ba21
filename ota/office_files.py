"""The release office's files: whole or not at all, and on the disk when a function returns.

Faults are told in the office's words: its disk is no kiosk's memory card.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from greenline.ota.durable import make_folder, sync_folder, write_all
from greenline.ota.errors import OfficeError

SECRET: Final = 0o600
PUBLIC: Final = 0o644


@contextlib.contextmanager
def on_disk(path: Path, what: str = "written") -> Iterator[None]:
    """Turn an OSError into OfficeError that names the file and what to do."""
    try:
        yield
    except OSError as fault:
        told = {
            errno.ENOSPC: "the disk is full: free some space and run this again",
            errno.EROFS: "the disk is read-only",
        }.get(fault.errno or 0, fault.strerror or str(fault))
        raise OfficeError(f"{path} cannot be {what}: {told}") from fault


def write_file(path: Path, data: bytes, mode: int = PUBLIC, *, announce: bool = True) -> None:
    """Replace a file as a whole, or leave it as it was; makes its folder. Raises OfficeError.

    announce: flush the folder too; False where the caller does so for many files at once.
    """
    with on_disk(path):
        make_folder(path.parent)
        aside = path.with_name(f".{path.name}.new")
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            try:
                os.fchmod(file, mode)
                write_all(file, data)
                os.fsync(file)
            finally:
                os.close(file)
            aside.replace(path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        if announce:
            sync_folder(path.parent)


def read_file(path: Path, most: int) -> bytes:
    """Return a file. Raises OfficeError when it cannot be read or has more than `most` bytes."""
    with on_disk(path, "read"), path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OfficeError(f"{path} is larger than {most} bytes")
    return data


def remove_files(*paths: Path) -> None:
    """Remove files that may be there. Raises OfficeError."""
    for path in paths:
        with on_disk(path, "removed"):
            path.unlink(missing_ok=True)
