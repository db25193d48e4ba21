"""How the centre opens an SQLite file: a version that is checked first, faults in plain words.

The authority's server and commands have a file open at the same time. So it uses the rollback
journal with synchronous EXTRA, not the write-ahead log: SQLite before 3.51.3 (Debian 12 has 3.40)
can spoil a log that two connections reset at the same time. What write() committed is on the disk.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kind:
    """What a file is, and what lies in it.

    name: in sentences, as "the register". foreign: what is said of a database of another kind, as
    "is not a register". application_id: marks a file as of this kind; schema: the version that this
    code writes; both lie in the file's header (SQLite's pragmas). tables: the statements that make
    them. fault: what is raised, with a sentence. upgrades: by version, the statements that make the
    next one of it, run at opening.
    """

    name: str
    foreign: str
    application_id: int
    schema: int
    tables: str
    fault: type[Exception]
    upgrades: Mapping[int, str] = field(default_factory=dict)


class Database:
    """One open file. Safe to share between threads; several processes may have it open."""

    def __init__(self, path: Path, kind: Kind, *, create: bool = False) -> None:
        """Open the file; create: make it, for its owner alone, where there is none yet.

        Raises the kind's fault; an unusable file is left as it is.
        """
        self._path = path
        self._kind = kind
        self._lock = threading.RLock()
        with self._faults():
            if create:
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=10,
                isolation_level=None,
                check_same_thread=False,
            )
            self._db.row_factory = sqlite3.Row
            try:
                self._prepare(create=create)
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def read(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Return all rows of a query. Raises the kind's fault."""
        with self._lock, self._faults():
            return self._db.execute(statement, values).fetchall()

    def change(self, statement: str, *values: object) -> int:
        """Run one statement, within write() or as a durable transaction; return how many rows."""
        with self._lock, self._faults():
            return self._db.execute(statement, values).rowcount

    @contextmanager
    def write(self) -> Iterator[None]:
        """Make what is read and changed inside one durable transaction: all or nothing.

        An OSError inside becomes the kind's fault too.
        """
        with self._lock, self._faults():
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
                self._run(self._kind.tables)
                self._db.execute(f"PRAGMA application_id = {self._kind.application_id}")
                self._db.execute(f"PRAGMA user_version = {self._kind.schema}")
        if self._pragma("application_id") != self._kind.application_id:
            raise self._kind.fault(f"{self._path} {self._kind.foreign}")
        if self._pragma("user_version") > self._kind.schema:
            raise self._kind.fault(
                f"{self._path} was written by a newer version of Greenline: install that one; "
                "the file was not changed"
            )
        if self._pragma("user_version") < self._kind.schema:
            self._upgrade()

    def _upgrade(self) -> None:
        """Bring an older file up to date as one transaction: whole, or it stays as it was."""
        with self.write():
            # Another process may have been faster.
            for version in range(self._pragma("user_version"), self._kind.schema):
                self._run(self._kind.upgrades.get(version, ""))
                self._db.execute(f"PRAGMA user_version = {version + 1}")

    def _run(self, statements: str) -> None:
        for statement in statements.split(";")[:-1]:
            self._db.execute(statement)

    def _pragma(self, name: str) -> Any:
        return self._db.execute(f"PRAGMA {name}").fetchone()[0]

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except FileExistsError as fault:
            raise self._kind.fault(f"{self._path} is there already") from fault
        except (sqlite3.Error, OSError) as fault:
            raise self._kind.fault(self._say(fault)) from fault

    def _say(self, fault: Exception) -> str:
        known = {
            sqlite3.SQLITE_FULL: "cannot grow: the disk is full. Free space, then try again",
            sqlite3.SQLITE_BUSY: "is being written by another process: try again",
            sqlite3.SQLITE_NOTADB: "is damaged or of another kind; it was left as it is",
            sqlite3.SQLITE_CORRUPT: "is damaged; it was left as it is: restore it from a copy",
            sqlite3.SQLITE_CANTOPEN: "cannot be opened: is its folder there, may we write in it?",
            sqlite3.SQLITE_READONLY: "may not be written by this account",
        }
        code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
        return f"{self._kind.name} {self._path} {known.get(code, f'cannot be used ({fault})')}"
