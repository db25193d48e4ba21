"""The matcher's own audit log: searches, enrolments, removals, lists, and alarms about kiosks.

The same chain as a kiosk's, signed with the matcher's key, in a database that several processes
share: where the chain ends is read anew for each entry. docs/audit.md tells the whole.
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from greenline.matcher.database import Database
from greenline.protocol.audit import (
    CHECKPOINT_ENTRIES,
    CHECKPOINT_MS,
    Checkpoint,
    Event,
    Moment,
    Record,
    checkpoint_record,
    clock_events,
    event_record,
    read_record,
)
from greenline.protocol.audit_head import CHAIN_BYTES, End, Head
from greenline.protocol.keys import Signer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Place:
    """Where the chain stands. first_unsigned: the moment of the first entry without signature."""

    head: Head
    end: End
    last: Moment | None
    unsigned: int
    first_unsigned: Moment | None


class AuditLog:
    """The open log of one process. Every method may raise DatabaseError: then nothing was written.

    owner: the matcher's name. moment: what the clocks say now.
    """

    def __init__(
        self, database: Database, owner: str, signer: Signer, moment: Callable[[], Moment]
    ) -> None:
        self._database = database
        self._owner = owner
        self._signer = signer
        self._moment = moment

    def note(
        self, *events: Event, beside: Callable[[sqlite3.Connection], None] | None = None
    ) -> None:
        """Make events durable, all or none; if this fails, what they tell of must not be done.

        beside: writes other rows of the file in the same transaction.
        """
        with self._database.write() as db:
            place = self._place(db)
            moment = self._moment()
            records: list[Record] = []
            end = place.end
            for event in (*clock_events(place.last, moment), *events):
                records.append(event_record(end, moment, event))
                end = records[-1].end
            if place.unsigned + len(records) >= CHECKPOINT_ENTRIES:
                records.append(checkpoint_record(place.head, end, moment, self._signer))
            _add(db, records)
            if beside is not None:
                beside(db)

    @property
    def chain(self) -> bytes:
        """The id of the chain."""
        with self._database.write() as db:
            return self._place(db).head.chain

    def note_signed(self, event: Event) -> End:
        """Make one event durable and sign it at once; return its place in the chain."""
        with self._database.write() as db:
            place = self._place(db)
            moment = self._moment()
            records: list[Record] = []
            end = place.end
            for each in (*clock_events(place.last, moment), event):
                records.append(event_record(end, moment, each))
                end = records[-1].end
            signed = checkpoint_record(place.head, end, moment, self._signer)
            _add(db, [*records, signed])
        return end

    def tend(self) -> None:
        """Sign what has waited long enough (called now and then)."""
        with self._database.write() as db:
            first = self._place(db).first_unsigned
        if first is None:
            return
        now = self._moment()
        waited_ms = now.monotonic_ms - first.monotonic_ms
        if first.boot != now.boot or waited_ms >= CHECKPOINT_MS:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Sign what is not signed yet."""
        with self._database.write() as db:
            place = self._place(db)
            if not place.unsigned:
                return
            record = checkpoint_record(place.head, place.end, self._moment(), self._signer)
            _add(db, [record])
        # A witness outside of this log: the system's journal.
        told = {"entry": record.link.number, "digest": record.digest.hex()[:32]}
        log.info("audit checkpoint", extra=told)

    def _place(self, db: sqlite3.Connection) -> _Place:
        row = db.execute("SELECT owner, chain FROM own").fetchone()
        if row is None:
            row = (self._owner, os.urandom(CHAIN_BYTES))
            db.execute("INSERT INTO own VALUES (?, ?)", row)
        head = Head.of_new_chain(*row)
        last = _record(db, "ORDER BY number DESC LIMIT 1")
        if last is None:
            return _Place(head, head.end, None, 0, None)
        signed = db.execute("SELECT max(number) FROM entry WHERE is_signature = 1").fetchone()[0]
        unsigned = last.link.number - (signed or 0)
        first = _record(db, "WHERE number = ?", (signed or 0) + 1)
        return _Place(
            head, last.end, last.link.moment, unsigned, None if first is None else first.link.moment
        )


def _record(db: sqlite3.Connection, which: str, *values: object) -> Record | None:
    row = db.execute(f"SELECT record FROM entry {which}", values).fetchone()  # noqa: S608  # ours
    return None if row is None else read_record(row[0], 0)


def _add(db: sqlite3.Connection, records: list[Record]) -> None:
    db.executemany(
        "INSERT INTO entry VALUES (?, ?, ?)",
        [(r.link.number, isinstance(r.link, Checkpoint), r.data) for r in records],
    )
