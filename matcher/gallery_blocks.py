"""The prepared blocks in a gallery's file: made, sealed, read back, cut when somebody is removed.

A block stands for a range of ids: whoever was enrolled in the range when it was made is in it, and
ids only grow. So an entry outside all ranges is in no block; one inside that its block lacks could
not be read then, and is tried again at each loading.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec
import numpy as np

from greenline.matcher.blocks import Block, runs
from greenline.matcher.database import DamagedError, Database
from greenline.matcher.gallery_ranges import Ids, Range, ascending, outside, read_ranges
from greenline.matcher.gallery_records import ChangeKind, person
from greenline.matcher.gallery_rows import Rows
from greenline.matcher.gallery_seal import Sealer
from greenline.matcher.portion import WHOLE, Portion
from greenline.matcher.segment import Segment
from greenline.prints.template import Template

Progress = Callable[[int, int], None]
"""Is told how many entries are done, and of how many."""

log = logging.getLogger(__name__)


class BlockStore:
    """The blocks of one gallery. Every method may raise DatabaseError.

    damaged: numbers of the blocks that did not open so far.
    """

    def __init__(self, db: Database, sealer: Sealer, rows: Rows, most: int) -> None:
        """Most: entries in a block."""
        self._most = most
        self._db = db
        self._sealer = sealer
        self._rows = rows
        self.damaged: set[int] = set()

    def ranges(self) -> list[Range]:
        """Return the blocks' places by ascending ids, without those whose page is damaged."""
        return read_ranges(self._db)

    def unplaced(self) -> Ids:
        """Return the ids of the entries that are in no block's range, ascending."""
        ids = ascending(self._rows.ids())
        return outside(ids, self.ranges())

    def load(self, portion: Portion = WHOLE) -> Iterator[Block]:
        """Yield all entries, block by block; those in no block are prepared at the end."""
        ids = ascending(self._rows.ids())
        ranges = self.ranges()
        for place in ranges:
            yield from self._whole(place, place.of(ids), portion)
        begins = ascending(place.first_id for place in ranges)
        for run in runs(outside(ids, ranges), begins, self._most):
            yield self.prepared(run, portion)

    def _whole(self, place: Range, ids: Ids, portion: Portion) -> Iterator[Block]:
        """Yield a stored block as far as its entries are still there, and what it lacks of them."""
        block, fault = self.stored(place)
        if block is None:
            yield replace(self.prepared(ids, portion), remade=fault)
            return
        yield portion.cut(block.kept(np.isin(block.entry_ids, ids)))
        missing = np.setdiff1d(ids, block.entry_ids)
        if len(missing):
            yield self.prepared(missing, portion)

    def is_current(self, place: Range) -> bool:
        """Return whether a block was prepared as it would be now."""
        return place.version == _preparing_version()

    def stored(self, place: Range) -> tuple[Block | None, str]:
        """Return a block as it is stored, or None and why it cannot be used."""
        if not self.is_current(place):
            return None, f"block {place.number} was prepared by another version"
        try:
            rows = self._db.read("SELECT sealed FROM block WHERE number = ?", place.number)
        except DamagedError:
            rows = [(b"",)]
        if not rows:
            return None, f"block {place.number} was replaced meanwhile"
        block = self._unsealed(place, rows[0][0])
        if block is not None:
            return block, ""
        fault = f"block {place.number} (entries {place.first_id} to {place.last_id}) is damaged"
        log.warning("%s: its entries are prepared anew from their records", fault)
        self.damaged.add(place.number)
        return None, fault

    def _unsealed(self, place: Range, sealed: bytes) -> Block | None:
        plain = self._sealer.open(sealed, place.context())
        try:
            return None if plain is None else Block.from_bytes(plain)
        except (ValueError, TypeError, KeyError, msgspec.MsgspecError):
            return None  # of a version that had other columns

    def prepared(self, ids: Ids, portion: Portion = WHOLE) -> Block:
        """Prepare entries from their records. ids: ascending; those that are gone are left out.

        What cannot be read is named whatever the portion: a damaged row does not say whose it is.
        """
        lists = dict(self._db.read("SELECT name, list_id FROM list"))
        models = dict(self._db.read("SELECT name, model_id FROM model"))
        rows, templates, others = [], list[Template](), list[int]()
        for row in self._rows.some(ids.tolist()):
            if not portion.holds(person(row.list_name, row.reference)):
                others.append(row.entry_id)
                continue
            template = self._rows.template(row)
            if template is not None and row.list_name in lists:
                rows.append(row)
                templates.append(template)
        found = np.array([row.entry_id for row in rows], np.int64)
        unread = set(ids.tolist()).difference(found.tolist(), others)
        return Block(
            _segment_of(templates),
            found,
            np.array([person(row.list_name, row.reference) for row in rows], np.uint64),
            np.array([lists[row.list_name] for row in rows], np.int64),
            np.array([row.finger for row in rows], np.uint8),
            np.array([models.get(row.model, 0) for row in rows], np.uint16),
            unreadable=tuple(sorted(self._rows.present(unread))),
        )

    def compact(self, progress: Progress = lambda _done, _total: None) -> int:
        """Make the blocks that are missing, damaged or of another version; return how many.

        The newest entries stay in none until they fill one. Each block is one transaction: what
        was interrupted goes on with the next call.
        """
        ids = ascending(self._rows.ids())
        ranges = self.ranges()
        work: list[tuple[Range | None, Ids]] = [
            (place, place.of(ids))
            for place in ranges
            if not self.is_current(place) or place.number in self.damaged
        ]
        last = ranges[-1].last_id if ranges else 0
        begins = ascending(place.first_id for place in ranges)
        for run in runs(outside(ids, ranges), begins, self._most):
            if len(run) == self._most or run[0] < last:
                work.append((None, run))
        total, done, made = sum(len(run) for _, run in work), 0, 0
        for place, run in work:
            try:
                made += self._place(place, run)
                self.damaged -= {place.number} if place else set()
            except DamagedError as fault:
                log.warning("a block of %d entries could not be stored: %s", len(run), fault)
            done += len(run)
            progress(done, total)
        return made

    def _place(self, old: Range | None, ids: Ids) -> bool:
        """Prepare entries and store them as a block; False when something came between."""
        position = self._db.read("SELECT coalesce(max(seq), 0) FROM change")[0][0]
        block = self.prepared(ids)
        body = block.to_bytes()
        with self._db.write() as db:
            if old is not None:
                db.execute("DELETE FROM block WHERE number = ?", (old.number,))
            if not len(block) or _disturbed(db, ids, position):
                return False
            number = db.execute(
                "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'block'"
            ).fetchone()[0]
            place = Range(number, _preparing_version(), int(ids[0]), int(ids[-1]))
            db.execute(
                "INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)",
                (*place.row(), len(block), self._sealer.seal(body, place.context())),
            )
        return True

    def cut(self, db: sqlite3.Connection, entry_ids: list[int]) -> None:
        """Take removed entries out of their blocks, in the transaction that removes them.

        A block that does not open is thrown away: it can be made again, without them.
        """
        places: set[Range] = set()
        for entry_id in entry_ids:
            found = db.execute(
                "SELECT number, version, first_id, last_id FROM block "
                "WHERE first_id <= ?1 AND last_id >= ?1",
                (entry_id,),
            )
            places.update(Range(*row) for row in found)
        for place in places:
            (sealed,) = db.execute(
                "SELECT sealed FROM block WHERE number = ?", (place.number,)
            ).fetchone()
            block = self._unsealed(place, sealed)
            left = block.kept(~np.isin(block.entry_ids, entry_ids)) if block else None
            if left is None or not len(left):
                db.execute("DELETE FROM block WHERE number = ?", (place.number,))
                continue
            db.execute(
                "UPDATE block SET entries = ?, sealed = ? WHERE number = ?",
                (len(left), self._sealer.seal(left.to_bytes(), place.context()), place.number),
            )


def _disturbed(db: sqlite3.Connection, ids: Ids, position: int) -> bool:
    """Return whether one of the entries was removed since, or another process was faster."""
    between = (int(ids[0]), int(ids[-1]))
    removed = db.execute(
        "SELECT 1 FROM change WHERE seq > ? AND kind = ? AND entry_id BETWEEN ? AND ? LIMIT 1",
        (position, ChangeKind.REMOVED, *between),
    )
    stored = db.execute("SELECT 1 FROM block WHERE last_id >= ? AND first_id <= ? LIMIT 1", between)
    return bool(removed.fetchone() or stored.fetchone())


def _segment_of(templates: list[Template]) -> Segment:
    from greenline.matcher.preparing import segment_of  # noqa: PLC0415 - loads a compiler

    return segment_of(templates)


def _preparing_version() -> bytes:
    from greenline.matcher.preparing import version  # noqa: PLC0415 - loads a compiler

    return version()
