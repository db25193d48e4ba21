"""The gallery in memory: its blocks as the kernel compares them, kept up with the operation log.

An enrolment that was committed before refresh() is found by what looks afterwards; entries that
cannot be read are counted, so that a search without them is incomplete.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from greenline.matcher.blocks import MOST_ENTRIES, Block
from greenline.matcher.gallery import ChangeKind, Gallery, ListInfo
from greenline.matcher.kernel.sketch import bits_of
from greenline.matcher.portion import WHOLE, Portion
from greenline.matcher.segment import joined
from greenline.matcher.shortlist import Part

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What was there at one moment; it never changes. unreadable: ids of entries.

    position: of the operation log; what came before it is in here.
    """

    parts: tuple[Part, ...] = ()
    unreadable: frozenset[int] = frozenset()
    lists: dict[str, ListInfo] = field(default_factory=dict)
    models: dict[int, str] = field(default_factory=dict)
    position: int = -1


class Holding:
    """Holds one gallery, or a portion of it, in memory. Safe to share between threads.

    unreadable are those of the whole gallery in any case: whose they are cannot be told.
    """

    def __init__(self, gallery: Gallery, portion: Portion = WHOLE) -> None:
        self._gallery = gallery
        self._portion = portion
        self._lock = threading.Lock()
        self._revision = -1
        self._now = Snapshot()

    def refresh(self, progress: Progress = lambda _done, _total: None) -> Snapshot:
        """Take in what was enrolled, removed or repaired since. Raises DatabaseError."""
        with self._lock:
            revision = self._gallery.revision()
            if revision != self._revision or self._now.unreadable:
                position = self._gallery.position()
                if self._now.position < 0:
                    self._take_all(progress)
                else:
                    self._take_changes()
                self._now = replace(
                    self._now,
                    lists=self._gallery.lists(),
                    models=self._gallery.models(),
                    position=position,
                )
                self._revision = revision
            return self._now

    def _take_all(self, progress: Progress) -> None:
        total = len(self._gallery.entry_ids()) // self._portion.of
        parts, unreadable, done = list[Part](), set[int](), 0
        small = list[Block]()
        for block in self._gallery.blocks(self._portion):
            unreadable.update(block.unreadable)
            done += len(block) + len(block.unreadable)
            progress(min(done, total), total)
            small.append(block)
            if sum(map(len, small)) >= _MANY:
                parts.append(_part(_joined(small)))
                small = []
        if small:
            parts.append(_part(_joined(small)))
        self._now = replace(self._now, parts=tuple(parts), unreadable=frozenset(unreadable))

    def _take_changes(self) -> None:
        gone, fresh = set[int](), set(self._now.unreadable)
        for change in self._gallery.changes(self._now.position):
            gone.add(change.entry_id)
            if change.kind is ChangeKind.ENROLLED:
                fresh.add(change.entry_id)
            elif change.kind is ChangeKind.REMOVED:
                fresh.discard(change.entry_id)
        kept = tuple(self._without(gone)) if gone else self._now.parts
        unreadable: frozenset[int] = frozenset()
        if fresh:
            block = self._gallery.store.prepared(np.array(sorted(fresh), np.int64), self._portion)
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
_MANY = MOST_ENTRIES // 2  # entries: what is loaded in smaller pieces is joined up to this


def _appended(parts: tuple[Part, ...], block: Block) -> tuple[Part, ...]:
    """Add new entries, to the last part as long as it is small: many small parts cost time."""
    if parts and len(parts[-1].block) < _FEW:
        last = parts[-1].block.kept(parts[-1].alive)
        return (*parts[:-1], _part(_joined([last, block])))
    return (*parts, _part(block))


def _joined(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        joined(block.segment for block in blocks),
        np.concatenate([block.entry_ids for block in blocks]),
        np.concatenate([block.person for block in blocks]),
        np.concatenate([block.list_ids for block in blocks]),
        np.concatenate([block.finger for block in blocks]),
        np.concatenate([block.model for block in blocks]),
    )


def _part(block: Block) -> Part:
    return Part(block, bits_of(block.segment.words), np.ones(len(block), np.bool_))
