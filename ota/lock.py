"""Two locks by flock(2), which end with the process that holds them, however it ends.

The busy lock: a kiosk holds it while a finger is taken or a case is open, an update while it
restarts. The update's own lock: one of them works at a time.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from greenline.ota.durable import card_error
from greenline.ota.errors import RefusedError
from greenline.ota.reasons import Reason


@contextlib.contextmanager
def held(path: Path, reason: Reason) -> Iterator[None]:
    """Hold a lock file. Raises RefusedError with the reason when another has it; CardError."""
    handle = _opened(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise RefusedError(reason) from fault
        yield
    finally:
        os.close(handle)


def while_idle(path: Path) -> contextlib.AbstractContextManager[None]:
    """Keep the kiosk from beginning a check. Raises RefusedError (busy) while there is one."""
    return held(path, Reason.BUSY)


def one_updater(path: Path) -> contextlib.AbstractContextManager[None]:
    """Be the only update that works. Raises RefusedError (locked)."""
    return held(path, Reason.LOCKED)


def _opened(path: Path) -> int:
    """Open a lock file, which two users share and nobody writes."""
    flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o644)
    except OSError as fault:
        raise card_error(path, fault) from fault
