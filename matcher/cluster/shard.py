"""One replica of one shard: a portion of the gallery in the memory of a process of its own.

Runs in a Ray actor, knows nothing of Ray. It is made of paths and numbers alone: the gallery's key
is read here, from the file that the path names on this machine, and never travels. What it holds
is derived from the gallery's file, so that it can be killed and made again at any time.
"""

import functools
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from greenline.matcher.errors import DatabaseError, MatcherError
from greenline.matcher.gallery import Gallery
from greenline.matcher.gallery_key import read_gallery_key
from greenline.matcher.holding import Holding
from greenline.matcher.kernel.compiled import cache_folder
from greenline.matcher.kernel.warm import warm
from greenline.matcher.portion import Portion
from greenline.matcher.query import Query
from greenline.matcher.searching import Share, search
from greenline.matcher.shortlist import USUAL, Stages

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 0.02
_MOST_BEHIND_S = 2.0


@dataclass(frozen=True)
class Layout:
    """How a gallery lies in a cluster. gallery, key: files, at the same place on every machine.

    replicas: of each shard, on different machines. threads: of each of them.
    """

    gallery: Path
    key: Path
    shards: int
    replicas: int = 2
    threads: int = 1
    stages: Stages = USUAL


@dataclass(frozen=True)
class Condition:
    """What a replica says of itself. loaded: whether it can search; fault: why it never will.

    process: its number on its machine. done, total: entries loaded. version: see version().
    """

    process: int
    loaded: bool
    fault: str
    done: int
    total: int
    version: str


@functools.cache
def version() -> str:
    """Return what stands for all that decides a score: two machines must not differ in it."""
    return cache_folder().name  # named after the content of the kernel and of prints/


class Shard:
    """Holds one shard. Safe to share between threads. Loads in a thread of its own."""

    def __init__(self, layout: Layout, shard: int) -> None:
        self._layout = layout
        self._portion = Portion(shard, layout.shards)
        self._pool = ThreadPoolExecutor(layout.threads, "search")
        self._lock = threading.Lock()
        self._holding: Holding | None = None
        self._loading = False
        self._fault = ""
        self._progress = (0, 0)
        self._begin()

    def condition(self) -> Condition:
        """Say what is held. Tries to load once more if that failed."""
        self._begin()
        with self._lock:
            return Condition(
                os.getpid(), self._holding is not None, self._fault, *self._progress, version()
            )

    def search(self, query: Query, position: int, wanted: str) -> Share:
        """Search what is held once it has reached a position of the operation log.

        wanted: the version of who asks. Raises DatabaseError when that is another one, when the
        shard cannot be used, is not loaded yet, or does not get to the position.
        """
        if wanted != version():
            raise DatabaseError(
                "this machine has another version of Greenline: scores would differ"
            )
        held = self._held()
        now = held.refresh()
        until = time.monotonic() + _MOST_BEHIND_S
        while now.position < position:  # this machine has a copy of the file, which lags behind
            if time.monotonic() > until:
                raise DatabaseError(
                    f"the gallery {self._layout.gallery} is behind here: at {now.position} of "
                    f"{position} changes"
                )
            time.sleep(_LOOK_AGAIN_S)
            now = held.refresh()
        return search(now, query, self._layout.stages, self._pool)

    def _held(self) -> Holding:
        self._begin()
        with self._lock:
            if self._holding is None:
                raise DatabaseError(self._fault or "the shard is being loaded")
            return self._holding

    def _begin(self) -> None:
        """Load, unless that was done or is being done."""
        with self._lock:
            if self._holding is not None or self._loading:
                return
            self._loading = True
        threading.Thread(target=self._load, name="load", daemon=True).start()

    def _load(self) -> None:
        found, fault = None, ""
        try:
            warm()
            found = self._opened()
        except MatcherError as error:
            fault = str(error)
        except Exception as error:  # the last resort of this thread: whoever asks is told
            log.exception("a shard was not loaded")
            fault = f"{type(error).__name__}: {error}"
        with self._lock:
            self._holding, self._fault, self._loading = found, fault, False

    def _opened(self) -> Holding:
        if not self._layout.gallery.exists():  # opening it would make an empty one
            raise DatabaseError(f"the gallery {self._layout.gallery} is not on this machine")
        gallery = Gallery(self._layout.gallery, read_gallery_key(self._layout.key))
        holding = Holding(gallery, self._portion)
        holding.refresh(self._tell)
        return holding

    def _tell(self, done: int, total: int) -> None:
        self._progress = (done, total)
