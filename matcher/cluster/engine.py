"""The search engine whose gallery lies in shards on several machines.

    query -> one replica of every shard (hedging.py) -> shares -> one answer (answer.py)

Every shard searches with the code of the LocalEngine, and the answer is made with the same code
too. A shard that did not answer lowers the coverage, so that nobody is told "none".
"""

import threading
import time

from greenline.matcher.answer import Silence, answer
from greenline.matcher.cluster.hedging import USUAL, Hedging, Terms
from greenline.matcher.cluster.replicas import Replicas
from greenline.matcher.gallery import Gallery, ListInfo
from greenline.matcher.query import Query, Search
from greenline.matcher.searching import Share


class RayEngine:
    """Searches through the replicas of all shards. Safe to share between threads.

    gallery: the same file as the replicas', for lists, names and the newest change. The caller
    closes both.
    """

    def __init__(
        self, gallery: Gallery, replicas: Replicas, shards: int, each: int, terms: Terms = USUAL
    ) -> None:
        """Each: how many replicas a shard has."""
        self._gallery = gallery
        self._replicas = replicas
        self._shards = shards
        self._hedging = Hedging(each, time.monotonic, terms, replicas.set_aside)
        self._lock = threading.Lock()
        self._revision = -1
        self._position = 0
        self._lists: dict[str, ListInfo] = {}
        self._sizes: dict[int, dict[str, int]] = {}  # by shard: entries of each list, as last told

    def refresh(self) -> int:
        """Read how far the gallery's log is; searches from now on reach it. Raises DatabaseError.

        Returns the position.
        """
        with self._lock:
            revision = self._gallery.revision()
            if revision != self._revision:
                self._lists = self._gallery.lists()
                self._position = self._gallery.position()
                self._revision = revision
            return self._position

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists as of the last refresh."""
        return self._lists

    def search(self, query: Query) -> Search:
        """Search the lists named; each once. Raises DatabaseError."""
        position = self.refresh()
        lists = self._lists
        found = self._hedging.ask(self._shards, self._replicas.asking(query, position))
        with self._lock:
            for shard, share in found.items():
                self._sizes[shard] = self._sizes.get(shard, {}) | share.entries
        silence = self._silence(found, query)
        return answer(query, list(found.values()), lists, self._gallery, silence)

    def _silence(self, found: dict[int, Share], query: Query) -> Silence:
        """Return what the shards that said nothing held; of one never heard: what others hold."""
        silent = [shard for shard in range(self._shards) if shard not in found]
        if not silent:
            return Silence()
        names = set(query.lists)
        with self._lock:
            sizes = {
                shard: sum(count for name, count in sizes.items() if name in names)
                for shard, sizes in self._sizes.items()
            }
        usual = sum(sizes.values()) / len(sizes) if sizes else 0.0
        entries = sum(sizes.get(shard, usual) for shard in silent)
        return Silence(round(entries), len(found) / self._shards)
