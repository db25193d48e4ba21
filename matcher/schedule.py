"""The order in which requests are searched: by lane, then by age; failed ones after a while."""

import heapq
import threading
from collections.abc import Callable

from greenline.matcher.ledger import Waiting


class Schedule:
    """A priority queue with delays. Safe to share between threads. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._ready: list[Waiting] = []
        self._later: list[tuple[float, Waiting]] = []
        self._closed = False

    def add(self, request: Waiting, delay_s: float = 0.0) -> None:
        """Put a request into the order, now or after a delay."""
        with self._condition:
            if delay_s:
                heapq.heappush(self._later, (self._clock() + delay_s, request))
            else:
                heapq.heappush(self._ready, request)
            self._condition.notify_all()

    def next(self, longest_s: float) -> Waiting | None:
        """Return the most urgent request that is due; None when none came in time."""
        until = self._clock() + longest_s
        with self._condition:
            while not self._closed:
                now = self._clock()
                self._wake(now)
                if self._ready:
                    return heapq.heappop(self._ready)
                if now >= until:
                    return None
                due = self._later[0][0] if self._later else until
                self._condition.wait(min(due, until) - now)
        return None

    def close(self) -> None:
        """Let next() return; safe in a signal handler."""
        self._closed = True
        # A handler may have interrupted whoever holds the condition: never wait for it. next()
        # looks again after its time at the latest.
        if self._condition.acquire(blocking=False):
            self._condition.notify_all()
            self._condition.release()

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._later)[1])
