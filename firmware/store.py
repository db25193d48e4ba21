"""The store: one SQLite file with what must leave this kiosk and what came back.

Owned by the kiosk process alone: one connection, exclusive lock, write-ahead log, every commit
flushed to the card before it returns. A request is a sealed, signed envelope, which nobody here can
open; an answer lies under its case's key (vault.py), and with the key it is gone. A request leaves
when its final answer is committed or when it has expired, never because a broker took it. What
expires is decided by the clock's proofs alone (clock.py).
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenline.firmware.clock import Instant
from greenline.firmware.errors import ShreddedError
from greenline.firmware.store_expiry import (
    Expired,
    Pending,
    forget,
    nobody_is_told,
    past_its_time,
)
from greenline.firmware.store_file import empty_log, has_older_answers, prepare, translated
from greenline.firmware.vault import Vault

log = logging.getLogger(__name__)

__all__ = ["Answer", "Expired", "Pending", "Store"]


@dataclass(frozen=True)
class Answer:
    """An answer, as what was in its envelope. Times: Unix milliseconds."""

    request_id: bytes
    created_ms: int
    arrived_ms: int
    expires_ms: int
    final: bool
    body: bytes


class Store:
    """The open store. Safe to share between threads; not between processes.

    vault: of the cases' keys; it is closed with the store. now: the clock.
    """

    def __init__(self, path: Path, vault: Vault, now: Callable[[], Instant]) -> None:
        """Open or create the file. Raises StoreError; an unusable file is left as it is."""
        self._path = path
        self._vault = vault
        self._now = now
        self._lock = threading.RLock()
        self._asked: dict[bytes, int] = {}
        with self._faults():
            self._db = sqlite3.connect(
                path, timeout=1, isolation_level=None, check_same_thread=False
            )
            try:
                prepare(self._db, path, now())
                self._tidy()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the files; everything in them is already safe."""
        with self._lock:
            self._db.close()
            self._vault.close()

    def add_request(self, request: Pending, envelope: bytes) -> None:
        """Make a request durable: when this returns it survives a power cut.

        Raises StoreFullError when it was not written.
        """
        row = (request.request_id, request.lane, request.created_ms, request.expires_ms)
        with self._write() as db:
            born = self._born()
            db.execute(
                "INSERT INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, *born, envelope)
            )
            self._asked[request.request_id] = born[0]

    def asked_ms(self, request_id: bytes) -> int | None:
        """Return when a pending request was added, running time; None: not in this run.

        Not from the file: a request of an earlier run says nothing about when it is now.
        """
        with self._lock:
            return self._asked.get(request_id)

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
        self,
        request_id: bytes,
        body: bytes,
        *,
        final: bool,
        arrived_ms: int,
        expires_ms: int,
    ) -> bool:
        """Commit an answer and, if it is final, let its request leave, in one transaction.

        body: what its envelope held. Returns False, and changes nothing, when the request is
        unknown, expired or answered.
        """
        with self._write() as db:
            row = db.execute(
                "SELECT created_ms FROM request WHERE request_id = ?", (request_id,)
            ).fetchone()
            if row is None:
                return False
            sealed = self._vault.seal(request_id, body)
            values = (request_id, row[0], arrived_ms, expires_ms, final, *self._born(), sealed)
            db.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            if final:
                db.execute("DELETE FROM request WHERE request_id = ?", (request_id,))
                self._asked.pop(request_id, None)
            return True

    def answers(self, limit: int) -> list[Answer]:
        """Return the newest answers first; one whose key is gone is left out."""
        found = []
        rows = self._read(
            "SELECT request_id, created_ms, arrived_ms, expires_ms, final, sealed FROM answer "
            "ORDER BY created_ms DESC LIMIT ?",
            limit,
        )
        for request_id, created_ms, arrived_ms, expires_ms, final, sealed in rows:
            try:
                body = self._vault.open(request_id, sealed)
            except ShreddedError as fault:
                told = {"request": request_id.hex(), "reason": str(fault)}
                log.warning("stored answer unreadable", extra=told)
                continue
            found.append(Answer(request_id, created_ms, arrived_ms, expires_ms, bool(final), body))
        return found

    def expire(self, before: Callable[[Expired], None] = nobody_is_told) -> Expired:
        """Let requests and answers past their time leave; return which did.

        before: is told what will leave; if it raises, nothing does.
        """
        now = self._now()
        with self._write() as db:
            expired = past_its_time(db, now)
            forget(db, expired, now)
            before(expired)
            # The keys first: should the power go now, what they opened is unreadable already.
            self._vault.shred(expired.answers)
            for request in expired.requests:
                self._asked.pop(request.request_id, None)
        if expired.requests or expired.answers:
            with self._lock, self._faults():
                empty_log(self._db)
        return expired

    def take_over(self, read: Callable[[bytes, int], bytes | None]) -> None:
        """Seal the answers of an older version's store anew. read: opens such an answer.

        It is told the envelope and when that arrived, Unix milliseconds; what it cannot read
        (None) is deleted: nobody can.
        """
        with self._write() as db:
            if not has_older_answers(db):
                return
            for row in db.execute("SELECT * FROM older_answer").fetchall():
                request_id, created_ms, arrived_ms, expires_ms, final, envelope = row
                body = read(bytes(envelope), arrived_ms)
                if body is None:
                    continue
                sealed = self._vault.seal(bytes(request_id), body)
                values = (request_id, created_ms, arrived_ms, expires_ms, final)
                db.execute(
                    "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*values, *self._born(), sealed),
                )
            db.execute("DROP TABLE older_answer")
        with self._lock, self._faults():
            empty_log(self._db)

    def _born(self) -> tuple[int, int, bool]:
        now = self._now()
        return now.running_ms, now.wall_ms, now.trusted

    def _tidy(self) -> None:
        """Shred keys without an answer: the power went between the two."""
        rows = self._db.execute("SELECT request_id FROM answer").fetchall()
        self._vault.shred(self._vault.cases() - {bytes(row[0]) for row in rows})
        empty_log(self._db)

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
            raise translated(fault, self._path) from fault
