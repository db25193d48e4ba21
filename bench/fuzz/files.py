"""Gives bytes to decoders that read files: through one file, in memory where that is possible."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
_MODE = 0o600
_MADE: list[str] = []


def folder() -> Path:
    """Make a folder that goes with the process."""
    made = tempfile.mkdtemp(prefix="fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None)
    _MADE.append(made)
    return Path(made)


@atexit.register
def remove_folders() -> None:
    """Remove them now: a child of multiprocessing ends without what is registered for its end."""
    while _MADE:
        shutil.rmtree(_MADE.pop(), ignore_errors=True)


def through_file(read: Callable[[Path], Any], name: str = "input") -> Callable[[bytes], Any]:
    """Return what takes bytes for a function that takes a path. The file is 0600."""
    path = folder() / name

    def decode(data: bytes) -> Any:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        try:
            os.write(file, data)
        finally:
            os.close(file)
        return read(path)

    return decode
