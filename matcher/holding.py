"""The gallery in memory: its blocks as the kernel compares them, kept up with the operation log.

An enrolment that was committed before refresh() is found by what looks afterwards; entries that
cannot be read are counted, so that a search without them is incomplete.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from greenline.matcher.blocks import Block
from greenline.matcher.gallery import ChangeKind, Gallery, ListInfo
from greenline.matcher.kernel.sketch import bits_of
from greenline.matcher.segment import joined
from greenline.matcher.shortlist import Part

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What was there at one moment; it never changes. unreadable: ids of entries."""

    parts: tuple[Part, ...] = ()
    unreadable: frozenset[int] = frozenset()
    lists: dict[str, ListInfo] = field(default_factory=dict)
    models: dict[int, str] = field(default_factory=dict)


class Holding:
    """Holds one gallery in memory. Safe to share between threads."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._lock = threading.Lock()
        self._position = -1
        self._revision = -1
        self._now = Snapshot()

    def refresh(self, progress: Progress = lambda _done, _total: None) -> Snapshot:
        """Take in what was enrolled, removed or repaired since. Raises DatabaseError."""
        with self._lock:
            revision = self._gallery.revision()
            if revision != self._revision or self._now.unreadable:
                position = self._gallery.position()
                if self._position < 0:
                    self._take_all(progress)
                else:
                    self._take_changes()
                self._position, self._revision = position, revision
                self._now = replace(
                    self._now, lists=self._gallery.lists(), models=self._gallery.models()
                )
            return self._now

    def _take_all(self, progress: Progress) -> None:
        total = len(self._gallery.entry_ids())
        parts, unreadable, done = list[Part](), set[int](), 0
        for block in self._gallery.blocks():
            unreadable.update(block.unreadable)
            parts.append(_part(block))
            done += len(block) + len(block.unreadable)
            progress(done, total)
        self._now = replace(self._now, parts=tuple(parts), unreadable=frozenset(unreadable))

    def _take_changes(self) -> None:
        gone, fresh = set[int](), set(self._now.unreadable)
        for change in self._gallery.changes(self._position):
            gone.add(change.entry_id)
            if change.kind is ChangeKind.ENROLLED:
                fresh.add(change.entry_id)
            elif change.kind is ChangeKind.REMOVED:
                fresh.discard(change.entry_id)
        kept = tuple(self._without(gone)) if gone else self._now.parts
        unreadable: frozenset[int] = frozenset()
        if fresh:
            block = self._gallery.store.prepared(np.array(sorted(fresh), np.int64))
            unreadable = frozenset(block.unreadable)
            if len(block):
                kept = _appended(kept, block)
        self._now = replace(self._now, parts=kept, unreadable=unreadable)

    def _without(self, gone: set[int]) -> Iterator[Part]:
        ids = np.array(sorted(gone), np.int64)
        for part in self._now.parts:
            alive = part.alive & ~np.isin(part.block.entry_ids, ids)
            if alive.any():
                yield part if (alive == part.alive).all() else replace(part, alive=alive)


_FEW = 256  # entries: a part smaller than this takes in the next ones


def _appended(parts: tuple[Part, ...], block: Block) -> tuple[Part, ...]:
    """Add new entries, to the last part as long as it is small: many small parts cost time."""
    if parts and len(parts[-1].block) < _FEW:
        last = parts[-1].block.kept(parts[-1].alive)
        return (*parts[:-1], _part(_joined(last, block)))
    return (*parts, _part(block))


def _joined(one: Block, other: Block) -> Block:
    return Block(
        joined([one.segment, other.segment]),
        np.concatenate([one.entry_ids, other.entry_ids]),
        np.concatenate([one.person, other.person]),
        np.concatenate([one.list_ids, other.list_ids]),
        np.concatenate([one.finger, other.finger]),
        np.concatenate([one.model, other.model]),
    )


def _part(block: Block) -> Part:
    return Part(block, bits_of(block.segment.words), np.ones(len(block), np.bool_))
