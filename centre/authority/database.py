"""The authority's SQLite file: devices and their codes, certificates, roots, alarms.

The server and the operator's commands have it open at the same time. So it uses the rollback
journal with synchronous EXTRA, not the write-ahead log: SQLite before 3.51.3 (Debian 12 has 3.40)
can spoil a log that two connections reset at the same time. What write() committed is on the disk.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greenline.centre.authority.errors import FolderError

SCHEMA = 2
APPLICATION_ID = int.from_bytes(b"GLau")

# Times are Unix seconds. A fingerprint is the SHA-256 of a certificate in DER.
_TABLES = """
CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, hosts TEXT NOT NULL,
    matcher TEXT NOT NULL, broker_host TEXT NOT NULL, broker_port INTEGER NOT NULL,
    purpose TEXT NOT NULL, lists TEXT NOT NULL, matcher_identity BLOB
) STRICT;
CREATE TABLE root (
    generation INTEGER PRIMARY KEY, certificate BLOB NOT NULL, state TEXT NOT NULL,
    made INTEGER NOT NULL
) STRICT;
CREATE TABLE device (
    serial TEXT PRIMARY KEY, kiosk TEXT NOT NULL UNIQUE,
    code_salt BLOB, code_digest BLOB, code_until INTEGER NOT NULL DEFAULT 0,
    code_used BLOB, wrong_codes INTEGER NOT NULL DEFAULT 0, approved INTEGER NOT NULL DEFAULT 0,
    keys_open INTEGER NOT NULL DEFAULT 0, identity BLOB
) STRICT;
CREATE TABLE certificate (
    fingerprint BLOB PRIMARY KEY, number TEXT NOT NULL, name TEXT NOT NULL,
    generation INTEGER NOT NULL REFERENCES root, public_key BLOB NOT NULL, der BLOB NOT NULL,
    issued INTEGER NOT NULL, until INTEGER NOT NULL, revoked INTEGER, reason TEXT,
    renews BLOB UNIQUE
) STRICT;
CREATE INDEX certificates_of ON certificate (name, until);
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, words TEXT NOT NULL, cleared INTEGER, cleared_by TEXT
) STRICT;
CREATE TABLE revocation_list (
    id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, made INTEGER NOT NULL
) STRICT;
INSERT INTO revocation_list VALUES (1, 0, 0);
"""

# Of version 1, to make it version 2.
_KEEP_CLEARED = (
    "ALTER TABLE alarm ADD COLUMN cleared INTEGER",
    "ALTER TABLE alarm ADD COLUMN cleared_by TEXT",
)


class Database:
    """The open file. Safe to share between threads; several processes may have it open."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises FolderError; an unusable file is left as it is."""
        self._path = path
        self._lock = threading.RLock()
        with self._faults():
            self._db = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
            self._db.row_factory = sqlite3.Row
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query. Raises FolderError."""
        with self._lock, self._faults():
            return self._db.execute(statement, values).fetchall()

    def change(self, statement: str, *values: object) -> None:
        """Run one statement, within write() or as a durable transaction of its own."""
        with self._lock, self._faults():
            self._db.execute(statement, values)

    @contextmanager
    def write(self) -> Iterator[None]:
        """Make what is read and changed inside one durable transaction: all or nothing."""
        with self._lock, self._faults():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA synchronous = EXTRA")
        self._db.execute("PRAGMA secure_delete = ON")
        with self.write():
            if not self._one("SELECT count(*) FROM sqlite_master"):
                for statement in _TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")
        if self._one("PRAGMA application_id") != APPLICATION_ID:
            raise FolderError(f"{self._path} is a database, but not one of an authority")
        if self._one("PRAGMA user_version") > SCHEMA:
            raise FolderError(
                f"{self._path} was written by a newer version of Greenline: install that one; "
                "the file was not changed"
            )
        with self.write():
            if self._one("PRAGMA user_version") < SCHEMA:
                for statement in _KEEP_CLEARED:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _one(self, query: str) -> Any:
        return self._db.execute(query).fetchone()[0]

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            raise FolderError(self._say(fault)) from fault

    def _say(self, fault: sqlite3.Error) -> str:
        known = {
            sqlite3.SQLITE_FULL: "cannot grow: the disk is full. Free space, then try again",
            sqlite3.SQLITE_BUSY: "is being written by another process: try again",
            sqlite3.SQLITE_NOTADB: "is damaged or of another kind; it was left as it is",
            sqlite3.SQLITE_CORRUPT: "is damaged; it was left as it is: restore it from a copy",
            sqlite3.SQLITE_CANTOPEN: "cannot be opened: is its folder there, may we write in it?",
            sqlite3.SQLITE_READONLY: "may not be written by this account",
        }
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
        return f"the authority's database {self._path} {known.get(code, f'failed ({fault})')}"
