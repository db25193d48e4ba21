"""What of the store is past its time, and how it is forgotten. Used by store.py alone."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from greenline.firmware.clock import Instant

_REMEMBER_MS = 30 * 24 * 3600 * 1000
_REQUESTS = (
    "SELECT created_ms, expires_ms, born_running_ms, born_wall_ms, born_trusted, request_id, lane "
    "FROM request"
)
_ANSWERS = (
    "SELECT arrived_ms, expires_ms, born_running_ms, born_wall_ms, born_trusted, request_id "
    "FROM answer"
)


@dataclass(frozen=True)
class Pending:
    """A request that has no final answer yet, without its envelope. Times: Unix milliseconds."""

    request_id: bytes
    lane: int
    created_ms: int
    expires_ms: int


@dataclass(frozen=True)
class Expired:
    """What has left because its time was over. answers: ids of their requests."""

    requests: tuple[Pending, ...]
    answers: tuple[bytes, ...]


def nobody_is_told(_: Expired) -> None:
    """Let what expires leave without a word."""


def past_its_time(db: sqlite3.Connection, now: Instant) -> Expired:
    """Return whose lifetime is over."""
    requests = tuple(
        Pending(bytes(row[5]), row[6], row[0], row[1]) for row in _over(db, _REQUESTS, now)
    )
    return Expired(requests, tuple(bytes(row[5]) for row in _over(db, _ANSWERS, now)))


def forget(db: sqlite3.Connection, expired: Expired, now: Instant) -> None:
    """Delete it; of requests remains for a while that they were there."""
    db.executemany(
        "INSERT OR REPLACE INTO expired VALUES (?, ?, ?)",
        [(each.request_id, each.created_ms, now.running_ms) for each in expired.requests],
    )
    _delete(
        db, "DELETE FROM request WHERE request_id = ?", (e.request_id for e in expired.requests)
    )
    _delete(db, "DELETE FROM answer WHERE request_id = ?", expired.answers)
    oldest_ms = now.running_ms - _REMEMBER_MS
    db.execute("DELETE FROM expired WHERE running_ms <= ?", (oldest_ms,))


def _over(db: sqlite3.Connection, statement: str, now: Instant) -> list[tuple[Any, ...]]:
    """Return the rows whose lifetime is over; their first columns: begin, end and birth."""

    def is_over(row: tuple[Any, ...]) -> bool:
        begin_ms, end_ms, running_ms, wall_ms, trusted = row[:5]
        born = Instant(running_ms, wall_ms, 0, bool(trusted))
        return now.age_of_ms(born) >= int(end_ms) - int(begin_ms)

    return [row for row in db.execute(statement) if is_over(row)]


def _delete(db: sqlite3.Connection, statement: str, request_ids: Iterable[bytes]) -> None:
    db.executemany(statement, [(each,) for each in request_ids])
