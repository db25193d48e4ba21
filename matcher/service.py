"""The matcher's service: requests in, answers out, over one broker link.

    link thread: arrived -> check -> ledger -> acknowledge
    search thread: next request -> search -> seal -> ledger -> publish

Killed anywhere it loses nothing: what the ledger accepted is searched after a restart, what the
broker or a kiosk lost is asked again and gets the stored answer.
"""

import contextlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from greenline.link.connection import NotConnectedError
from greenline.link.link import Link, full_jitter
from greenline.link.settings import LinkSettings
from greenline.matcher.answering import Answering
from greenline.matcher.errors import DatabaseError
from greenline.matcher.ledger import Accepted, Ledger, State
from greenline.matcher.outbox import Outbox
from greenline.matcher.schedule import Schedule
from greenline.protocol.errors import ProtocolError, WrongKeyError
from greenline.protocol.topics import ALL_REQUESTS, kiosk_of, result_topic

log = logging.getLogger(__name__)

_TICK_S = 1.0
_ANSWER_EXPIRY_S = 24 * 3600
_DAY_MS = 24 * 3600 * 1000
_FORGET_AFTER_MS = 7 * _DAY_MS
_LONGEST_LIFETIME_MS = 31 * _DAY_MS
_PROVISIONAL = b""
"""Token of an answer that is not kept: whether the broker took it does not matter."""


class Service:
    """One matcher process. Run run() on the main thread.

    retry_s: seconds until a search that failed or was incomplete is tried again.
    upkeep_s: seconds between two cleanings of the ledger. clock: monotonic seconds.
    """

    def __init__(
        self,
        settings: LinkSettings,
        ledger: Ledger,
        answering: Answering,
        now_ms: Callable[[], int],
        jitter: Callable[[float], float] = full_jitter,
        clock: Callable[[], float] = time.monotonic,
        *,
        retry_s: float = 10.0,
        upkeep_s: float = 60.0,
    ) -> None:
        self._ledger = ledger
        self._answering = answering
        self._now_ms = now_ms
        self._clock = clock
        self._retry_s = retry_s
        self._upkeep_s = upkeep_s
        self._link = Link(settings, [ALL_REQUESTS], self, jitter)
        self._schedule = Schedule(clock)
        self._outbox = Outbox(ledger, self._publish)
        self._unsaved: deque[tuple[int, Accepted]] = deque()
        self._retry_unsaved_at = self._next_upkeep_at = 0.0
        self._stopping = False
        self.refused: Counter[str] = Counter()

    def run(self) -> None:
        """Serve until stop().

        Raises LinkError when the certificate files cannot be used, DatabaseError when the ledger
        cannot be read.
        """
        for waiting in self._ledger.unanswered():
            self._schedule.add(waiting)
        searcher = threading.Thread(target=self._search_all, name="search", daemon=True)
        searcher.start()
        try:
            self._link.run()
        finally:
            self.stop()
            searcher.join(timeout=30)

    def stop(self) -> None:
        """End run(), from any thread or a signal handler."""
        self._stopping = True
        self._link.stop()
        self._schedule.close()

    def link_up(self, window: int) -> None:  # noqa: ARG002  # the link's interface
        """Send what the broker does not have yet (called by the link)."""
        log.info("connected")
        # A new connection brings what was not acknowledged on the old one.
        self._unsaved.clear()
        self._guard(self._outbox.link_up)

    def link_down(self, reason: str) -> None:
        """Nothing to do: answers wait in the ledger (called by the link)."""
        log.info("no broker", extra={"reason": reason})

    def published(self, token: bytes, refusal: str) -> None:
        """Note that an answer is with the broker (called by the link)."""
        if refusal:
            log.warning("answer refused", extra={"request": token.hex(), "reason": refusal})
        if token != _PROVISIONAL:
            self._guard(lambda: self._outbox.settle(token, taken=not refusal))

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        """Take a request into the ledger, then acknowledge it (called by the link)."""
        try:
            header = self._answering.check(payload, kiosk_of(topic)).header
        except ProtocolError as fault:
            self._refuse(topic, fault)
            self._link.acknowledge(delivery)
            return
        expires_ms = min(header.expires_ms, self._now_ms() + _LONGEST_LIFETIME_MS)
        request = Accepted(
            header.request_id,
            header.kiosk,
            int(header.lane),
            header.created_ms,
            expires_ms,
            payload,
        )
        self._save(delivery, request)

    def _save(self, delivery: int, request: Accepted) -> None:
        """Take a request into the ledger, or keep it until the ledger can be written again.

        Unacknowledged deliveries fill the broker's window: left alone, they would stop the rest.
        """
        if self._guard(lambda: self._accept(request)):
            self._link.acknowledge(delivery)
        else:
            self._retry_unsaved_at = self._clock() + self._retry_s
            self._unsaved.append((delivery, request))

    def _accept(self, request: Accepted) -> None:
        known = self._ledger.accept(request)
        about = {"request": request.request_id.hex(), "kiosk": request.kiosk}
        if known is None:
            log.info("accepted", extra=about)
            self._schedule.add(request.waiting)
        elif known.kiosk != request.kiosk:
            self._refuse(request.kiosk, WrongKeyError("another kiosk has used this request id"))
        elif known.state is State.ANSWERED:
            log.info("repeated", extra=about)
            self._ledger.repeat(request.request_id)
            self._guard(lambda: self._outbox.send(request.request_id))

    def _refuse(self, source: str, fault: ProtocolError) -> None:
        self.refused[type(fault).__name__] += 1
        log.warning("request refused", extra={"source": source, "reason": str(fault)})

    def _search_all(self) -> None:
        while not self._stopping:
            for step in (self._search_next, self._look_after):
                try:
                    step()
                except DatabaseError as fault:
                    log.warning("tried again later", extra={"reason": str(fault)})
                except Exception:
                    # The last resort of this thread: what failed is in the ledger, the rest go on.
                    log.exception("fault in the search thread")

    def _search_next(self) -> None:
        waiting = self._schedule.next(_TICK_S)
        if waiting is None:
            return
        done = False
        try:
            done = self._search(waiting.request_id)
        finally:
            if not done:
                self._schedule.add(waiting, self._retry_s)

    def _search(self, request_id: bytes) -> bool:
        """Search for one request; False when it has to be searched again."""
        request = self._ledger.request(request_id)
        if request is None:
            return True
        self._ledger.searching(request_id)
        try:
            answer = self._answering.answer(request.envelope, request.kiosk)
        except ProtocolError as fault:
            # Its kiosk or our key is no longer what it was: nobody could read an answer.
            self._refuse(request.kiosk, fault)
            self._ledger.drop(request_id)
            return True
        log.info("searched", extra={"request": request_id.hex(), "final": answer.final})
        if answer.final:
            self._ledger.answer(request_id, answer.envelope)
            self._guard(lambda: self._outbox.send(request_id))
        else:
            self._send_provisional(request.kiosk, answer.envelope)
        return answer.final

    def _send_provisional(self, kiosk: str, envelope: bytes) -> None:
        try:
            self._publish(_PROVISIONAL, kiosk, envelope)
        except NotConnectedError:
            log.info("provisional answer not sent: no link")

    def _look_after(self) -> None:
        """Do what is due by time alone."""
        now = self._clock()
        if now >= self._retry_unsaved_at:
            for _ in range(len(self._unsaved)):
                with contextlib.suppress(IndexError):  # a new link has cleared it
                    self._save(*self._unsaved.popleft())
        if now >= self._next_upkeep_at:
            self._next_upkeep_at = now + self._upkeep_s
            self._ledger.forget(self._now_ms() - _FORGET_AFTER_MS)
            self._outbox.refill()

    def _publish(self, token: bytes, kiosk: str, envelope: bytes) -> None:
        self._link.publish(token, result_topic(kiosk), envelope, _ANSWER_EXPIRY_S)

    def _guard(self, work: Callable[[], None]) -> bool:
        """Do what needs the ledger; False, with a line in the log, when it failed."""
        try:
            work()
        except DatabaseError as fault:
            log.warning("ledger failed", extra={"reason": str(fault)})
            return False
        return True
