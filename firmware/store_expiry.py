"""What of the store is past its time, and how it is forgotten. Used by store.py alone."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from greenline.firmware.clock import Instant
from greenline.firmware.store_file import INSERT_EXPIRED
from greenline.firmware.store_rows import Expired, Pending, with_digest

_REMEMBER_MS = 30 * 24 * 3600 * 1000
_LOOK_EVERY_MS = 3600 * 1000
_REQUESTS = (
    "SELECT created_ms, expires_ms, born_running_ms, born_wall_ms, born_trusted, request_id, lane "
    "FROM request"
)
_ANSWERS = (
    "SELECT arrived_ms, expires_ms, born_running_ms, born_wall_ms, born_trusted, request_id "
    "FROM answer"
)


def nobody_is_told(_: Expired) -> None:
    """Let what expires leave without a word."""


class Due:
    """When the rows have to be looked through again: a row has its end only after its lifetime.

    Time passes at most as far as running time, or the floor, has gone since.
    """

    def __init__(self, now: Instant) -> None:
        self._looked = now
        self._in_ms = 0

    def has_come(self, now: Instant) -> bool:
        """Whether a lifetime may be over."""
        return self._passed_ms(now) >= self._in_ms

    def within(self, lifetime_ms: int) -> None:
        """Note a new row."""
        self._in_ms = min(self._in_ms, lifetime_ms)

    def looked(self, now: Instant, next_ms: int) -> None:
        """Note that everything over is gone, and that the next end is not sooner than that."""
        self._looked, self._in_ms = now, next_ms

    def look_again(self) -> None:
        """Look through the rows the next time."""
        self._in_ms = 0

    def _passed_ms(self, now: Instant) -> int:
        ran = now.running_ms - self._looked.running_ms
        return max(ran, now.floor_ms - self._looked.floor_ms)


def rebase(db: sqlite3.Connection, now: Instant) -> int:
    """Let rows that seem to be of later than now begin their life now; return how many.

    The kiosk's running time was lost with its clock's file: by it they would live for ever.
    """
    count = 0
    for table in ("request", "answer"):
        names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        running = names.index("born_running_ms")
        rows = db.execute(
            f"SELECT * FROM {table} WHERE born_running_ms > ?",  # noqa: S608  # one of the two
            (now.running_ms,),
        ).fetchall()
        for row in rows:
            values = [*row[:-1]]
            values[running : running + 3] = [now.running_ms, now.wall_ms, int(now.trusted)]
            places = ", ".join("?" * len(names))
            db.execute(
                f"INSERT OR REPLACE INTO {table} VALUES ({places})",  # noqa: S608  # as above
                with_digest(*values),
            )
        count += len(rows)
    return count


def past_its_time(db: sqlite3.Connection, now: Instant) -> tuple[Expired, int]:
    """Return whose lifetime is over, and in how many milliseconds the next one's may be."""
    requests, first_ms = _over(db, _REQUESTS, now)
    answers, second_ms = _over(db, _ANSWERS, now)
    expired = Expired(
        tuple(Pending(bytes(row[5]), row[6], row[0], row[1]) for row in requests),
        tuple(bytes(row[5]) for row in answers),
    )
    return expired, min(first_ms, second_ms)


def all_of(db: sqlite3.Connection, request_id: bytes) -> Expired:
    """Return what there is of one request, whatever its time."""
    requests = db.execute(f"{_REQUESTS} WHERE request_id = ?", (request_id,)).fetchall()  # ours
    answers = db.execute(f"{_ANSWERS} WHERE request_id = ?", (request_id,)).fetchall()  # ours
    return Expired(
        tuple(Pending(bytes(row[5]), row[6], row[0], row[1]) for row in requests),
        tuple(bytes(row[5]) for row in answers),
    )


def forget(db: sqlite3.Connection, expired: Expired, now: Instant) -> None:
    """Delete it; of requests remains for a while that they were there."""
    db.executemany(
        INSERT_EXPIRED,
        [with_digest(e.request_id, e.created_ms, now.running_ms) for e in expired.requests],
    )
    _delete(
        db, "DELETE FROM request WHERE request_id = ?", (e.request_id for e in expired.requests)
    )
    _delete(db, "DELETE FROM answer WHERE request_id = ?", expired.answers)
    oldest_ms = now.running_ms - _REMEMBER_MS
    db.execute("DELETE FROM expired WHERE running_ms <= ?", (oldest_ms,))


def _over(
    db: sqlite3.Connection, statement: str, now: Instant
) -> tuple[list[tuple[Any, ...]], int]:
    """Return the rows whose lifetime is over, and in how long the next one's may be.

    statement: gives begin, end and birth first.
    """
    over, next_ms = [], _LOOK_EVERY_MS
    for row in db.execute(statement):
        begin_ms, end_ms, running_ms, wall_ms, trusted = row[:5]
        age_ms = now.age_of_ms(Instant(running_ms, wall_ms, 0, bool(trusted)))
        left_ms = int(end_ms) - int(begin_ms) - age_ms
        if left_ms <= 0:
            over.append(row)
        else:
            next_ms = min(next_ms, left_ms)
    return over, next_ms


def _delete(db: sqlite3.Connection, statement: str, request_ids: Iterable[bytes]) -> None:
    db.executemany(statement, [(each,) for each in request_ids])
