"""The write-ahead log at its full size from the start, and the reserve for a full card.

A log that grows costs a second flush for each commit, of the file's new size; one that is as large
as it will become costs one. A card that is full lets nothing be deleted either, since a deletion is
written to the log first: so some room is kept in a file that is given up then. Used by store.py.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from greenline.firmware.store_bounds import CARD_LEFT_BYTES
from greenline.firmware.store_frames import FILLING
from greenline.firmware.store_mark import clear_mark, set_mark
from greenline.link.files import sync_folder

LOG_BYTES = 1 << 20
"""Of the log. SQLite brings its content into the database before that much is in it."""
RESERVE_BYTES = 1 << 20

_CHUNK_BYTES = 1 << 16
_HEAD_FIRST_BYTES = 4096
_ZERO = bytes(1)
_FRAME_HEAD_BYTES = 24
_LOG_HEAD_BYTES = 32
_USED_SHARE = 0.75


def log_of(store: Path) -> Path:
    """Return where SQLite keeps a store's log."""
    return store.with_name(f"{store.name}-wal")


def reserve_of(store: Path) -> Path:
    """Return where a store's reserve lies."""
    return store.with_name(f"{store.name}-reserve")


def set_up_log(db: sqlite3.Connection, store: Path) -> None:
    """Make the log as large as it will become, empty. Raises sqlite3.Error, OSError.

    With too little room on the card it grows as it is used.
    """
    clear_mark(store)
    page_bytes = db.execute("PRAGMA page_size").fetchone()[0]
    pages = round(_USED_SHARE * LOG_BYTES) // (page_bytes + _FRAME_HEAD_BYTES)
    db.execute(f"PRAGMA wal_autocheckpoint = {pages}")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    # SQLite's locks are on the database, not on the log, so closing another handle of it is safe.
    with contextlib.suppress(OSError):
        _fill(log_of(store), LOG_BYTES, FILLING)
        set_mark(store, LOG_BYTES)


def empty_log(db: sqlite3.Connection, store: Path) -> None:
    """Bring what is in the log into the database, and leave nothing to read in the log.

    It keeps its size. Raises sqlite3.Error, OSError.
    """
    busy, frames, done = db.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
    if busy or frames != done or frames <= 0:
        return
    # All of it is in the database and flushed, so what these bytes are means nothing to SQLite: its
    # next commit begins the log anew.
    page_bytes = db.execute("PRAGMA page_size").fetchone()[0]
    used = _LOG_HEAD_BYTES + frames * (page_bytes + _FRAME_HEAD_BYTES)
    _fill(log_of(store), used, FILLING)


def keep_reserve(store: Path) -> bool:
    """Set the reserve aside, if it is not there; False when there is no room for it."""
    path = reserve_of(store)
    try:
        if path.exists() and path.stat().st_size >= RESERVE_BYTES:
            return True
        card = os.statvfs(path.parent)
        if card.f_bavail * card.f_frsize < CARD_LEFT_BYTES + RESERVE_BYTES:
            _fill(path, 0, _ZERO)
            return False
        _fill(path, RESERVE_BYTES, _ZERO)
        sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            os.truncate(path, 0)
        return False
    return True


def give_up_reserve(store: Path) -> bool:
    """Give the reserve's room back to the card; False when there is none.

    The file stays, empty: it says that a store was here.
    """
    path = reserve_of(store)
    try:
        if not path.stat().st_size:
            return False
        os.truncate(path, 0)
        sync_folder(path.parent)
    except OSError:
        return False
    return True


def _fill(path: Path, size: int, pattern: bytes) -> None:
    """Write a pattern, again and again, over the first bytes of a file, and flush it.

    The head is on the card before the rest is written: a log's later pages without its head say
    nothing, but a head before pages that are gone would have SQLite take back older ones.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        for first, end in ((0, min(size, _HEAD_FIRST_BYTES)), (_HEAD_FIRST_BYTES, size)):
            for at in range(first, end, _CHUNK_BYTES):
                length = min(_CHUNK_BYTES, end - at)
                os.pwrite(handle, (pattern * (length // len(pattern) + 1))[:length], at)
            os.fdatasync(handle)
    finally:
        os.close(handle)
