"""The store: one SQLite file with what must leave this kiosk and what came back.

Owned by the kiosk process alone: one connection, exclusive lock, write-ahead log, every commit
flushed to the card before it returns. A request is a sealed, signed envelope, which nobody here can
open; an answer lies under its case's key (vault.py), and with the key it is gone. A request leaves
when its final answer is committed or when it has expired, never because a broker took it. What
expires is decided by the clock's proofs alone (clock.py).
"""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from greenline.firmware.clock import Instant
from greenline.firmware.errors import StoreFullError
from greenline.firmware.store_answers import Answers
from greenline.firmware.store_aside import Salvaged, note_told, untold
from greenline.firmware.store_bounds import USUAL, Bounds, Room, room
from greenline.firmware.store_connection import Connection
from greenline.firmware.store_expiry import (
    Due,
    all_of,
    forget,
    nobody_is_told,
    past_its_time,
    rebase,
)
from greenline.firmware.store_file import INSERT_ANSWER, INSERT_REQUEST
from greenline.firmware.store_log import give_up_reserve, keep_reserve
from greenline.firmware.store_proofs import UNPROVEN, Proofs, mend
from greenline.firmware.store_rows import Answer, Expired, Pending, with_digest
from greenline.firmware.vault import Vault
from greenline.protocol.envelope import Lane
from greenline.protocol.wording import STORE_FULL, STORE_KEEPS_THE_REST

log = logging.getLogger(__name__)

__all__ = ["Answer", "Expired", "Pending", "Store"]

_T = TypeVar("_T")


class Store:
    """The open store. Safe to share between threads; not between processes.

    vault: of the cases' keys; it is closed with the store. now: the clock. proofs: what is
    asked about the rows of a damaged store.
    """

    def __init__(
        self,
        path: Path,
        vault: Vault,
        now: Callable[[], Instant],
        bounds: Bounds = USUAL,
        proofs: Proofs = UNPROVEN,
    ) -> None:
        """Open or create the file; a damaged one is put aside, and what can be proven of it kept.

        Raises StoreError; a file that is none of ours is left as it is.
        """
        self._path = path
        self._vault = vault
        self._now = now
        self._bounds = bounds
        self._asked: dict[bytes, int] = {}
        mend(path, proofs, vault, now())
        self._file = Connection(path, now())
        self._lock = self._file.lock
        self._answers = Answers(self._file, vault)
        try:
            self._shred_orphans()
            self._rebase(now())
            self._file.set_up()
            self._due = Due(now())
            self._count = int(self._file.read("SELECT count(*) FROM request")[0][0])
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the files; everything in them is already safe."""
        with self._lock:
            self._file.close()
            self._vault.close()

    def add_request(self, request: Pending, envelope: bytes) -> None:
        """Make a request durable: when this returns it survives a power cut.

        Raises StoreFullError when it was not written: the card is full, or room() says so.
        """
        left = self.room()
        if left is Room.NO_CAPTURES:
            raise StoreFullError(STORE_FULL)
        if left is Room.NO_BACKGROUND and request.lane == Lane.BACKGROUND:
            raise StoreFullError(STORE_KEEPS_THE_REST)
        row = (request.request_id, request.lane, request.created_ms, request.expires_ms)
        with self._file.write() as db:
            born = self._born()
            db.execute(INSERT_REQUEST, with_digest(*row, *born, envelope))
        with self._lock:
            self._count += 1
            self._due.within(request.expires_ms - request.created_ms)
            self._asked[request.request_id] = born[0]

    def salvaged(self) -> list[Salvaged]:
        """Return what was damaged and put aside, and nobody has been told of yet."""
        return untold(self._path)

    def note_told(self, salvaged: Salvaged) -> None:
        """Note that those who must know of a damage do. Raises StoreError."""
        with self._file.faults():
            note_told(self._path, salvaged)

    def room(self) -> Room:
        """Return what the store still takes. Raises StoreError."""
        with self._lock, self._file.faults():
            return room(self._bounds, self._count, self._file.used_bytes(), self._path.parent)

    def usage(self) -> tuple[int, int]:
        """Return how many requests wait, and how many bytes the store holds. Raises StoreError."""
        with self._lock:
            return self._count, self._file.used_bytes()

    def asked_ms(self, request_id: bytes) -> int | None:
        """Return when a pending request was added, running time; None: not in this run.

        Not from the file: a request of an earlier run says nothing about when it is now.
        """
        with self._lock:
            return self._asked.get(request_id)

    def pending(self) -> list[Pending]:
        """Return what has no final answer, most urgent lane first, oldest first within a lane."""
        rows = self._file.read(
            "SELECT request_id, lane, created_ms, expires_ms FROM request ORDER BY lane, created_ms"
        )
        return [Pending(*row) for row in rows]

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return a pending request's envelope, or None when it has left."""
        rows = self._file.read("SELECT envelope FROM request WHERE request_id = ?", request_id)
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
        answer = (arrived_ms, expires_ms, final)
        return self.together(lambda: self._keep_answer(request_id, answer, body))

    def together(self, work: Callable[[], _T]) -> _T:
        """Do several things of this store as one commit, which costs as much as one of them.

        work: may be called twice, on a full card; if it raises, nothing was done.
        """

        def commit() -> _T:
            with self._file.write(), self._vault.together():
                return work()

        with self._lock:
            return work() if self._file.writing else self._with_reserve(commit)

    def answers(self, limit: int) -> list[Answer]:
        """Return the newest answers first; one whose key is gone is left out."""
        return self._answers.newest(limit)

    def answered(self) -> list[bytes]:
        """Return which requests have an answer, the newest first."""
        return self._answers.answered()

    def answer(self, request_id: bytes) -> Answer | None:
        """Return the answer to one request; None: there is none, or its key is gone."""
        return self._answers.of(request_id)

    def seal_beside(self, request_id: bytes, body: bytes) -> bytes:
        """Seal something under the key of a case that has one. Raises ShreddedError, StoreError."""
        return self._answers.seal_beside(request_id, body)

    def open_beside(self, request_id: bytes, sealed: bytes) -> bytes:
        """Return what was sealed under a case's key. Raises ShreddedError, StoreError."""
        return self._vault.open(request_id, sealed)

    def expire(self, before: Callable[[Expired], None] = nobody_is_told) -> Expired:
        """Let requests and answers past their time leave; return which did.

        before: is told what will leave; if it raises, nothing does.
        """
        now = self._now()
        with self._lock:
            if not self._due.has_come(now):
                return Expired((), ())
        expired = self._with_reserve(lambda: self._let_expire(now, before))
        if expired.requests or expired.answers:
            self._file.empty_log()
        keep_reserve(self._path)
        return expired

    def purge(
        self, request_id: bytes, before: Callable[[Expired], None] = nobody_is_told
    ) -> Expired:
        """Delete all there is of a request now, its case's key first; return what there was.

        before: is told what will leave; if it raises, nothing does. Harmless when there is nothing.
        Raises StoreError.
        """
        with self._lock:
            purged = self._with_reserve(lambda: self._purge(request_id, before))
            self._file.empty_log()
        keep_reserve(self._path)
        return purged

    def take_over(self, read: Callable[[bytes, int], bytes | None]) -> None:
        """Seal the answers of an older version's store anew. read: opens such an answer.

        It is told the envelope and when that arrived, Unix milliseconds; what it cannot read
        (None) is deleted: nobody can.
        """
        if self._answers.take_over(read, self._now):
            self._due.look_again()
            self._file.empty_log()

    def _born(self) -> tuple[int, int, bool]:
        now = self._now()
        return now.running_ms, now.wall_ms, now.trusted

    def _keep_answer(self, request_id: bytes, answer: tuple[int, int, bool], body: bytes) -> bool:
        with self._file.write() as db:
            row = db.execute(
                "SELECT created_ms FROM request WHERE request_id = ?", (request_id,)
            ).fetchone()
            if row is None:
                return False
            sealed = self._vault.seal(request_id, body)
            values = (request_id, row[0], *answer, *self._born(), sealed)
            db.execute(INSERT_ANSWER, with_digest(*values))
            arrived_ms, expires_ms, final = answer
            if final:
                db.execute("DELETE FROM request WHERE request_id = ?", (request_id,))
            self._file.when_committed(
                lambda: self._note_answer(request_id, expires_ms - arrived_ms, final=final)
            )
        return True

    def _note_answer(self, request_id: bytes, lifetime_ms: int, *, final: bool) -> None:
        self._due.within(lifetime_ms)
        if final:
            self._count -= 1
            self._asked.pop(request_id, None)

    def _let_expire(self, now: Instant, before: Callable[[Expired], None]) -> Expired:
        with self._file.write() as db:
            expired, due_ms = past_its_time(db, now)
            if not expired.requests and not expired.answers:
                self._due.looked(now, due_ms)
                return expired
            self._leave(db, expired, now, before)
        self._count -= len(expired.requests)
        self._due.looked(now, due_ms)
        return expired

    def _purge(self, request_id: bytes, before: Callable[[Expired], None]) -> Expired:
        with self._file.write() as db:
            found = all_of(db, request_id)
            self._leave(db, found, self._now(), before)
            self._vault.shred([request_id])  # also one whose answer is not here (any more)
        self._count -= len(found.requests)
        return found

    def _leave(
        self,
        db: sqlite3.Connection,
        leaving: Expired,
        now: Instant,
        before: Callable[[Expired], None],
    ) -> None:
        forget(db, leaving, now)
        before(leaving)
        # The keys first: should the power go now, what they opened is unreadable already.
        self._vault.shred(leaving.answers)
        for request in leaving.requests:
            self._asked.pop(request.request_id, None)

    def _with_reserve(self, work: Callable[[], _T]) -> _T:
        """Do what makes room in the end; on a full card with the room that was kept for it."""
        try:
            return work()
        except StoreFullError:
            if not give_up_reserve(self._path):
                raise
            log.warning("card full: reserve given up")
            return work()

    def _rebase(self, now: Instant) -> None:
        with self._file.write() as db:
            count = rebase(db, now)
        if count:
            log.warning("clock forgotten: times begin anew", extra={"rows": count})

    def _shred_orphans(self) -> None:
        """Shred keys without an answer: the power went between the two."""
        rows = self._file.read("SELECT request_id FROM answer")
        self._vault.shred(self._vault.cases() - {bytes(row[0]) for row in rows})
