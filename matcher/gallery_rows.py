"""Reads and writes the rows of a gallery's entries; reads around the damaged pages of a file."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greenline.matcher.database import DamagedError, Database
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_checks import template_of
from greenline.matcher.gallery_records import ChangeKind, Enrolment, content_operation, context
from greenline.matcher.gallery_seal import Sealer
from greenline.prints.template import Template

_COLUMNS = "SELECT entry_id, list, reference, finger, model, record FROM entry"
_INSERT = (
    "INSERT INTO entry (operation, list, reference, finger, model, enrolled_ms, record) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_REPAIR = (
    "UPDATE entry SET list = ?, reference = ?, finger = ?, model = ?, enrolled_ms = ?, record = ? "
    "WHERE entry_id = ?"
)
_NAMES = "SELECT entry_id, list, reference FROM entry INDEXED BY entry_person"
_ALL_IDS = ("SELECT entry_id FROM entry", "SELECT entry_id FROM entry NOT INDEXED")


@dataclass(frozen=True)
class Row:
    """A row as it lies in the file. sealed: the record, bound to list, reference and finger."""

    entry_id: int
    list_name: str
    reference: str
    finger: int
    model: str
    sealed: bytes


class Rows:
    """The entries' rows of one gallery. Every method may raise DatabaseError."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self._sealer = sealer

    def ids(self) -> set[int]:
        """Return the ids of all entries, from the next place that holds them if one is damaged."""
        for everywhere in _ALL_IDS:
            try:
                return {row[0] for row in self._db.read(everywhere)}
            except DamagedError:
                continue
        return self.logged()

    def logged(self) -> set[int]:
        """Return the ids of all entries as the log has it."""
        found: set[int] = set()
        for kind, entry_id in self._db.read("SELECT kind, entry_id FROM change ORDER BY seq"):
            if kind == ChangeKind.ENROLLED:
                found.add(entry_id)
            elif kind == ChangeKind.REMOVED:
                found.discard(entry_id)
        return found

    def names(self, entry_ids: set[int]) -> dict[int, str]:
        """Return list and reference of some entries from the index, for rows that are damaged."""
        try:
            rows = self._db.read(_NAMES)
        except DamagedError:
            return {}
        return {
            entry_id: f"{reference!r} on {list_name!r}"
            for entry_id, list_name, reference in rows
            if entry_id in entry_ids
        }

    def present(self, entry_ids: Iterable[int]) -> set[int]:
        """Return those ids that are entries; one whose page is damaged counts as there."""
        return {entry_id for entry_id in entry_ids if self._is_there(entry_id)}

    def _is_there(self, entry_id: int) -> bool:
        try:
            return bool(self._db.read("SELECT 1 FROM entry WHERE entry_id = ?", entry_id))
        except DamagedError:
            return True

    def one(self, entry_id: int) -> Row | None:
        """Return a row, None when there is none. Raises DamagedError if its page is damaged."""
        rows = self._db.read(f"{_COLUMNS} WHERE entry_id = ?", entry_id)
        return Row(*rows[0]) if rows else None

    def some(self, entry_ids: Sequence[int]) -> list[Row]:
        """Return the rows of ascending ids; those that are gone or damaged are left out."""
        if not len(entry_ids):
            return []
        wanted = set(entry_ids)
        between = f"{_COLUMNS} WHERE entry_id BETWEEN ? AND ? ORDER BY entry_id"
        try:
            found = self._db.read(between, entry_ids[0], entry_ids[-1])
            return [Row(*row) for row in found if row[0] in wanted]
        except DamagedError:
            return [row for entry_id in entry_ids if (row := self._undamaged(entry_id))]

    def _undamaged(self, entry_id: int) -> Row | None:
        try:
            return self.one(entry_id)
        except DamagedError:
            return None

    def record(self, row: Row) -> bytes | None:
        """Return the record of a row; None when it does not belong there or was changed."""
        bound = context(row.list_name, row.reference, row.finger)
        return self._sealer.open(row.sealed, bound)

    def template(self, row: Row) -> Template | None:
        """Return the template of a row; None when its record cannot be read."""
        record = self.record(row)
        try:
            return None if record is None else template_of(record)
        except EnrolmentError:
            return None

    def add(
        self, db: sqlite3.Connection, list_name: str, enrolment: Enrolment, now_ms: int
    ) -> tuple[int, bytes] | None:
        """Write an entry in the caller's transaction; return its id and its content's operation.

        None: it is there and can be read. If it cannot, it is written again under its id.
        """
        content = enrolment.operation(list_name)
        found = db.execute(f"{_COLUMNS} WHERE operation = ?", (content,)).fetchone()
        entry_id = int(found[0]) if found else None
        whole = found is not None and self.template(Row(*found)) is not None
        if not whole:
            entry_id = self._write(db, list_name, enrolment, now_ms, entry_id)
        if enrolment.source:
            digest = content_operation(
                list_name, enrolment.reference, enrolment.finger, enrolment.source
            )
            db.execute("INSERT OR REPLACE INTO source VALUES (?, ?)", (entry_id, digest))
        return None if whole or entry_id is None else (entry_id, content)

    def _write(
        self,
        db: sqlite3.Connection,
        list_name: str,
        enrolment: Enrolment,
        now_ms: int,
        entry_id: int | None,
    ) -> int:
        """Write a row, a new one or over an unreadable one; return its id."""
        db.execute("INSERT OR IGNORE INTO model (name) VALUES (?)", (enrolment.model,))
        columns = (list_name, enrolment.reference, enrolment.finger)
        sealed = self._sealer.seal(enrolment.record, context(*columns))
        values = (*columns, enrolment.model, now_ms, sealed)
        if entry_id is None:
            added = db.execute(_INSERT, (enrolment.operation(list_name), *values))
            return int(added.lastrowid or 0)
        db.execute(_REPAIR, (*values, entry_id))
        return entry_id
