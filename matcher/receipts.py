"""Receipts: a kiosk whose request takes a while is told that the matcher has it.

    intake: expect, repeat -> [after a while, still unanswered] -> own thread: seal -> publish

Nothing of this is kept: a kiosk that got no receipt offers its request again, and gets one then.
A receipt never holds up an answer: it is sealed on a thread of its own, leaves only while no answer
waits, and takes a small part of the link's window.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from greenline.link.connection import NotConnectedError
from greenline.matcher.ledger import Accepted, Waiting
from greenline.matcher.schedule import Schedule
from greenline.matcher.sealing import Sealing
from greenline.matcher.tally import Tally
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header
from greenline.protocol.errors import ProtocolError
from greenline.protocol.receipt import RequestReceipt, encode_receipt

log = logging.getLogger(__name__)

TOKEN = b"receipt"
"""Names any receipt to the link; no request id has this length."""
EXPIRY_S = 60
"""Later than this its kiosk has offered the request again."""

_TICK_S = 0.1
_MOST = 2
"""So many receipts at most are on the wire, and leave in one tick; of a small window half."""
_APART_S = 0.5
"""Between two to one kiosk: on a line of 64 kbit/s they must not queue up before an answer."""
_LOOKED_AT = 64
"""So many of kiosks that have just had one are passed over in one go."""


@dataclass(frozen=True)
class _Expected:
    header: Header
    received_ms: int


class Receipts:
    """The receipts of one service. Safe to share between threads.

    sealing: gives what seals now. publish: hands kiosk and envelope to the link, or raises
    NotConnectedError. busy: whether answers wait for the link. after_s: so long a request may take
    before a receipt is sent, and so far apart are two of one request. clock: monotonic seconds.
    """

    def __init__(
        self,
        sealing: Sealing,
        publish: Callable[[str, bytes], None],
        busy: Callable[[], bool],
        tally: Tally,
        now_ms: Callable[[], int],
        clock: Callable[[], float],
        after_s: float,
    ) -> None:
        self._sealing = sealing
        self._publish = publish
        self._busy = busy
        self._tally = tally
        self._now_ms = now_ms
        self._clock = clock
        self._after_s = after_s
        self._lock = threading.Lock()
        self._schedule = Schedule(clock)
        self._expected: dict[bytes, _Expected] = {}
        self._sent_at: dict[bytes, float] = {}
        self._next_at: dict[str, float] = {}
        self._room = 0
        self._on_the_wire = 0
        self._stop = threading.Event()

    def run(self) -> None:
        """Send what is due, until stop()."""
        # By the clock, not when something is due: to be woken would cost each request a little.
        while not self._stop.wait(min(_TICK_S, self._after_s)):
            try:
                self.step()
            except Exception:
                # The last resort of this thread: its kiosk offers again what this concerned.
                log.exception("fault in the receipts thread")

    def stop(self) -> None:
        """End run(), soon; safe in a signal handler."""
        self._stop.set()

    def expect(self, request: Accepted) -> None:
        """Note a request that has just become durable: its kiosk hears of it if it takes long."""
        self._note(request, self._after_s)

    def repeat(self, request: Accepted) -> None:
        """Note that a request came again and is not answered: its kiosk does not know."""
        with self._lock:
            sent_at = self._sent_at.get(request.request_id)
        since = self._after_s if sent_at is None else self._clock() - sent_at
        self._note(request, max(0.0, self._after_s - since))

    def forget(self, request_id: bytes) -> None:
        """Note that a request is answered, or gone."""
        with self._lock:
            self._expected.pop(request_id, None)

    def link_up(self, window: int) -> None:
        """Send what is due on a new link that takes so many messages at a time."""
        with self._lock:
            self._room, self._on_the_wire = min(_MOST, window // 2), 0

    def link_down(self) -> None:
        """Send nothing until the next link."""
        with self._lock:
            self._room = 0

    def settle(self) -> None:
        """Note that a receipt has left the wire."""
        with self._lock:
            self._on_the_wire = max(0, self._on_the_wire - 1)

    def step(self) -> None:
        """Send what is due, as far as there is room for it now."""
        self._tidy()
        for _ in range(self._free()):
            waiting = None if self._busy() else self._next()
            if waiting is None:
                return
            self._send(*waiting)

    def _note(self, request: Accepted, after_s: float) -> None:
        """Expect a receipt, once: whoever repeats a request quickly fills no memory."""
        header = Envelope.from_bytes(request.envelope).header
        with self._lock:
            if not self._room or request.request_id in self._expected:
                return
            self._expected[request.request_id] = _Expected(header, self._now_ms())
        self._schedule.add(request.waiting, after_s)

    def _free(self) -> int:
        with self._lock:
            return self._room - self._on_the_wire

    def _next(self) -> tuple[Waiting, _Expected] | None:
        """Return the most urgent that is due and still expected; kiosks take turns."""
        early: list[tuple[Waiting, float]] = []
        try:
            while len(early) < _LOOKED_AT and (waiting := self._schedule.next(0)) is not None:
                with self._lock:
                    expected = self._expected.get(waiting.request_id)
                    left_s = self._next_at.get(waiting.kiosk, 0.0) - self._clock()
                    if expected is None:
                        continue
                    if left_s <= 0:
                        del self._expected[waiting.request_id]
                        return waiting, expected
                early.append((waiting, left_s))
        finally:
            for each, left_s in early:
                self._schedule.add(each, left_s)
        return None

    def _send(self, waiting: Waiting, expected: _Expected) -> None:
        """Seal and publish; the lock is not held meanwhile, since the link has locks of its own."""
        body = encode_receipt(RequestReceipt(expected.received_ms))
        about = {"request": waiting.request_id.hex(), "kiosk": waiting.kiosk}
        try:
            envelope = self._sealing.back(
                expected.header, EnvelopeKind.RECEIPT, body, self._now_ms(), EXPIRY_S * 1000
            )
        except ProtocolError as fault:
            log.info("receipt not sent", extra=about | {"reason": str(fault)})
            return
        with self._lock:
            self._on_the_wire += 1
            self._sent_at[waiting.request_id] = self._clock()
            self._next_at[waiting.kiosk] = self._clock() + _APART_S
        try:
            self._publish(waiting.kiosk, envelope)
        except NotConnectedError:
            self.settle()
            with self._lock:
                self._expected.setdefault(waiting.request_id, expected)
            self._schedule.add(waiting, self._after_s)
            return
        self._tally.request("receipts sent")
        log.info("receipt", extra=about)

    def _tidy(self) -> None:
        """Forget when receipts were sent that do not matter any more."""
        before = self._clock() - self._after_s
        with self._lock:
            while self._sent_at and next(iter(self._sent_at.values())) <= before:
                del self._sent_at[next(iter(self._sent_at))]
