"""The register's SQLite file: accounts, what is kept of their PINs, the number of the newest list.

Several commands may have it open at once, so it uses the rollback journal with synchronous EXTRA
(why: centre/authority/database.py). What write() committed is on the disk. The file belongs to its
owner alone: a short PIN can be guessed from what is kept of it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenline.centre.operators_errors import RegisterError

SCHEMA = 1
APPLICATION_ID = int.from_bytes(b"GLop")

# verifier: MessagePack, NULL when the account was revoked. places: names, or beginnings with a *.
_TABLES = """
CREATE TABLE list (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL) STRICT;
INSERT INTO list VALUES (1, 0);
CREATE TABLE operator (
    id TEXT PRIMARY KEY, role TEXT NOT NULL, verifier BLOB, must_change INTEGER NOT NULL,
    places TEXT NOT NULL, reason TEXT NOT NULL DEFAULT ''
) STRICT;
"""


class Database:
    """The open file, for one command."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open the file, or create it. Raises RegisterError; an unusable file is left as it is."""
        self._path = path
        if not create and not path.exists():
            raise RegisterError(
                f"there is no register of operators in {path.parent}: make one with "
                "'greenline operators create'"
            )
        with self._faults():
            if create:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            try:
                self._prepare(create=create)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query. Raises RegisterError."""
        with self._faults():
            return self._db.execute(statement, values).fetchall()

    def change(self, statement: str, *values: object) -> None:
        """Run one statement, within write(). Raises RegisterError."""
        with self._faults():
            self._db.execute(statement, values)

    @contextmanager
    def write(self) -> Iterator[None]:
        """Make what is read and changed inside one durable transaction: all or nothing."""
        with self._faults():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _prepare(self, *, create: bool) -> None:
        self._db.execute("PRAGMA synchronous = EXTRA")
        self._db.execute("PRAGMA secure_delete = ON")
        if create:
            with self.write():
                for statement in _TABLES.split(";")[:-1]:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")
        if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise RegisterError(f"{self._path} is not a register of operators")
        if self._db.execute("PRAGMA user_version").fetchone()[0] > SCHEMA:
            raise RegisterError(
                f"{self._path} was written by a newer version of Greenline: install that one"
            )

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as fault:
            raise RegisterError(f"{self._path} is there already") from fault
        except (sqlite3.Error, OSError) as fault:
            raise RegisterError(self._say(fault)) from fault

    def _say(self, fault: Exception) -> str:
        known = {
            sqlite3.SQLITE_FULL: "cannot grow: the disk is full. Free space, then try again",
            sqlite3.SQLITE_BUSY: "is being written by another command: try again",
            sqlite3.SQLITE_NOTADB: "is damaged or of another kind; it was left as it is",
            sqlite3.SQLITE_CORRUPT: "is damaged; it was left as it is: restore it from a copy",
            sqlite3.SQLITE_READONLY: "may not be written by this account",
        }
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
        return f"the register {self._path} {known.get(code, f'cannot be used ({fault})')}"
