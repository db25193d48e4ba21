"""The store's database file: how it is opened, taken over from older versions, and what fails.

Used by store.py, and by store_salvage.py for the file that it makes.
"""

import sqlite3
from pathlib import Path

from greenline.firmware.clock import Instant
from greenline.firmware.errors import StoreError, StoreFullError
from greenline.firmware.store_rows import with_digest

SCHEMA = 3
PAGE_BYTES = 4096

TABLES = """
CREATE TABLE request (
    request_id BLOB PRIMARY KEY, lane INTEGER NOT NULL, created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, born_running_ms INTEGER NOT NULL, born_wall_ms INTEGER NOT NULL,
    born_trusted INTEGER NOT NULL, envelope BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE answer (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, final INTEGER NOT NULL, born_running_ms INTEGER NOT NULL,
    born_wall_ms INTEGER NOT NULL, born_trusted INTEGER NOT NULL, sealed BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE TABLE expired (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, running_ms INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;
"""

INSERT_REQUEST = "INSERT INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_ANSWER = "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_EXPIRED = "INSERT OR REPLACE INTO expired VALUES (?, ?, ?, ?)"

# Answers of version 1 were envelopes; Store.take_over() seals them anew. What it took over counts
# its time from then on: version 1 kept nothing by which it could be known.
_FROM_1 = """
ALTER TABLE request RENAME TO older_request;
ALTER TABLE answer RENAME TO older_answer;
DROP TABLE expired;
"""
# Version 2 had the same rows without digests.
_FROM_2 = """
ALTER TABLE request RENAME TO older_request;
ALTER TABLE answer RENAME TO sealed_answer;
ALTER TABLE expired RENAME TO older_expired;
"""


def prepare(db: sqlite3.Connection, path: Path, now: Instant) -> None:
    """Make the file ready: new, of this version, or of an older one that is taken over whole.

    Raises StoreError, and leaves a file as it is that is none of these.
    """
    # Exclusive before the first read: then not even another process's read is let in, and the
    # write-ahead log needs no shared memory. One connection also keeps clear of the defect in
    # SQLite before 3.51.3 by which two connections can spoil a log that is being reset.
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise StoreError(
            f"{path} was written by a newer version of Greenline (store version "
            f"{version}, this one knows {SCHEMA}). Install the newer version; "
            "the file was not changed."
        )
    db.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a new file; another keeps its own
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    db.execute("PRAGMA cell_size_check = ON")
    db.execute("PRAGMA journal_size_limit = -1")
    db.execute("BEGIN IMMEDIATE")
    if version < SCHEMA:
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables:
            raise StoreError(f"{path} is a database, but not a store of this kiosk")
        _make(db, now, version)
    db.execute("COMMIT")


def make_tables(db: sqlite3.Connection) -> None:
    """Make the tables of this version in an empty database, inside the caller's transaction."""
    for statement in TABLES.split(";")[:-1]:
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {SCHEMA}")


def _make(db: sqlite3.Connection, now: Instant, version: int) -> None:
    for statement in {1: _FROM_1, 2: _FROM_2}.get(version, "").split(";")[:-1]:
        db.execute(statement)
    make_tables(db)
    if version == 1:
        born = (now.running_ms, now.wall_ms, now.trusted)
        rows = db.execute(
            "SELECT request_id, lane, created_ms, expires_ms, ?, ?, ?, envelope FROM older_request",
            born,
        )
        db.executemany(INSERT_REQUEST, [with_digest(*row) for row in rows.fetchall()])
        db.execute("DROP TABLE older_request")
    if version == 2:
        for older, insert in (
            ("older_request", INSERT_REQUEST),
            ("sealed_answer", INSERT_ANSWER),
            ("older_expired", INSERT_EXPIRED),
        ):
            rows = db.execute(f"SELECT * FROM {older}")  # noqa: S608  # one of the names above
            db.executemany(insert, [with_digest(*row) for row in rows.fetchall()])
            db.execute(f"DROP TABLE {older}")


def has_older_answers(db: sqlite3.Connection) -> bool:
    """Whether answers of version 1 wait for being sealed anew."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'older_answer'").fetchone()
    return found is not None


def translated(fault: sqlite3.Error, path: Path) -> StoreError:
    """Turn SQLite's fault into ours, with what to do."""
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError("the disk is full: nothing was taken. Free space, then press again.")
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreError(f"{path} is in use by another process: stop the other kiosk first")
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return StoreError(
            f"{path} is damaged or not a store; it was left as it is. Keep a copy and call service."
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(f"{path} cannot be opened: does its folder exist, may we write there?")
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(f"{path} cannot be written: the card is read-only. Call a technician.")
    return StoreError(f"the store {path} failed ({fault}): nothing was taken")
