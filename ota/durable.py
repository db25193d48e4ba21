"""Small files that survive a power cut: written aside, flushed, renamed, the folder flushed.

Never sync(2): on FAT it sends the card no order to flush, fsync(2) does.
"""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from greenline.ota.errors import CardError

_NEW: Final = ".new"
_SUM_BYTES: Final = 64
_WORDS: Final = {
    errno.ENOSPC: "the memory card is full: free some space",
    errno.EDQUOT: "the memory card is full: free some space",
    errno.EROFS: "the memory card is read-only: it may be worn out, replace it",
    errno.EIO: "the memory card fails: replace it",
}


def card_error(path: Path, fault: OSError) -> CardError:
    """Return what the card answered as an error that names the file and what to do."""
    told = _WORDS.get(fault.errno or 0, os.strerror(fault.errno or errno.EIO))
    return CardError(f"{path}: {told}")


@contextlib.contextmanager
def on_card(path: Path) -> Iterator[None]:
    """Turn an OSError of the card into CardError."""
    try:
        yield
    except OSError as fault:
        raise card_error(path, fault) from fault


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file as a whole, or leave it as it was; makes its folder. Raises CardError."""
    with on_card(path):
        make_folder(path.parent)
        aside = path.with_name(path.name + _NEW)
        # No link: the installer writes as root where the client, another user, may make one.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(aside, flags, 0o644)
        try:
            write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        aside.replace(path)
        sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove a file for good, if it is there. Raises CardError."""
    with on_card(path):
        try:
            path.unlink()
        except FileNotFoundError:
            return
        sync_folder(path.parent)


def read(path: Path, most: int) -> bytes | None:
    """Return a file; None when there is none, or one that is larger. Raises CardError.

    Its folder may be another user's: what is no file (a pipe would never end) is none.
    """
    with on_card(path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None
            data = file.read(most + 1)
    return data if len(data) <= most else None


def make_folder(folder: Path) -> None:
    """Make a folder with its parents, each entry flushed. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries. Raises OSError."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_all(file: int, data: bytes) -> None:
    """Write all of it: one write(2) may take less. Raises OSError."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def with_sum(data: bytes) -> bytes:
    """Return bytes with their SHA-256 in a first line: damage is noticed, a forger is not."""
    return hashlib.sha256(data).hexdigest().encode() + b"\n" + data


def without_sum(data: bytes | None) -> bytes | None:
    """Return what with_sum() was given; None when it is damaged, cut or not there."""
    if data is None or data[_SUM_BYTES : _SUM_BYTES + 1] != b"\n":
        return None
    inner = data[_SUM_BYTES + 1 :]
    return inner if data[:_SUM_BYTES] == hashlib.sha256(inner).hexdigest().encode() else None
