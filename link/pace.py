"""Which message goes next, and how many may be on their way: the send window with a slow start.

After a long outage all kiosks come back with a backlog at the same time. So each begins with a few
messages and doubles with each round that the broker confirms, as TCP does (RFC 5681, 3.1). What a
person waits for is not held back by that; it goes before everything else.
"""

import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

_FIRST = 2


class NotConnectedError(Exception):
    """There is no connection now, or the window is full: offer the message again later."""


@dataclass(frozen=True)
class Message:
    """A message to publish. token: ours, to tell what became of it. urgent: a person waits."""

    token: bytes
    topic: str
    payload: bytes
    expiry_s: int
    urgent: bool = False


@dataclass(order=True)
class _Waiting:
    patient: bool
    number: int
    message: Message = field(compare=False)


class Pace:
    """Safe to share between threads; calls nobody but the clock. clock: monotonic seconds.

    window: most messages taken and not confirmed. small: begin slowly.
    """

    def __init__(self, window: int, clock: Callable[[], float], *, small: bool) -> None:
        self._clock = clock
        self._window = window
        self._size = min(_FIRST, window) if small else window
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._number = 0
        self._sending = 0
        self._progress_at = 0.0

    def limit(self, window: int) -> None:
        """Lower the window to what the broker allows; before anything is put in."""
        with self._lock:
            self._window = min(self._window, window)
            self._size = min(self._size, window)

    @property
    def size(self) -> int:
        """How many may be on their way now."""
        with self._lock:
            return self._size

    def put(self, message: Message) -> None:
        """Take a message. Raises NotConnectedError when as many as the window are not confirmed."""
        with self._lock:
            if self._sending + len(self._waiting) >= self._window:
                raise NotConnectedError("no link, or its window is full")
            self._number += 1
            heapq.heappush(self._waiting, _Waiting(not message.urgent, self._number, message))

    def take(self) -> Message | None:
        """Return what is to be sent now; confirmed() or dropped() has to follow for each."""
        with self._lock:
            if not self._waiting:
                return None
            limit = self._size if self._waiting[0].patient else self._window
            if self._sending >= limit:
                return None
            if not self._sending:
                self._progress_at = self._clock()
            self._sending += 1
            return heapq.heappop(self._waiting).message

    def dropped(self) -> None:
        """Note that what take() gave could not be sent."""
        with self._lock:
            self._sending -= 1

    def confirmed(self, *, slower: bool = False) -> None:
        """Note that the broker answered for a message. slower: it said that it has too much."""
        with self._lock:
            self._sending -= 1
            self._progress_at = self._clock()
            self._size = 1 if slower else min(self._window, self._size + 1)

    def silent_s(self) -> float:
        """Return for how many seconds messages have been on their way and none was confirmed."""
        with self._lock:
            return self._clock() - self._progress_at if self._sending else 0.0
