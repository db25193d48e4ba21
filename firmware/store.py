"""The store: one SQLite file with what must leave this kiosk and what came back.

Owned by the kiosk process alone: one connection, exclusive lock, write-ahead log, every commit
flushed to the card before it returns. A row is a sealed, signed envelope: nothing here can be read
without the matcher's or this kiosk's opening key. A request leaves when its final result is
committed or when it has expired, never because a broker took it.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenline.firmware.errors import StoreError, StoreFullError

log = logging.getLogger(__name__)

SCHEMA = 1

_REMEMBER_EXPIRED_MS = 30 * 24 * 3600 * 1000

_TABLES = """
CREATE TABLE request (
    request_id BLOB PRIMARY KEY, lane INTEGER NOT NULL, created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, envelope BLOB NOT NULL
) STRICT;
CREATE TABLE answer (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, final INTEGER NOT NULL, envelope BLOB NOT NULL
) STRICT;
CREATE TABLE expired (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, expired_ms INTEGER NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Pending:
    """A request that has no final answer yet, without its envelope. Times: Unix milliseconds."""

    request_id: bytes
    lane: int
    created_ms: int
    expires_ms: int


@dataclass(frozen=True)
class Answer:
    """An answer as it came: still sealed to this kiosk. Times: Unix milliseconds."""

    request_id: bytes
    created_ms: int
    arrived_ms: int
    expires_ms: int
    final: bool
    envelope: bytes


@dataclass(frozen=True)
class Expired:
    """What has left because its time was over. answers: ids of their requests."""

    requests: tuple[Pending, ...]
    answers: tuple[bytes, ...]


class Store:
    """The open store. Safe to share between threads; not between processes."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises StoreError; an unusable file is left as it is."""
        self._path = path
        self._lock = threading.RLock()
        with self._faults():
            self._db = sqlite3.connect(
                path, timeout=1, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file; everything in it is already safe."""
        with self._lock:
            self._db.close()

    def add_request(self, request: Pending, envelope: bytes) -> None:
        """Make a request durable: when this returns it survives a power cut.

        Raises StoreFullError when it was not written.
        """
        with self._write() as db:
            db.execute(
                "INSERT INTO request VALUES (?, ?, ?, ?, ?)",
                (
                    request.request_id,
                    request.lane,
                    request.created_ms,
                    request.expires_ms,
                    envelope,
                ),
            )

    def pending(self) -> list[Pending]:
        """Return what has no final answer, most urgent lane first, oldest first within a lane."""
        rows = self._read(
            "SELECT request_id, lane, created_ms, expires_ms FROM request ORDER BY lane, created_ms"
        )
        return [Pending(*row) for row in rows]

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return a pending request's envelope, or None when it has left."""
        rows = self._read("SELECT envelope FROM request WHERE request_id = ?", request_id)
        return bytes(rows[0][0]) if rows else None

    def add_answer(
        self, request_id: bytes, envelope: bytes, *, final: bool, arrived_ms: int, expires_ms: int
    ) -> bool:
        """Commit an answer and, if it is final, let its request leave, in one transaction.

        Returns False, and changes nothing, when the request is unknown, expired or answered.
        """
        with self._write() as db:
            row = db.execute(
                "SELECT created_ms FROM request WHERE request_id = ?", (request_id,)
            ).fetchone()
            if row is None:
                return False
            db.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)",
                (request_id, row[0], arrived_ms, expires_ms, final, envelope),
            )
            if final:
                db.execute("DELETE FROM request WHERE request_id = ?", (request_id,))
            return True

    def answers(self, limit: int) -> list[Answer]:
        """Return the newest answers first."""
        rows = self._read("SELECT * FROM answer ORDER BY created_ms DESC LIMIT ?", limit)
        return [Answer(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in rows]

    def expire(self, now_ms: int) -> Expired:
        """Let requests and answers past their time leave; return which did."""
        with self._write() as db:
            rows = db.execute(
                "SELECT request_id, lane, created_ms, expires_ms FROM request "
                "WHERE expires_ms <= ?",
                (now_ms,),
            ).fetchall()
            db.executemany(
                "INSERT OR REPLACE INTO expired VALUES (?, ?, ?)",
                [(row[0], row[2], now_ms) for row in rows],
            )
            db.execute("DELETE FROM request WHERE expires_ms <= ?", (now_ms,))
            answers = db.execute(
                "DELETE FROM answer WHERE expires_ms <= ? RETURNING request_id", (now_ms,)
            ).fetchall()
            db.execute(
                "DELETE FROM expired WHERE expired_ms <= ?", (now_ms - _REMEMBER_EXPIRED_MS,)
            )
        return Expired(
            tuple(Pending(*row) for row in rows), tuple(bytes(row[0]) for row in answers)
        )

    def _prepare(self) -> None:
        # Exclusive before the first read: then not even another process's read is let in, and the
        # write-ahead log needs no shared memory. One connection also keeps clear of the defect in
        # SQLite before 3.51.3 by which two connections can spoil a log that is being reset.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StoreError(
                f"{self._path} was written by a newer version of Greenline (store version "
                f"{version}, this one knows {SCHEMA}). Install the newer version; "
                "the file was not changed."
            )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute("PRAGMA journal_size_limit = -1")
        self._db.execute("BEGIN IMMEDIATE")
        if version == 0:
            tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if tables:
                raise StoreError(f"{self._path} is a database, but not a store of this kiosk")
            for statement in _TABLES.split(";")[:-1]:
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {SCHEMA}")
        self._db.execute("COMMIT")

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock, self._faults():
            return self._db.execute(statement, values).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._faults():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as fault:
            raise _translate(fault, self._path) from fault


def _translate(fault: sqlite3.Error, path: Path) -> StoreError:
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
    return StoreError(f"the store {path} failed ({fault}): nothing was taken")
