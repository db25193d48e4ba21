"""The ledger: what was asked and what was answered, durable, by request id.

A request is acknowledged to the broker only once it is in here; a repeated id gets the stored
answer. The request's envelope is removed as soon as it is answered: a probe is not kept.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from greenline.matcher.database import Database

SCHEMA = 1

_TABLES = """
CREATE TABLE request (
    request_id BLOB PRIMARY KEY, kiosk TEXT NOT NULL, lane INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, state TEXT NOT NULL,
    envelope BLOB, answer BLOB, delivered INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX open_requests ON request (lane, created_ms) WHERE state <> 'answered';
CREATE INDEX undelivered ON request (request_id) WHERE state = 'answered' AND delivered = 0;
"""


class State(StrEnum):
    """How far a request has come at the matcher."""

    ACCEPTED = "accepted"
    SEARCHING = "searching"
    ANSWERED = "answered"


@dataclass(frozen=True)
class Accepted:
    """A request to be searched. envelope: as it came. Times: Unix milliseconds."""

    request_id: bytes
    kiosk: str
    lane: int
    created_ms: int
    expires_ms: int
    envelope: bytes


class Ledger:
    """An open ledger. Every method may raise DatabaseError: then nothing has changed."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, "ledger", SCHEMA, _TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def accept(self, request: Accepted) -> State | None:
        """Make a request durable; return its state if the id was known already, else None."""
        with self._db.write() as db:
            row = db.execute(
                "SELECT state FROM request WHERE request_id = ?", (request.request_id,)
            ).fetchone()
            if row is not None:
                return State(row[0])
            db.execute(
                "INSERT INTO request "
                "(request_id, kiosk, lane, created_ms, expires_ms, state, envelope) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    request.request_id,
                    request.kiosk,
                    request.lane,
                    request.created_ms,
                    request.expires_ms,
                    State.ACCEPTED,
                    request.envelope,
                ),
            )
        return None

    def searching(self, request_id: bytes) -> None:
        """Note that the search has begun."""
        with self._db.write() as db:
            db.execute(
                "UPDATE request SET state = ? WHERE request_id = ? AND state = ?",
                (State.SEARCHING, request_id, State.ACCEPTED),
            )

    def answer(self, request_id: bytes, answer: bytes) -> None:
        """Keep the final answer's envelope and drop the probe, in one transaction."""
        with self._db.write() as db:
            db.execute(
                "UPDATE request SET state = ?, answer = ?, envelope = NULL, delivered = 0 "
                "WHERE request_id = ? AND state <> ?",
                (State.ANSWERED, answer, request_id, State.ANSWERED),
            )

    def repeat(self, request_id: bytes) -> None:
        """Note that an answered request was asked again: its answer has to leave once more."""
        with self._db.write() as db:
            db.execute("UPDATE request SET delivered = 0 WHERE request_id = ?", (request_id,))

    def delivered(self, request_id: bytes) -> None:
        """Note that the broker has the answer; if it loses it, the kiosk asks again."""
        with self._db.write() as db:
            db.execute("UPDATE request SET delivered = 1 WHERE request_id = ?", (request_id,))

    def unanswered(self) -> list[Accepted]:
        """Return what still has to be searched, most urgent first."""
        rows = self._db.read(
            "SELECT request_id, kiosk, lane, created_ms, expires_ms, envelope FROM request "
            "WHERE state <> 'answered' ORDER BY lane, created_ms"
        )
        return [Accepted(*row) for row in rows]

    def undelivered(self) -> list[bytes]:
        """Return the ids of answers that the broker does not have yet."""
        rows = self._db.read(
            "SELECT request_id FROM request WHERE state = 'answered' AND delivered = 0"
        )
        return [row[0] for row in rows]

    def stored_answer(self, request_id: bytes) -> tuple[str, bytes] | None:
        """Return the kiosk and the answer's envelope, or None when there is none."""
        rows = self._db.read(
            "SELECT kiosk, answer FROM request WHERE request_id = ? AND answer IS NOT NULL",
            request_id,
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def forget(self, before_ms: int) -> int:
        """Remove what expired before a time and needs no answer; return how many."""
        with self._db.write() as db:
            return db.execute(
                "DELETE FROM request WHERE state = 'answered' AND expires_ms < ?", (before_ms,)
            ).rowcount
