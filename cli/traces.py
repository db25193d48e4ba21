"""Keeps what a process has in its memory off the disk: no core dumps, and a word about swap.

Python cannot promise more: whoever may read the memory of a running process reads it all.
"""

import contextlib
import ctypes
import resource
from pathlib import Path

_PR_SET_DUMPABLE = 4  # prctl(2)
_SWAPS = Path("/proc/swaps")


def forbid_dumps() -> None:
    """Let no crash of this process, or of what it starts, leave its memory in a file."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    # Also where a handler takes dumps whatever their limit (core_pattern with a pipe).
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def swap_on_disk(swaps: Path = _SWAPS) -> bool:
    """Whether memory may be written to a disk: swap is on that is no compressed memory (zram)."""
    try:
        lines = swaps.read_text().splitlines()[1:]
    except OSError:
        return False
    return any(line and not line.startswith("/dev/zram") for line in lines)
