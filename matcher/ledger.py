"""The ledger: what was asked and what was answered, durable, by request id.

A request is acknowledged to the broker only once it is in here; a repeated id gets the stored
answer. The request's envelope is removed as soon as it is answered: a probe is not kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from greenline.matcher.database import Database

SCHEMA = 3
APPLICATION_ID = int.from_bytes(b"GLle")

_TABLES = """
CREATE TABLE request (
    request_id BLOB PRIMARY KEY, kiosk TEXT NOT NULL, lane INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, state TEXT NOT NULL,
    envelope BLOB, answer BLOB, delivered INTEGER NOT NULL DEFAULT 0,
    keep_id INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX open_requests ON request (lane, created_ms) WHERE state <> 'answered';
CREATE INDEX expiry ON request (expires_ms) WHERE state = 'answered';
CREATE INDEX undelivered ON request (request_id) WHERE state = 'answered' AND delivered = 0;
CREATE TABLE past (request_id BLOB PRIMARY KEY, kiosk TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE erased (request_id BLOB PRIMARY KEY, word BLOB NOT NULL) STRICT;
"""

_KNOWN = (
    "SELECT kiosk, state FROM request WHERE request_id = ?1 "
    "UNION ALL SELECT kiosk, 'past' FROM past WHERE request_id = ?1"
)

_UPGRADES = {
    1: """
ALTER TABLE request ADD COLUMN keep_id INTEGER NOT NULL DEFAULT 0;
CREATE TABLE past (request_id BLOB PRIMARY KEY, kiosk TEXT NOT NULL) STRICT, WITHOUT ROWID;
""",
    2: """
CREATE TABLE erased (request_id BLOB PRIMARY KEY, word BLOB NOT NULL) STRICT;
""",
}
_FORGOTTEN_AT_ONCE = 4096


def _nobody_is_told(_: list[bytes]) -> None:
    """Forget without a word."""


class State(StrEnum):
    """How far a request has come at the matcher."""

    ACCEPTED = "accepted"
    SEARCHING = "searching"
    ANSWERED = "answered"
    PAST = "past"
    """Its answer is forgotten; only the id is known, so that it is not searched again."""


@dataclass(frozen=True, order=True)
class Waiting:
    """Where an unanswered request stands in the order: by lane, then by age. kiosk: whose it is."""

    lane: int
    created_ms: int
    request_id: bytes
    kiosk: str = field(default="", compare=False)


@dataclass(frozen=True)
class Accepted:
    """A request to be searched. envelope: as it came. Times: Unix milliseconds, our clock.

    keep_id: 1 if its id is never to be forgotten, since nothing else would tell a replay.
    """

    request_id: bytes
    kiosk: str
    lane: int
    created_ms: int
    expires_ms: int
    envelope: bytes
    keep_id: int = 0

    @property
    def waiting(self) -> Waiting:
        """Where it stands in the order."""
        return Waiting(self.lane, self.created_ms, self.request_id, self.kiosk)


@dataclass(frozen=True)
class Known:
    """What the ledger says of a request id that it has seen before."""

    kiosk: str
    state: State


class Ledger:
    """An open ledger. Every method may raise DatabaseError: then nothing has changed."""

    def __init__(self, path: Path) -> None:
        self._db = Database(path, "ledger", APPLICATION_ID, SCHEMA, _TABLES, _UPGRADES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def accept(self, request: Accepted) -> Known | None:
        """Make a request durable; None, or what is known if its id was there already."""
        with self._db.write() as db:
            known = _known(db.execute(_KNOWN, (request.request_id,)).fetchall())
            if known is not None:
                return known
            db.execute(
                "INSERT INTO request "
                "(request_id, kiosk, lane, created_ms, expires_ms, state, envelope, keep_id) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    request.request_id,
                    request.kiosk,
                    request.lane,
                    request.created_ms,
                    request.expires_ms,
                    State.ACCEPTED,
                    request.envelope,
                    request.keep_id,
                ),
            )
        return None

    def known(self, request_id: bytes) -> Known | None:
        """Return what is known of a request id, or None when it was never seen."""
        return _known(self._db.read(_KNOWN, request_id))

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

    def unanswered(self) -> list[Waiting]:
        """Return what still has to be searched, most urgent first."""
        rows = self._db.read(
            "SELECT lane, created_ms, request_id, kiosk FROM request "
            "WHERE state <> 'answered' ORDER BY lane, created_ms, request_id"
        )
        return [Waiting(*row) for row in rows]

    def request(self, request_id: bytes) -> Accepted | None:
        """Return a request that still has to be searched, or None when there is none."""
        rows = self._db.read(
            "SELECT request_id, kiosk, lane, created_ms, expires_ms, envelope, keep_id "
            "FROM request WHERE request_id = ? AND envelope IS NOT NULL",
            request_id,
        )
        if not rows:
            return None
        return Accepted(*rows[0])

    def drop(self, request_id: bytes) -> None:
        """Remove a request that cannot be answered."""
        with self._db.write() as db:
            db.execute("DELETE FROM request WHERE request_id = ?", (request_id,))

    def undelivered(self) -> list[bytes]:
        """Return the ids of answers that the broker does not have yet."""
        rows = self._db.read(
            "SELECT request_id FROM request WHERE state = 'answered' AND delivered = 0 "
            "ORDER BY request_id"
        )
        return [row[0] for row in rows]

    def undelivered_answer(self, request_id: bytes) -> tuple[str, bytes] | None:
        """Return the kiosk and the answer's envelope, or None when the broker has it already."""
        rows = self._db.read(
            "SELECT kiosk, answer FROM request "
            "WHERE request_id = ? AND state = 'answered' AND delivered = 0",
            request_id,
        )
        return (rows[0][0], rows[0][1]) if rows else None

    def forget(
        self, before_ms: int, before: Callable[[list[bytes]], None] = _nobody_is_told
    ) -> int:
        """Remove what expired before a time and needs no answer; return how many.

        Of some the bare id stays. before: is told which; if it raises, nothing is removed. Of very
        many the rest go the next time.
        """
        with self._db.write() as db:
            rows = db.execute(
                "SELECT request_id FROM request WHERE state = 'answered' AND expires_ms < ? "
                "ORDER BY expires_ms LIMIT ?",
                (before_ms, _FORGOTTEN_AT_ONCE),
            ).fetchall()
            if rows:
                before([row[0] for row in rows])
            db.executemany(
                "INSERT OR IGNORE INTO past SELECT request_id, kiosk FROM request "
                "WHERE request_id = ? AND keep_id",
                rows,
            )
            db.executemany("DELETE FROM request WHERE request_id = ?", rows)
        return len(rows)

    def held(self, request_id: bytes) -> tuple[bool, bool]:
        """Return whether a request's own envelope is here, and whether its answer is."""
        rows = self._db.read(
            "SELECT envelope IS NOT NULL, answer IS NOT NULL FROM request WHERE request_id = ?",
            request_id,
        )
        return (bool(rows[0][0]), bool(rows[0][1])) if rows else (False, False)

    def erase(self, request_id: bytes, kiosk: str, word: bytes) -> None:
        """Remove all of a request but its id, which is never searched (again).

        word: what its kiosk is told, now and whenever it asks again.
        """
        with self._db.write() as db:
            db.execute("DELETE FROM request WHERE request_id = ?", (request_id,))
            db.execute("INSERT OR IGNORE INTO past VALUES (?, ?)", (request_id, kiosk))
            db.execute("INSERT OR REPLACE INTO erased VALUES (?, ?)", (request_id, word))

    def word_of(self, request_id: bytes) -> bytes | None:
        """Return what a kiosk was told of an erasure; None: nothing was erased by order."""
        rows = self._db.read("SELECT word FROM erased WHERE request_id = ?", request_id)
        return rows[0][0] if rows else None


def _known(rows: list[tuple[str, str]]) -> Known | None:
    return Known(rows[0][0], State(rows[0][1])) if rows else None
