"""Which request is offered to the uplink next, and when one is offered again.

Pure decisions over a clock that is passed in; the gate asks, the store holds the envelopes. A
request is offered until its final answer is committed: at once on every new link (a broker may have
forgotten everything), and again after a while without an answer.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from greenline.firmware.store import Pending


class Stage(StrEnum):
    """How far a pending request has come."""

    QUEUED = "queued"
    OFFERED = "offered"
    PUBLISHED = "published"


@dataclass
class _Entry:
    request: Pending
    stage: Stage = Stage.QUEUED
    offers: int = 0
    turn: int = 0


class Dispatcher:
    """The order of offers. clock: monotonic seconds. resend times in seconds."""

    def __init__(
        self,
        clock: Callable[[], float],
        resend_first_s: float = 15.0,
        resend_longest_s: float = 300.0,
    ) -> None:
        self._clock = clock
        self._resend_first_s = resend_first_s
        self._resend_longest_s = resend_longest_s
        self._entries: dict[bytes, _Entry] = {}
        self._ready: list[tuple[int, int, bytes, int]] = []
        self._sleeping: list[tuple[float, bytes, int]] = []
        self._unconfirmed: dict[bytes, float] = {}
        self._window = 0

    def add(self, requests: Iterable[Pending]) -> None:
        """Take requests into the order; one that is already known is left as it is."""
        for request in requests:
            if request.request_id not in self._entries:
                self._entries[request.request_id] = _Entry(request)
                self._make_ready(request.request_id)

    def remove(self, request_id: bytes) -> None:
        """Forget a request that was answered or has expired."""
        self._entries.pop(request_id, None)
        self._unconfirmed.pop(request_id, None)

    def link_up(self, window: int) -> None:
        """Start anew on a new link: everything pending is offered again, in order."""
        self._window = window
        self._restart()

    def link_down(self) -> None:
        """Offer nothing until the next link."""
        self._window = 0
        self._restart()

    def confirmed(self, request_id: bytes, *, taken: bool) -> None:
        """Note that the broker took or refused an offer; either way it is offered again later.

        Only what was offered can be confirmed, and once: an uplink gone wrong fills no memory.
        """
        offered = self._unconfirmed.pop(request_id, None) is not None
        entry = self._entries.get(request_id)
        if entry is None or not offered:
            return
        entry.stage = Stage.PUBLISHED if taken else Stage.QUEUED
        doublings = min(entry.offers - 1, 16)
        wait = min(self._resend_longest_s, self._resend_first_s * 2.0**doublings)
        entry.turn += 1
        heapq.heappush(self._sleeping, (self._clock() + wait, request_id, entry.turn))

    def next_offer(self) -> Pending | None:
        """Return the request to offer now, or None when there is none or the window is full."""
        self._wake()
        if len(self._unconfirmed) >= self._window:
            return None
        while self._ready:
            _, _, request_id, turn = heapq.heappop(self._ready)
            entry = self._entries.get(request_id)
            if entry is not None and entry.turn == turn:
                entry.stage = Stage.OFFERED
                entry.offers += 1
                entry.turn += 1
                self._unconfirmed[request_id] = self._clock()
                return entry.request
        return None

    def wait_s(self) -> float | None:
        """Return after how many seconds next_offer() may have something new; None: not by time."""
        if not self._window or not self._sleeping:
            return None
        return max(0.0, self._sleeping[0][0] - self._clock())

    def oldest_unconfirmed_s(self) -> float:
        """Return for how many seconds the oldest offer has been unconfirmed; 0 without any."""
        if not self._unconfirmed:
            return 0.0
        return self._clock() - min(self._unconfirmed.values())

    def stages(self) -> dict[bytes, Stage]:
        """Return how far each pending request has come."""
        return {request_id: entry.stage for request_id, entry in self._entries.items()}

    def _restart(self) -> None:
        self._unconfirmed.clear()
        self._ready.clear()
        self._sleeping.clear()
        for request_id, entry in self._entries.items():
            entry.stage = Stage.QUEUED
            entry.offers = 0
            self._make_ready(request_id)

    def _make_ready(self, request_id: bytes) -> None:
        entry = self._entries[request_id]
        entry.turn += 1
        request = entry.request
        heapq.heappush(self._ready, (request.lane, request.created_ms, request_id, entry.turn))

    def _wake(self) -> None:
        now = self._clock()
        while self._sleeping and self._sleeping[0][0] <= now:
            _, request_id, turn = heapq.heappop(self._sleeping)
            entry = self._entries.get(request_id)
            if entry is not None and entry.turn == turn:
                self._make_ready(request_id)
