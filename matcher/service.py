"""The matcher's service: requests in, answers out, over one broker link.

    link thread: arrived -> check -> ledger -> acknowledge
    search thread: next request -> search -> seal -> ledger -> publish

Killed anywhere it loses nothing: what the ledger accepted is searched after a restart, what the
broker or a kiosk lost is asked again and gets the stored answer.
"""

import heapq
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
from greenline.protocol.errors import ProtocolError
from greenline.protocol.topics import ALL_REQUESTS, kiosk_of, result_topic

log = logging.getLogger(__name__)

_RETRY_S = 10.0
_ANSWER_EXPIRY_S = 24 * 3600
_FORGET_AFTER_MS = 7 * 24 * 3600 * 1000


class Service:
    """One matcher process. Run run() on the main thread."""

    def __init__(
        self,
        settings: LinkSettings,
        ledger: Ledger,
        answering: Answering,
        now_ms: Callable[[], int],
        jitter: Callable[[float], float] = full_jitter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._answering = answering
        self._now_ms = now_ms
        self._clock = clock
        self._link = Link(settings, [ALL_REQUESTS], self, jitter)
        self._condition = threading.Condition()
        self._queue: list[tuple[float, int, int, bytes]] = []
        self._requests: dict[bytes, Accepted] = {}
        self._outgoing: deque[bytes] = deque()
        self._stopping = False
        self.refused: Counter[str] = Counter()

    def run(self) -> None:
        """Serve until stop(). Raises LinkError when the certificate files cannot be used."""
        self._ledger.forget(self._now_ms() - _FORGET_AFTER_MS)
        for request in self._ledger.unanswered():
            self._enqueue(request)
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
        # A signal handler may interrupt the thread that holds the condition: never wait for it.
        if self._condition.acquire(blocking=False):
            self._condition.notify_all()
            self._condition.release()

    def link_up(self, window: int) -> None:  # noqa: ARG002  # the link's interface
        """Send what the broker does not have yet (called by the link)."""
        self._outgoing = deque(self._ledger.undelivered())
        self._send_waiting()

    def link_down(self, reason: str) -> None:
        """Nothing to do: answers wait in the ledger (called by the link)."""
        log.info("no broker", extra={"reason": reason})

    def published(self, token: bytes, refusal: str) -> None:
        """Note that an answer is with the broker (called by the link)."""
        if refusal:
            log.warning("answer refused", extra={"request": token.hex(), "reason": refusal})
        else:
            self._guard(lambda: self._ledger.delivered(token))
        self._send_waiting()

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        """Take a request into the ledger, then acknowledge it (called by the link)."""
        try:
            envelope = self._answering.check(payload, kiosk_of(topic))
        except ProtocolError as fault:
            self.refused[type(fault).__name__] += 1
            log.warning("request refused", extra={"topic": topic, "reason": str(fault)})
            self._link.acknowledge(delivery)
            return
        header = envelope.header
        request = Accepted(
            header.request_id,
            header.kiosk,
            int(header.lane),
            header.created_ms,
            header.expires_ms,
            payload,
        )
        if self._guard(lambda: self._accept(request)):
            self._link.acknowledge(delivery)

    def _accept(self, request: Accepted) -> None:
        known = self._ledger.accept(request)
        name = request.request_id.hex()
        if known is None:
            log.info("accepted", extra={"request": name, "kiosk": request.kiosk})
            self._enqueue(request)
        elif known is State.ANSWERED:
            log.info("repeated", extra={"request": name, "kiosk": request.kiosk})
            self._ledger.repeat(request.request_id)
            self._outgoing.append(request.request_id)
            self._send_waiting()

    def _enqueue(self, request: Accepted, delay_s: float = 0.0) -> None:
        due = self._clock() + delay_s if delay_s else 0.0
        with self._condition:
            self._requests[request.request_id] = request
            item = (due, request.lane, request.created_ms, request.request_id)
            heapq.heappush(self._queue, item)
            self._condition.notify_all()

    def _next(self) -> Accepted | None:
        """Wait for the most urgent request that is due; None when the service stops."""
        with self._condition:
            while not self._stopping:
                now = self._clock()
                if self._queue and self._queue[0][0] <= now:
                    return self._requests.pop(heapq.heappop(self._queue)[3])
                wait = self._queue[0][0] - now if self._queue else 1.0
                self._condition.wait(min(wait, 1.0))
        return None

    def _search_all(self) -> None:
        while (request := self._next()) is not None:
            try:
                self._search(request)
            except DatabaseError as fault:
                log.warning(
                    "search failed, tried again",
                    extra={"request": request.request_id.hex(), "reason": str(fault)},
                )
                self._enqueue(request, _RETRY_S)
            except Exception:
                # The last resort of this thread: the request stays in the ledger, the rest go on.
                log.exception("search failed", extra={"request": request.request_id.hex()})
                self._enqueue(request, _RETRY_S)

    def _search(self, request: Accepted) -> None:
        self._ledger.searching(request.request_id)
        answer = self._answering.answer(request.envelope)
        log.info(
            "searched",
            extra={"request": request.request_id.hex(), "final": answer.final},
        )
        if answer.final:
            self._ledger.answer(request.request_id, answer.envelope)
            self._outgoing.append(request.request_id)
            self._send_waiting()
            return
        try:
            self._publish(request.request_id, request.kiosk, answer.envelope)
        except NotConnectedError:
            log.info("provisional answer not sent: no link")
        self._enqueue(request, _RETRY_S)

    def _send_waiting(self) -> None:
        """Publish answers as long as the link takes them; the rest goes when it confirms one."""
        while self._outgoing:
            try:
                request_id = self._outgoing.popleft()
            except IndexError:
                return
            stored = self._ledger.stored_answer(request_id)
            if stored is None:
                continue
            try:
                self._publish(request_id, *stored)
            except NotConnectedError:
                self._outgoing.appendleft(request_id)
                return

    def _publish(self, request_id: bytes, kiosk: str, envelope: bytes) -> None:
        self._link.publish(request_id, result_topic(kiosk), envelope, _ANSWER_EXPIRY_S)

    def _guard(self, write: Callable[[], None]) -> bool:
        """Run a write to the ledger; False, with a line in the log, when it failed.

        What is not acknowledged comes again: from the broker with the next connection, and from
        the kiosk after a while.
        """
        try:
            write()
        except DatabaseError as fault:
            log.warning("ledger failed", extra={"reason": str(fault)})
            return False
        return True
