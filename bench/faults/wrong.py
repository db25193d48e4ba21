"""Stores that are wrong on purpose: the campaign must find each of them out."""

import sqlite3
from pathlib import Path

from bench.faults.script import Held, Parcel
from greenline.firmware.clock import Clock, Instant
from greenline.protocol.audit import Moment


class Unflushed:
    """A table that is as durable as SQLite makes it when it never flushes."""

    keeps_answers = True
    pragma = "synchronous = OFF"

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "wrong.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(f"PRAGMA {self.pragma}")
        for table in ("waiting", "answered"):
            columns = "(id BLOB PRIMARY KEY, body BLOB, end_ms INTEGER)"
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} {columns}")
        self._now_ms = 0

    def put(self, parcel: Parcel) -> None:
        lifetime_ms = parcel.expires_ms - parcel.created_ms
        row = (parcel.request_id, parcel.envelope, self._now_ms + lifetime_ms)
        self._db.execute("INSERT INTO waiting VALUES (?, ?, ?)", row)

    def answer(self, request_id: bytes, body: bytes) -> None:
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM waiting WHERE id = ?", (request_id,))
        self._db.execute("INSERT INTO answered VALUES (?, ?, 0)", (request_id, body))
        self._db.execute("COMMIT")

    def later(self, milliseconds: int) -> None:
        self._now_ms += milliseconds
        self._db.execute("DELETE FROM waiting WHERE end_ms <= ?", (self._now_ms,))

    def held(self) -> Held:
        waiting = self._db.execute("SELECT id, body FROM waiting").fetchall()
        return Held(
            dict(waiting), dict(self._db.execute("SELECT id, body FROM answered").fetchall())
        )

    def close(self) -> None:
        self._db.close()


class LooselyFlushed(Unflushed):
    """With `synchronous = NORMAL`, which many programs take for enough."""

    pragma = "synchronous = NORMAL"


class Hasty(Unflushed):
    """Flushes, but says done one capture early."""

    pragma = "synchronous = FULL"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._late: Parcel | None = None

    def put(self, parcel: Parcel) -> None:
        if self._late is not None:
            super().put(self._late)
        self._late = parcel

    def answer(self, request_id: bytes, body: bytes) -> None:
        self._catch_up()
        super().answer(request_id, body)

    def later(self, milliseconds: int) -> None:
        self._catch_up()
        super().later(milliseconds)

    def close(self) -> None:
        self._catch_up()
        super().close()

    def _catch_up(self) -> None:
        if self._late is not None:
            super().put(self._late)
            self._late = None


class TwoSteps(Unflushed):
    """Flushes, but lets a request go before it has the answer: a kill between them loses it."""

    pragma = "synchronous = FULL"

    def answer(self, request_id: bytes, body: bytes) -> None:
        self._db.execute("DELETE FROM waiting WHERE id = ?", (request_id,))
        self._db.execute("INSERT INTO answered VALUES (?, ?, 0)", (request_id, body))


class GullibleClock(Clock):
    """Takes the wall clock for the time that has passed."""

    def instant(self) -> Instant:
        wall_ms = self.moment().wall_ms
        return Instant(wall_ms, wall_ms, wall_ms, trusted=True)

    def moment(self) -> Moment:
        return self._reading()
