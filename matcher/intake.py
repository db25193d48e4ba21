"""The intake: from a delivery of the broker to a request in the ledger.

    ours? -> check -> at this time? -> room? -> ledger -> schedule -> acknowledge

What cannot be taken now is held unacknowledged: a new connection brings it again. What would be
held beyond a bound is acknowledged and turned away: its kiosk sends it again. The bound is below
the broker's window, so what is held of one kiosk never keeps the broker from delivering another's.

No kiosk fills the room or what is held alone: it may have at most _SHARE times what is left free,
so that there is always some left for another.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from greenline.matcher.errors import DatabaseError
from greenline.matcher.ledger import Accepted, Known, Ledger, State
from greenline.matcher.receipts import Receipts
from greenline.matcher.schedule import Schedule
from greenline.matcher.split import Split
from greenline.matcher.tally import Tally
from greenline.matcher.timely import Untimely, ends_ms, untimely
from greenline.protocol.envelope import Envelope, Header
from greenline.protocol.errors import ProtocolError, WrongKeyError
from greenline.protocol.topics import kiosk_of

log = logging.getLogger(__name__)

_SHARE = 8
_UNCONFIRMED = 0
"""The delivery of a message at QoS 0: the broker never waits for its acknowledgement."""


class _Held(NamedTuple):
    delivery: int
    request: Accepted


@dataclass
class Intake:
    """Used by the link's thread and the search thread.

    check: raises ProtocolError for what no known kiosk sent. acknowledge: tell the broker that a
    delivery is safe. resend: publish a stored answer again. receipts: tell kiosks what was taken.
    turn_back: answer that a request was not searched, and why. most_waiting: so many may wait for
    their search; beyond it nothing new is taken. retry_s: how long a ledger that failed is left
    alone. most_held: so many deliveries are held in memory. clock: monotonic seconds.
    """

    ledger: Ledger
    schedule: Schedule
    tally: Tally
    check: Callable[[bytes, str], Envelope]
    acknowledge: Callable[[int], None]
    resend: Callable[[bytes], None]
    receipts: Receipts
    turn_back: Callable[[Envelope, Untimely], None]
    now_ms: Callable[[], int]
    clock: Callable[[], float]
    split: Split
    most_waiting: int
    retry_s: float
    most_held: int = 256
    _held: list[_Held] = field(default_factory=list, init=False)
    _retry_at: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def held(self) -> int:
        """How many deliveries are held unacknowledged."""
        with self._lock:
            return len(self._held)

    def begin_anew(self) -> None:
        """Forget what is held: a new connection brings again what was not acknowledged."""
        with self._lock:
            self._held.clear()

    def take(self, delivery: int, topic: str, payload: bytes) -> None:
        """Take a request into the ledger, then acknowledge it; or leave, refuse or hold it."""
        if not self.split.takes(payload):
            self.tally.request("left to others")
            self.acknowledge(delivery)
            return
        try:
            envelope = self.check(payload, kiosk_of(topic))
        except ProtocolError as fault:
            self.refuse(topic, fault)
            self.acknowledge(delivery)
            return
        now = self.now_ms()
        late = untimely(envelope.header, now)
        if late is not None:
            self.tally.refuse(late.kind)
            log.warning("request refused", extra={"source": topic, "reason": late.words})
            self.turn_back(envelope, late)
            self.acknowledge(delivery)
            return
        self._save(delivery, _accepted(envelope.header, payload, now))

    def take_held(self) -> None:
        """Take what was held, the most urgent first, as far as there is room."""
        for _ in range(self.held):
            with self._lock:
                fits = [each for each in self._held if not self._full(each.request.kiosk)]
                if not fits or self.clock() < self._retry_at:
                    return
                first = min(fits, key=lambda each: each.request.waiting)
                self._held.remove(first)
            self._save(*first)

    def refuse(self, source: str, fault: ProtocolError) -> None:
        """Count and log what gets no answer: nobody has proved to be there who could read it."""
        self.tally.refuse(type(fault).__name__)
        log.warning("request refused", extra={"source": source, "reason": str(fault)})

    def _save(self, delivery: int, request: Accepted) -> None:
        """Make a request durable and acknowledge it, or hold it.

        The lock is not held while the broker is told: the link has locks of its own.
        """
        with self._lock:
            try:
                held = self._full(request.kiosk) and self.ledger.known(request.request_id) is None
                known = None if held else self._enter(request)
            except DatabaseError as fault:
                log.warning("ledger failed", extra={"reason": str(fault)})
                self._retry_at = self.clock() + self.retry_s
                held, known = True, None
            if held and self._hold(delivery, request):
                return
        if known is not None:
            self._know_again(request, known)
        self.acknowledge(delivery)

    def _enter(self, request: Accepted) -> Known | None:
        known = self.ledger.accept(request)
        if known is None:
            self.tally.request("accepted")
            log.info("accepted", extra=_about(request))
            self.receipts.expect(request)  # first: the search may be over at once
            self.schedule.add(request.waiting)
        elif known == Known(request.kiosk, State.ANSWERED):
            self.ledger.repeat(request.request_id)
        return known

    def _know_again(self, request: Accepted, known: Known) -> None:
        if known.kiosk != request.kiosk:
            self.refuse(request.kiosk, WrongKeyError("another kiosk has used this request id"))
            return
        if known.state is State.PAST:
            self.tally.refuse("replayed")
            log.warning("request refused", extra=_about(request) | {"reason": "it is long past"})
            return
        self.tally.request("repeated")
        if known.state is State.ANSWERED:
            log.info("repeated", extra=_about(request))
            self.resend(request.request_id)
        else:
            self.receipts.repeat(request)

    def _full(self, kiosk: str) -> bool:
        free = self.most_waiting - self.schedule.due()
        return self.schedule.due_of(kiosk) >= _SHARE * free

    def _hold(self, delivery: int, request: Accepted) -> bool:
        """Hold a delivery; False when it is turned away instead."""
        own = sum(each.request.kiosk == request.kiosk for each in self._held)
        if delivery == _UNCONFIRMED or own >= _SHARE * (self.most_held - len(self._held)):
            self.tally.request("turned away")
            return False
        self._held.append(_Held(delivery, request))
        return True


def _accepted(header: Header, payload: bytes, now_ms: int) -> Accepted:
    """Return what the ledger is to hold. A doubtful clock must not decide the order either."""
    return Accepted(
        header.request_id,
        header.kiosk,
        int(header.lane),
        now_ms if header.clock_doubtful else header.created_ms,
        ends_ms(header, now_ms),
        payload,
        keep_id=int(header.clock_doubtful),
    )


def _about(request: Accepted) -> dict[str, str]:
    return {"request": request.request_id.hex(), "kiosk": request.kiosk}
