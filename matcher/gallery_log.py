"""The operation log: every enrolment and removal as a line, each operation once."""

import sqlite3
from collections.abc import Sequence

from greenline.matcher.database import Database
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_records import Change, ChangeKind, line_operation

OPERATION_BYTES = 16


class Log:
    """The log of one gallery. Every method may raise DatabaseError."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def position(self) -> int:
        """Return the number of the last line, 0 when there is none."""
        return int(self._db.read("SELECT coalesce(max(seq), 0) FROM change")[0][0])

    def since(self, after: int) -> list[Change]:
        """Return the lines after a position, without operations that had nothing to do."""
        rows = self._db.read(
            "SELECT seq, kind, entry_id FROM change WHERE seq > ? AND kind <> ? ORDER BY seq",
            after,
            ChangeKind.NOTHING,
        )
        return [Change(seq, ChangeKind(kind), entry_id) for seq, kind, entry_id in rows]

    def knows(self, db: sqlite3.Connection, operation: bytes | None) -> bool:
        """Return whether an operation was done before. Raises EnrolmentError on a wrong length."""
        if operation is None:
            return False
        if len(operation) != OPERATION_BYTES:
            raise EnrolmentError(
                f"an operation's id has {OPERATION_BYTES} bytes, this one {len(operation)}"
            )
        found = db.execute("SELECT 1 FROM change WHERE operation = ?", (operation,))
        return found.fetchone() is not None

    def write(
        self,
        db: sqlite3.Connection,
        kind: ChangeKind,
        entries: Sequence[tuple[int, bytes]],
        now_ms: int,
        operation: bytes | None,
    ) -> None:
        """Add a line for each entry (id and content's operation), in the caller's transaction.

        operation: stands in the first line; with no entry in a line of its own.
        """
        if operation is not None and not entries:
            _add(db, operation, ChangeKind.NOTHING, None, now_ms)
        last = db.execute("SELECT coalesce(max(seq), 0) FROM change").fetchone()[0]
        for number, (entry_id, content) in enumerate(entries):
            own = operation if number == 0 else None
            line = own or line_operation(content, entry_id, last + number)
            _add(db, line, kind, entry_id, now_ms)


def _add(
    db: sqlite3.Connection, operation: bytes, kind: ChangeKind, entry_id: int | None, now_ms: int
) -> None:
    db.execute(
        "INSERT INTO change (operation, kind, entry_id, at_ms) VALUES (?, ?, ?, ?)",
        (operation, kind, entry_id, now_ms),
    )
