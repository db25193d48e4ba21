"""The gallery: the durable record of who is enrolled on which list.

Templates lie in it as ISO/IEC 19794-2 records under AES-256-GCM, each bound to its list, reference
and finger, so that a swapped or changed row is noticed; they are in the clear in memory only.
Each enrolment and removal is a line of an operation log. Blocks (gallery_blocks.py) hold the same
templates once more, made ready for the kernel. docs/gallery.md tells the whole.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from greenline.matcher.blocks import MOST_ENTRIES, Block
from greenline.matcher.database import DamagedError, Database
from greenline.matcher.errors import EnrolmentError
from greenline.matcher.gallery_blocks import BlockStore, Progress
from greenline.matcher.gallery_checks import check, check_adult
from greenline.matcher.gallery_lists import read_lists, write_list
from greenline.matcher.gallery_log import Log
from greenline.matcher.gallery_records import (
    Change,
    ChangeKind,
    Enrolment,
    Entry,
    ListInfo,
    Tell,
    content_operation,
    tell_nobody,
)
from greenline.matcher.gallery_rows import Rows
from greenline.matcher.gallery_schema import APPLICATION_ID, SCHEMA, TABLES, UPGRADES
from greenline.matcher.gallery_seal import KEY_BYTES, Sealer, check_key
from greenline.matcher.gallery_stats import Stats, read_stats
from greenline.matcher.portion import WHOLE, Portion

__all__ = [
    "APPLICATION_ID",
    "KEY_BYTES",
    "SCHEMA",
    "Change",
    "ChangeKind",
    "Enrolment",
    "Entry",
    "Gallery",
    "ListInfo",
]


class Gallery:
    """An open gallery. key: 32 bytes. Raises DatabaseError, GalleryKeyError.

    tell: of each change, before it is one. rows, store: the same file seen row by row and block by
    block, for what checks or exports it.
    """

    def __init__(
        self,
        path: Path,
        key: bytes,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        most_in_block: int = MOST_ENTRIES,
        tell: Tell = tell_nobody,
    ) -> None:
        self._sealer = Sealer(key)
        self._now_ms = now_ms
        self._tell = tell
        self._db = Database(path, "gallery", APPLICATION_ID, SCHEMA, TABLES, UPGRADES)
        self._log = Log(self._db)
        self.rows = Rows(self._db, self._sealer)
        self.store = BlockStore(self._db, self._sealer, self.rows, most_in_block)
        try:
            check_key(self._db, self._sealer, path)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def create_list(
        self,
        name: str,
        purposes: tuple[str, ...],
        *,
        owner: str = "",
        valid_until_ms: int | None = None,
    ) -> None:
        """Make a list, or set anew what is said of it, see ListInfo. Raises EnrolmentError."""
        with self._db.write() as db:
            info = ListInfo(name, purposes, self._now_ms(), owner, valid_until_ms)
            write_list(db, info)
            self._tell(None, name, 0)
            db.execute("UPDATE gallery SET revision = revision + 1")

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists by name."""
        return read_lists(self._db)

    def models(self) -> dict[int, str]:
        """Return the models that made the templates, by the number a block names them by."""
        return dict(self._db.read("SELECT model_id, name FROM model"))

    def enrol(
        self,
        list_name: str,
        reference: str,
        finger: int,
        record: bytes,
        model: str,
        *,
        adult: bool,
        operation: bytes | None = None,
    ) -> bool:
        """Enrol one finger; False when exactly this was enrolled before. Raises EnrolmentError.

        record: ISO/IEC 19794-2:2005, its first view is taken. finger: ISO position 0-10. adult:
        that the person is 18 or older; who calls this answers for it. operation: 16 bytes that
        name this call: repeated, it changes nothing, whatever happened in between.
        """
        enrolment = Enrolment(reference, finger, record, model)
        return bool(self.enrol_all(list_name, [enrolment], adult=adult, operation=operation))

    def enrol_all(
        self,
        list_name: str,
        enrolments: Sequence[Enrolment],
        *,
        adult: bool,
        operation: bytes | None = None,
    ) -> int:
        """Enrol all as one transaction, or none; return how many were new. Raises EnrolmentError.

        An entry that cannot be read any more is written again under its id, and counts as new.
        """
        check_adult(adult=adult)
        for enrolment in enrolments:
            check(enrolment)
        now = self._now_ms()
        with self._db.write() as db:
            if not db.execute("SELECT 1 FROM list WHERE name = ?", (list_name,)).fetchone():
                raise EnrolmentError(f"there is no list {list_name!r}: create it first")
            if self._log.knows(db, operation):
                return 0
            added = [self.rows.add(db, list_name, enrolment, now) for enrolment in enrolments]
            lines = [found for found in added if found]
            self._log.write(db, ChangeKind.ENROLLED, lines, now, operation)
            if lines:
                self._changed(db, list_name, now, ChangeKind.ENROLLED, len(lines))
        return len(lines)

    def holds(self, list_name: str, reference: str, finger: int, source: bytes) -> bool:
        """Return whether what was made of this source (see Enrolment) is enrolled and readable."""
        content = content_operation(list_name, reference, finger, source)
        found = self._db.read("SELECT entry_id FROM source WHERE digest = ?", content)
        row = self.rows.one(found[0][0]) if found else None
        return row is not None and self.rows.template(row) is not None

    def remove(self, list_name: str, reference: str, operation: bytes | None = None) -> int:
        """Remove all fingers of a reference from a list; return how many there were.

        operation: as of enrol; repeated it removes nothing, even who was enrolled anew since.
        """
        now = self._now_ms()
        with self._db.write() as db:
            if self._log.knows(db, operation):
                return 0
            person = (list_name, reference)
            found = db.execute(
                "SELECT entry_id, operation FROM entry WHERE list = ? AND reference = ? "
                "ORDER BY entry_id",
                person,
            ).fetchall()
            self.store.cut(db, [entry_id for entry_id, _ in found])
            db.executemany("DELETE FROM source WHERE entry_id = ?", [row[:1] for row in found])
            db.execute("DELETE FROM entry WHERE list = ? AND reference = ?", person)
            self._log.write(db, ChangeKind.REMOVED, found, now, operation)
            if found:
                self._changed(db, list_name, now, ChangeKind.REMOVED, len(found))
        return len(found)

    def revision(self) -> int:
        """Return a number that grows with each change, by whichever process."""
        return int(self._db.read("SELECT revision FROM gallery")[0][0])

    def position(self) -> int:
        """Return the number of the log's last line, 0 when there is none."""
        return self._log.position()

    def changes(self, after: int) -> list[Change]:
        """Return what was enrolled and removed since a position, in order."""
        return self._log.since(after)

    def entry_ids(self) -> set[int]:
        """Return the ids of all entries, of those that cannot be read too."""
        return self.rows.ids()

    def present(self, entry_ids: Iterable[int]) -> set[int]:
        """Return those of some ids that are entries; cheap where entry_ids() reads them all."""
        return self.rows.present(entry_ids)

    def entry(self, entry_id: int) -> Entry | None:
        """Return one entry, without a template if it cannot be read; None: it is not there."""
        try:
            row = self.rows.one(entry_id)
        except DamagedError:
            return Entry(entry_id, "", "", 0, None)
        if row is None:
            return None
        return Entry(entry_id, row.list_name, row.reference, row.finger, self.rows.template(row))

    def blocks(self, portion: Portion = WHOLE) -> Iterator[Block]:
        """Yield all entries, prepared; those of no stored block at the end, prepared now.

        Ask for position() first: changes() since then tell what this may not have yet.
        """
        return self.store.load(portion)

    def unplaced(self) -> int:
        """Return how many entries are in no block: each costs a loading half a millisecond."""
        return len(self.store.unplaced())

    def compact(self, progress: Progress = lambda _done, _total: None) -> int:
        """Store in blocks what is in none, or in one that cannot be used; return how many."""
        return self.store.compact(progress)

    def stats(self) -> Stats:
        """Return what the gallery holds, in numbers."""
        return read_stats(self._db)

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with the file's structure, nothing when it is whole."""
        return self._db.integrity()

    def _changed(
        self, db: sqlite3.Connection, list_name: str, now: int, kind: ChangeKind, count: int
    ) -> None:
        self._tell(kind, list_name, count)
        db.execute("UPDATE list SET changed_ms = ? WHERE name = ?", (now, list_name))
        db.execute("UPDATE gallery SET revision = revision + 1")
