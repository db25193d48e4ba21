"""A folder in the machine's memory, for tests that flush a thousand times and need no disk for it.

What outlives a kill lies in the kernel, and what a power cut leaves is worked out from a log of the
changes: a real disk would only make these tests wait.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it
_ROOM_BYTES = 1 << 30


@contextlib.contextmanager
def folder_in_memory(otherwise: Path) -> Iterator[Path]:
    """Give an empty folder in memory; otherwise: the one to take where there is no room for it."""
    if not _has_room():
        yield otherwise
        return
    folder = Path(tempfile.mkdtemp(prefix="greenline-", dir=_MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _has_room() -> bool:
    if not os.access(_MEMORY, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(_MEMORY)
    return found.f_bavail * found.f_frsize >= _ROOM_BYTES
