"""Looks whether a gallery is whole: the file's pages, every record, every block, the log."""

from collections.abc import Callable
from dataclasses import dataclass

from greenline.matcher.database import DamagedError
from greenline.matcher.gallery import Gallery

Progress = Callable[[int, int], None]

_AT_ONCE = 1000  # rows


@dataclass(frozen=True)
class Findings:
    """What was found. entries, blocks: how many there are; stale: blocks of another version.

    unreadable: entries whose record cannot be read, by name; lost, unlogged: entries that the log
    has and the table has not, and the other way round; damaged: blocks; structure: what SQLite
    says. All but stale mean that the file is not whole.
    """

    entries: int
    blocks: int
    stale: int
    unreadable: tuple[str, ...]
    lost: tuple[str, ...]
    unlogged: tuple[str, ...]
    damaged: tuple[str, ...]
    structure: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Return whether nothing is wrong."""
        wrong = (self.unreadable, self.lost, self.unlogged, self.damaged, self.structure)
        return not any(wrong)

    @property
    def told(self) -> list[str]:
        """Return what is wrong, a sentence each."""
        return [*self.structure, *self.unreadable, *self.lost, *self.unlogged, *self.damaged]


def verify(gallery: Gallery, progress: Progress = lambda _done, _total: None) -> Findings:
    """Read all of it. progress: of entries and blocks. Raises DatabaseError when nothing is."""
    structure = gallery.integrity()
    ids = sorted(gallery.entry_ids())
    places = gallery.store.ranges()
    total = len(ids) + len(places)
    unreadable: set[int] = set()
    for at in range(0, len(ids), _AT_ONCE):
        unreadable |= _unreadable(gallery, ids[at : at + _AT_ONCE])
        progress(min(at + _AT_ONCE, len(ids)), total)
    faults: list[str] = []
    stale = 0
    for number, place in enumerate(places, 1):
        stale += not gallery.store.is_current(place)
        _, fault = gallery.store.stored(place)
        faults += [f"{fault}: it can be made anew"] if place.number in gallery.store.damaged else []
        progress(len(ids) + number, total)
    lost, unlogged = _against_log(gallery, set(ids))
    names = gallery.rows.names(unreadable)
    return Findings(
        entries=len(ids),
        blocks=len(places),
        stale=stale,
        unreadable=tuple(
            f"entry {one} ({names.get(one, 'its name is lost too')}) cannot be read"
            for one in sorted(unreadable)
        ),
        lost=tuple(f"entry {one} was enrolled and never removed, but is gone" for one in lost),
        unlogged=tuple(f"entry {one} is there, but the log does not have it" for one in unlogged),
        damaged=tuple(faults),
        structure=tuple(structure),
    )


def _unreadable(gallery: Gallery, ids: list[int]) -> set[int]:
    rows = gallery.rows.some(ids)
    return set(ids) - {row.entry_id for row in rows if gallery.rows.template(row) is not None}


def _against_log(gallery: Gallery, ids: set[int]) -> tuple[list[int], list[int]]:
    try:
        logged = gallery.rows.logged()
    except DamagedError:  # told among the structure
        return [], []
    return sorted(logged - ids), sorted(ids - logged)
