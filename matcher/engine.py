"""The search engine: a gallery's templates in memory, compared with a probe.

Every entry is compared by the reference comparison; above a size, only those that its cheap first
stages rank best. It says how much of what was asked for it could compare (coverage): an entry that
cannot be read makes a search incomplete, never "none".
"""

import heapq
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from greenline.matcher.gallery import Entry, Gallery, ListInfo
from greenline.prints.comparison import Prepared, compare, prepare, rank_score
from greenline.prints.template import Template

_EXHAUSTIVE = 500
_SHORTLIST_SHARE = 0.02


@dataclass(frozen=True)
class Found:
    """A candidate. score: of the comparison, higher is more alike."""

    reference: str
    list_name: str
    finger: int
    score: float


@dataclass(frozen=True)
class Search:
    """What a search came to. candidates: best first. coverage: 0-1 of the entries asked for."""

    candidates: tuple[Found, ...]
    searched: tuple[tuple[ListInfo, int], ...]
    coverage: float


@dataclass(frozen=True)
class _Loaded:
    entry: Entry
    prepared: Prepared


class LocalEngine:
    """Searches one gallery in this process. Safe to share between threads."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._lock = threading.Lock()
        self._revision = -1
        self._loaded: dict[int, _Loaded] = {}
        self._unreadable = 0
        self._lists: dict[str, ListInfo] = {}

    def refresh(self) -> None:
        """Take in what was enrolled, removed or repaired since. Raises DatabaseError."""
        with self._lock:
            revision = self._gallery.revision()
            if revision == self._revision and not self._unreadable:
                return
            present = self._gallery.entry_ids()
            for entry_id in set(self._loaded) - present:
                del self._loaded[entry_id]
            self._unreadable = sum(
                not self._load(entry_id) for entry_id in sorted(present - set(self._loaded))
            )
            self._lists = self._gallery.lists()
            self._revision = revision

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists as of the last refresh."""
        return self._lists

    def search(
        self, probes: Sequence[Template], lists: Sequence[str], threshold: float, limit: int
    ) -> Search:
        """Compare each probe with every entry of the lists; a reference counts with its best score.

        An enrolment that was committed before the call is found. Raises DatabaseError.
        """
        self.refresh()
        with self._lock:
            loaded = [item for item in self._loaded.values() if item.entry.list_name in lists]
            # Which list an unreadable entry belongs to cannot be trusted: it counts for each.
            total = len(loaded) + self._unreadable
            sizes = Counter(item.entry.list_name for item in loaded)
            known = [self._lists[name] for name in dict.fromkeys(lists) if name in self._lists]
        best: dict[tuple[str, str], Found] = {}
        for probe in probes:
            for found in _compare(prepare(probe), loaded):
                key = (found.list_name, found.reference)
                if found.score >= threshold and (key not in best or found.score > best[key].score):
                    best[key] = found
        return Search(
            tuple(sorted(best.values(), key=lambda found: -found.score)[:limit]),
            tuple((info, sizes[info.name]) for info in known),
            len(loaded) / total if total else 1.0,
        )

    def _load(self, entry_id: int) -> bool:
        """Make an entry ready; False when it is there but cannot be read."""
        entry = self._gallery.entry(entry_id)
        if entry is not None and entry.template is not None:
            self._loaded[entry_id] = _Loaded(entry, prepare(entry.template))
        return entry is None or entry.template is not None


def _compare(probe: Prepared, loaded: list[_Loaded]) -> list[Found]:
    shortlist = loaded
    if len(loaded) > _EXHAUSTIVE:
        keep = max(_EXHAUSTIVE // 5, int(len(loaded) * _SHORTLIST_SHARE))
        shortlist = heapq.nlargest(
            keep, loaded, key=lambda item: (rank_score(probe, item.prepared), -item.entry.entry_id)
        )
    return [
        Found(
            item.entry.reference,
            item.entry.list_name,
            item.entry.finger,
            compare(probe, item.prepared).score,
        )
        for item in shortlist
    ]
