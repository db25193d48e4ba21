"""How the matcher opens an SQLite file: a version that is checked first, faults in plain words."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greenline.matcher.errors import DatabaseError


class DamagedError(DatabaseError):
    """A page of the file is damaged: the rest can still be read."""


class Database:
    """One open file. Safe to share between threads; several processes may have it open.

    kind: what to call it in messages. application_id: marks a file as of this kind. schema: the
    version this code writes. Both lie in the file's header (SQLite's pragmas of these names).
    upgrades: by version, the statements that make the next one of it, run at opening.
    The rollback journal is used rather than the write-ahead log: SQLite before 3.51.3 (Debian 12
    has 3.40) can spoil a log that two connections reset at the same time.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        application_id: int,
        schema: int,
        tables: str,
        upgrades: Mapping[int, str] | None = None,
    ) -> None:
        self._path = path
        self._kind = kind
        self._application_id = application_id
        self._upgrades = upgrades or {}
        self._lock = threading.RLock()
        with self._faults():
            self._db = sqlite3.connect(
                path, timeout=10, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(schema, tables)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of a query. Raises DatabaseError."""
        with self._lock, self._faults():
            return self._db.execute(statement, values).fetchall()

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with the file's structure, nothing when it is whole."""
        try:
            found = [str(row[0]) for row in self.read("PRAGMA integrity_check(20)")]
        except DamagedError as fault:
            return [str(fault)]
        return [] if found == ["ok"] else found

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run statements as one durable transaction: all or, with a DatabaseError, none."""
        with self._lock, self._faults():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _prepare(self, schema: int, tables: str) -> None:
        if not self._is_ours(schema):
            self._create(schema, tables)
        elif self._version() < schema:
            self._upgrade(schema)
        self._db.execute("PRAGMA synchronous = EXTRA")
        self._db.execute("PRAGMA secure_delete = ON")

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _is_ours(self, schema: int) -> bool:
        """Return whether the file has our tables; False when it is new and empty."""
        if not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return False
        found = self._db.execute("PRAGMA application_id").fetchone()[0]
        if found != self._application_id:
            raise DatabaseError(f"{self._path} is a database, but not a {self._kind}")
        version = self._version()
        if version > schema:
            raise DatabaseError(
                f"{self._path} was written by a newer version of Greenline ({self._kind} version "
                f"{version}, this one knows {schema}). Install the newer version; "
                "the file was not changed."
            )
        return True

    def _create(self, schema: int, tables: str) -> None:
        with self.write() as db:
            if self._is_ours(schema):  # another process was faster
                return
            _run(db, tables)
            db.execute(f"PRAGMA application_id = {self._application_id}")
            db.execute(f"PRAGMA user_version = {schema}")

    def _upgrade(self, schema: int) -> None:
        """Bring an older file up to date as one transaction: whole, or it stays as it was."""
        self._db.execute("PRAGMA secure_delete = ON")
        with self.write() as db:
            for version in range(self._version(), schema):  # another process may have been faster
                _run(db, self._upgrades.get(version, ""))
                db.execute(f"PRAGMA user_version = {version + 1}")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            kind = DamagedError if _is_damage(fault) else DatabaseError
            raise kind(self._say(fault)) from fault

    def _say(self, fault: sqlite3.Error) -> str:
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
        known = {
            sqlite3.SQLITE_FULL: "cannot grow: the disk is full. Free space, then try again",
            sqlite3.SQLITE_BUSY: "is being written by another process: try again",
            sqlite3.SQLITE_NOTADB: "is damaged or of another kind; it was left as it is",
            sqlite3.SQLITE_CORRUPT: "is damaged; it was left as it is: restore it from a copy",
            sqlite3.SQLITE_CANTOPEN: "cannot be opened: is its folder there, may we write in it?",
            sqlite3.SQLITE_READONLY: "may not be written by this account",
        }
        return f"the {self._kind} {self._path} {known.get(code, f'failed ({fault})')}"


def _is_damage(fault: sqlite3.Error) -> bool:
    """Return whether a page makes no sense, or the disk could not deliver it."""
    code = getattr(fault, "sqlite_errorcode", 0)
    unread = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ}
    return code & 0xFF == sqlite3.SQLITE_CORRUPT or code in unread


def _run(db: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";")[:-1]:
        db.execute(statement)
