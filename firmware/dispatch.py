"""Which request is offered to the uplink next, and when one is offered again.

Pure decisions over a clock that is passed in; the gate asks, the store holds the envelopes, and
lanes.py has the order. A request is offered until its final answer is committed: at once on every
new link (a broker may have forgotten everything), and again after a while without an answer.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from greenline.firmware.lanes import Lanes
from greenline.firmware.store_rows import Pending
from greenline.protocol.envelope import Lane

_FRESH_S = 120.0
"""So long somebody may be standing there."""
_KEPT_FREE = 4
"""One place in so many of the window is kept for who is standing there."""
_MOST_AWAITED = 256
"""So many answers are awaited at most before more of a backlog goes: a matcher has room for some
hundred requests of one kiosk, and turns away what is beyond, a person's who waits too."""


class Stage(StrEnum):
    """How far a request has come: where it lies, as far as anybody has proved."""

    QUEUED = "queued"
    OFFERED = "offered"
    PUBLISHED = "published"
    RECEIVED = "received"
    ANSWERED = "answered"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Standing:
    """Where a pending request stands. offers: in this run; since_s: in this stage for so long.

    refusal: what the broker said when it last refused it; empty: it did not.
    """

    request: Pending
    stage: Stage
    offers: int
    since_s: float
    refusal: str


@dataclass
class _Entry:
    request: Pending
    added_at: float
    since: float
    fresh: bool = False
    stage: Stage = Stage.QUEUED
    received: bool = False
    offers: int = 0
    tries: int = 0
    turn: int = 0
    refusal: str = ""


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
        self._ready = Lanes()
        self._urgent = Lanes()
        self._sleeping: list[tuple[float, bytes, int]] = []
        self._unconfirmed: dict[bytes, float] = {}
        self._awaited: set[bytes] = set()
        self._window = 0
        self.resends = 0

    def add(self, requests: Iterable[Pending], *, fresh: bool = False) -> None:
        """Take requests into the order; one that is already known is left as it is.

        fresh: they were taken just now.
        """
        now = self._clock()
        for request in requests:
            if request.request_id not in self._entries:
                self._entries[request.request_id] = _Entry(request, now, now, fresh)
                self._make_ready(request.request_id)

    def remove(self, request_id: bytes) -> None:
        """Forget a request that was answered or has expired."""
        self._entries.pop(request_id, None)
        self._unconfirmed.pop(request_id, None)
        self._awaited.discard(request_id)

    def link_up(self, window: int) -> None:
        """Start anew on a new link: everything pending is offered again, in order."""
        self._window = window
        self._restart()

    def link_down(self) -> None:
        """Offer nothing until the next link."""
        self._window = 0
        self._restart()

    def confirmed(self, request_id: bytes, *, taken: bool, refusal: str = "") -> None:
        """Note that the broker took or refused an offer; either way it is offered again later.

        Only what was offered can be confirmed, and once: an uplink gone wrong fills no memory.
        """
        offered = self._unconfirmed.pop(request_id, None) is not None
        entry = self._entries.get(request_id)
        if entry is None or not offered:
            return
        self._enter(entry, Stage.PUBLISHED if taken else Stage.QUEUED)
        entry.refusal = "" if taken else refusal
        if taken:
            self._awaited.add(request_id)
        doublings = min(entry.tries - 1, 16)
        wait = min(self._resend_longest_s, self._resend_first_s * 2.0**doublings)
        self._sleep(entry, self._resend_longest_s if entry.received else wait)

    def received(self, request_id: bytes) -> bool:
        """Note that the matcher has a request: it answers by itself. False: it is not pending.

        It is offered again all the same, seldom: its answer may be lost on the way.
        """
        entry = self._entries.get(request_id)
        if entry is None:
            return False
        if not entry.received:
            entry.received, entry.since = True, self._clock()
            if request_id not in self._unconfirmed:
                self._sleep(entry, self._resend_longest_s)
        return True

    def retry(self, request_ids: Iterable[bytes] | None = None) -> int:
        """Have requests (None: all) offered at once; return of how many that is news."""
        count = 0
        for request_id in list(self._entries) if request_ids is None else request_ids:
            entry = self._entries.get(request_id)
            if entry is not None and request_id not in self._unconfirmed:
                entry.tries = 0
                self._make_ready(request_id)
                count += 1
        return count

    def next_offer(self) -> Pending | None:
        """Return the request to offer now, or None when there is none or the window is full."""
        self._wake()
        free = self._window - len(self._unconfirmed)
        if free <= 0:
            return None
        request_id = self._urgent.take(self._counts)
        if request_id is None and self._may_send_more(free):
            request_id = self._ready.take(self._counts)
        if request_id is None:
            return None
        entry = self._entries[request_id]
        self.resends += entry.offers > 0
        self._enter(entry, Stage.OFFERED)
        entry.offers += 1
        entry.tries += 1
        entry.turn += 1
        self._unconfirmed[request_id] = self._clock()
        return entry.request

    def _may_send_more(self, free: int) -> bool:
        """Whether a request goes for which nobody stands there. free: places of the window."""
        awaited = len(self._awaited) + len(self._unconfirmed)
        return free > self._window // _KEPT_FREE and awaited < _MOST_AWAITED

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

    def snapshot(self) -> tuple[Standing, ...]:
        """Return where each pending request stands."""
        now = self._clock()
        return tuple(
            Standing(e.request, _stage(e), e.offers, now - e.since, e.refusal)
            for e in self._entries.values()
        )

    def stages(self) -> dict[bytes, Stage]:
        """Return how far each pending request has come."""
        return {request_id: _stage(entry) for request_id, entry in self._entries.items()}

    def _restart(self) -> None:
        self._unconfirmed.clear()
        self._awaited.clear()
        self._ready.clear()
        self._urgent.clear()
        self._sleeping.clear()
        for request_id, entry in self._entries.items():
            self._enter(entry, Stage.QUEUED)
            entry.tries = 0
            self._make_ready(request_id)

    def _enter(self, entry: _Entry, stage: Stage) -> None:
        if entry.stage is not stage:
            entry.stage = stage
            # Where it was is where it is proved to be, as long as the matcher has it.
            entry.since = entry.since if entry.received else self._clock()

    def _make_ready(self, request_id: bytes) -> None:
        entry = self._entries[request_id]
        entry.turn += 1
        self._awaited.discard(request_id)
        lanes = self._urgent if self._is_urgent(entry) else self._ready
        lanes.add(entry.request, entry.turn)

    def _is_urgent(self, entry: _Entry) -> bool:
        """Whether somebody may be standing there and waits."""
        waits = entry.request.lane == Lane.PERSON_WAITING and not entry.received
        return entry.fresh and waits and self._clock() - entry.added_at < _FRESH_S

    def _sleep(self, entry: _Entry, wait_s: float) -> None:
        entry.turn += 1
        until = self._clock() + wait_s
        heapq.heappush(self._sleeping, (until, entry.request.request_id, entry.turn))

    def _wake(self) -> None:
        now = self._clock()
        while self._sleeping and self._sleeping[0][0] <= now:
            _, request_id, turn = heapq.heappop(self._sleeping)
            if self._counts(request_id, turn):
                self._make_ready(request_id)

    def _counts(self, request_id: bytes, turn: int) -> bool:
        entry = self._entries.get(request_id)
        return entry is not None and entry.turn == turn


def _stage(entry: _Entry) -> Stage:
    return Stage.RECEIVED if entry.received else entry.stage
