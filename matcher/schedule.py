"""The order in which requests are searched: by lane, then kiosk after kiosk, of each by age.

Kiosks take turns, so that one that sends thousands delays each other by one search. What failed
comes again after a while.
"""

import heapq
import threading
from collections import Counter, defaultdict
from collections.abc import Callable

from greenline.matcher.ledger import Waiting

_MOST_DOUBLINGS = 5


class Schedule:
    """A priority queue with delays. Safe to share between threads. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._ready: defaultdict[str, list[Waiting]] = defaultdict(list)
        self._turns: dict[str, int] = {}
        self._turn = 0
        self._later: list[tuple[float, Waiting]] = []
        self._failures: Counter[bytes] = Counter()
        self._closed = False

    def add(self, request: Waiting, after_s: float = 0.0) -> None:
        """Put a request into the order, now or after a while."""
        with self._condition:
            if after_s > 0:
                heapq.heappush(self._later, (self._clock() + after_s, request))
            else:
                self._make_ready(request)
            self._condition.notify_all()

    def put_off(self, request: Waiting, first_s: float) -> None:
        """Put a request that could not be answered back into the order, after a while.

        The while doubles each time, up to 32 times the first: many that stay incomplete must not
        keep the search from what is new.
        """
        with self._condition:
            failures = self._failures[request.request_id]
            self._failures[request.request_id] += 1
            due = self._clock() + first_s * 2 ** min(failures, _MOST_DOUBLINGS)
            heapq.heappush(self._later, (due, request))
            self._condition.notify_all()

    def done(self, request: Waiting) -> None:
        """Note that a request is answered: how often it failed need not be known any more."""
        with self._condition:
            self._failures.pop(request.request_id, None)

    def next(self, longest_s: float) -> Waiting | None:
        """Return the most urgent request that is due; None when none came in time."""
        until = self._clock() + longest_s
        with self._condition:
            while not self._closed:
                now = self._clock()
                self._wake(now)
                if self._ready:
                    return self._pop()
                if now >= until:
                    return None
                due = self._later[0][0] if self._later else until
                self._condition.wait(min(due, until) - now)
        return None

    def due(self) -> int:
        """Return how many could be searched now."""
        with self._condition:
            self._wake(self._clock())
            return sum(map(len, self._ready.values()))

    def due_of(self, kiosk: str) -> int:
        """Return how many of them are one kiosk's."""
        with self._condition:
            self._wake(self._clock())
            return len(self._ready.get(kiosk, ()))

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
            self._make_ready(heapq.heappop(self._later)[1])

    def _make_ready(self, request: Waiting) -> None:
        heapq.heappush(self._ready[request.kiosk], request)

    def _pop(self) -> Waiting:
        """Take the first of the kiosk whose turn was the longest ago, in the most urgent lane."""

        def order(kiosk: str) -> tuple[int, int, Waiting]:
            first = self._ready[kiosk][0]
            return first.lane, self._turns.get(kiosk, 0), first

        kiosk = min(self._ready, key=order)
        self._turn += 1
        self._turns[kiosk] = self._turn
        found = heapq.heappop(self._ready[kiosk])
        if not self._ready[kiosk]:
            del self._ready[kiosk]
        return found
