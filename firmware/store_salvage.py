"""A damaged store is put aside, and what can be proven of it goes into a new one.

Called by store.py when store_damage.py has found something. The damaged files are only renamed. The
new file is complete, and on the card, before it gets the store's name: whenever the power goes, the
next start finds the old damage, a folder to go on with, or the new store.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from greenline.firmware.clock import Instant
from greenline.firmware.errors import StoreError, StoreFullError
from greenline.firmware.store_aside import (
    Salvaged,
    drop_oldest,
    files_in,
    put_aside,
    write_report,
)
from greenline.firmware.store_damage import UNCOUNTED
from greenline.firmware.store_evidence import Evidence, read_all
from greenline.firmware.store_file import (
    INSERT_ANSWER,
    INSERT_EXPIRED,
    INSERT_REQUEST,
    PAGE_BYTES,
    make_tables,
)
from greenline.firmware.store_judging import Judge, Kept
from greenline.firmware.store_log import give_up_reserve
from greenline.firmware.store_mark import clear_mark, marked_bytes
from greenline.firmware.store_rescue import rescued
from greenline.link.files import sync_folder

_FULL = (28, 122)  # ENOSPC, EDQUOT
_OLDER_ANSWERS = """
CREATE TABLE older_answer (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, final INTEGER NOT NULL, envelope BLOB NOT NULL
) STRICT
"""
_INSERT_OLDER = "INSERT INTO older_answer VALUES (?, ?, ?, ?, ?, ?)"


def salvage(
    store: Path,
    verify: Callable[[bytes], bool],
    opens: Callable[[bytes, bytes], bool],
    now: Instant,
    why: str = "",
) -> Salvaged:
    """Put a damaged store aside and a new one in its place, with all that can be proven.

    verify: whether an envelope was signed by this kiosk. opens: whether an answer, told the request
    and what is sealed, opens. why: what damage_of() said. Call untold() for what to report: it also
    knows of a salvage after which the power went. Raises StoreError, StoreFullError: what there was
    lies aside, and the next start goes on with it.
    """
    try:
        filled = marked_bytes(store) > 0
        folder = put_aside(store)
        database, log = (read_all(each) for each in files_in(folder))
        found = rescued(Evidence(database, log, True, filled), Judge(verify, opens, now))  # noqa: FBT003
        unfinished = _written(store, found.kept)
        answers = len(found.kept.answers) + len(found.kept.older)
        lost = tuple(sorted(each.hex() for each in found.lost))
        unknown = found.unknown or why in UNCOUNTED
        told = Salvaged(why, folder.name, len(found.kept.requests), answers, lost, unknown)
        write_report(folder, told)
        clear_mark(store)
        unfinished.rename(store)
        sync_folder(store.parent)
        drop_oldest(store)
    except (OSError, sqlite3.Error) as fault:
        raise _failed(store, fault) from fault
    return told


def _written(store: Path, kept: Kept) -> Path:
    """Write a new store beside the old one's place; on a full card, with the room there is."""
    while True:
        try:
            return _write(store, kept)
        except (OSError, sqlite3.Error) as fault:
            if not _is_full(fault) or not _make_room(store):
                raise


def _make_room(store: Path) -> bool:
    """Give up what can be done without: the damage of earlier times, then the reserve."""
    return drop_oldest(store, keep=1) or give_up_reserve(store)


def _write(store: Path, kept: Kept) -> Path:
    path = store.with_name(f"{store.name}.salvaging")
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            _fill(db, kept)
        os.fsync(handle)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return path


def _fill(db: sqlite3.Connection, kept: Kept) -> None:
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    # Nobody reads this file before it is flushed: a fault costs nothing but its making.
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    make_tables(db)
    db.executemany(INSERT_REQUEST, kept.requests.values())
    db.executemany(INSERT_ANSWER, kept.answers.values())
    db.executemany(INSERT_EXPIRED, kept.expired.values())
    if kept.older:
        db.execute(_OLDER_ANSWERS)
        db.executemany(_INSERT_OLDER, kept.older.values())
    db.execute("COMMIT")


def _is_full(fault: OSError | sqlite3.Error) -> bool:
    if isinstance(fault, OSError):
        return fault.errno in _FULL
    return getattr(fault, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def _failed(store: Path, fault: OSError | sqlite3.Error) -> StoreError:
    if _is_full(fault):
        return StoreFullError(
            f"the store {store} is damaged, and the card is too full to salvage it: free space, "
            "then start again. Nothing was deleted."
        )
    reason = fault.strerror if isinstance(fault, OSError) else str(fault)
    return StoreError(
        f"the store {store} is damaged and cannot be put aside ({reason}): "
        "is its folder writable? Call a technician."
    )
