"""Files that are replaced as a whole: whoever reads, or a power cut, finds the old or the new one.

A link's certificate and its key are such a file, both in one: two files could not change at once.
"""

import contextlib
import os
from pathlib import Path


def replace_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put data in the place of an earlier file. It is on the disk when this returns.

    mode: of the file from its first moment on, such as 0o600 for a secret. It keeps the owner of
    the earlier file, as far as we may give it away: a service goes on reading what root renews.
    Raises OSError, and the earlier file is as it was.
    """
    unfinished = path.with_name(f"{path.name}.new")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb") as file:
        _keep_owner(path, handle)
        os.fchmod(handle, mode)
        file.write(data)
        file.flush()
        os.fsync(handle)
    unfinished.replace(path)
    sync_folder(path.parent)


def _keep_owner(path: Path, handle: int) -> None:
    """Give an open file the owner and the group of the one whose place it takes."""
    try:
        before, made = path.lstat(), os.fstat(handle)
    except FileNotFoundError:
        return
    if (before.st_uid, before.st_gid) != (made.st_uid, made.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(handle, before.st_uid, before.st_gid)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there, for good. Raises OSError."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def overwrite(path: Path) -> None:
    """Overwrite a small file where it lies. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size
        # Twice: storage that recognises zeros still has to write the first.
        for pattern in (os.urandom(size), bytes(size)):
            os.pwrite(handle, pattern, 0)
            os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
