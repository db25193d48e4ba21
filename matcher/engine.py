"""The search engine: who on the lists asked for resembles the probe's fingers, best first.

Engine is what the matcher's service wants of one. LocalEngine searches in this process, on several
threads; greenline.matcher.cluster has one whose parts are processes on several machines. Both run
the same search (searching.py) and make the answer of it in the same way (answer.py).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from greenline.matcher.answer import answer
from greenline.matcher.gallery import Gallery, ListInfo
from greenline.matcher.holding import Holding, Progress, Snapshot
from greenline.matcher.query import Found, Probe, Query, Search
from greenline.matcher.searching import search
from greenline.matcher.shortlist import USUAL, Stages

__all__ = ["Engine", "Found", "LocalEngine", "Probe", "Query", "Search"]


class Engine(Protocol):
    """What answers searches. Raises DatabaseError when the gallery cannot be read."""

    def refresh(self) -> object:
        """Take in what was enrolled, removed or repaired since."""
        ...

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists as of the last refresh."""
        ...

    def search(self, query: Query) -> Search:
        """Search. An enrolment that was committed before the call is found."""
        ...


class LocalEngine:
    """Searches one gallery in this process, on several threads. Safe to share between threads."""

    def __init__(
        self, gallery: Gallery, stages: Stages = USUAL, threads: int | None = None
    ) -> None:
        self._gallery = gallery
        self._holding = Holding(gallery)
        self._stages = stages
        self._pool = ThreadPoolExecutor(threads or os.cpu_count(), "search")
        self._now = Snapshot()

    def refresh(self, progress: Progress = lambda _done, _total: None) -> Snapshot:
        """Take in what was enrolled, removed or repaired since. Raises DatabaseError."""
        self._now = self._holding.refresh(progress)
        return self._now

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists as of the last refresh."""
        return self._now.lists

    def search(self, query: Query) -> Search:
        """Search the lists named; each once. Raises DatabaseError."""
        now = self.refresh()
        share = search(now, query, self._stages, self._pool)
        return answer(query, [share], now.lists, self._gallery)
