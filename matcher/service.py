"""The matcher's service: requests in, answers out, over one broker link.

    link thread: arrived -> intake (check, ledger, acknowledge)
    search thread: next request -> search -> seal -> ledger -> publish

Killed anywhere it loses nothing: what the ledger accepted is searched after a restart, what the
broker or a kiosk lost is asked again and gets the stored answer.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from greenline.link.connection import NotConnectedError
from greenline.link.link import Link, full_jitter
from greenline.link.settings import LinkSettings
from greenline.matcher.answering import Answer, Answering
from greenline.matcher.errors import DatabaseError
from greenline.matcher.intake import Intake
from greenline.matcher.ledger import Ledger
from greenline.matcher.outbox import Outbox
from greenline.matcher.schedule import Schedule
from greenline.matcher.split import ALL, Split
from greenline.matcher.tally import Tally
from greenline.protocol.errors import ProtocolError
from greenline.protocol.topics import ALL_REQUESTS, result_topic

log = logging.getLogger(__name__)

_TICK_S = 1.0
_ANSWER_EXPIRY_S = 24 * 3600
_DAY_MS = 24 * 3600 * 1000
_FORGET_AFTER_MS = 7 * _DAY_MS
_PROVISIONAL = b""
"""Token of an answer that is not kept: whether the broker took it does not matter."""


@dataclass(frozen=True)
class Terms:
    """What one process does, and when.

    split: its share of the requests. most_waiting: so many may wait for their search; the broker
    keeps what is beyond. retry_s: seconds until a search that failed or was incomplete is tried
    again, doubled each time, up to 32 times as long. upkeep_s: seconds between two cleanings of the
    ledger and lines of "status".
    """

    split: Split = ALL
    most_waiting: int = 1000
    retry_s: float = 10.0
    upkeep_s: float = 60.0


USUAL = Terms()


class Service:
    """One matcher process. Run run() on the main thread. clock: monotonic seconds."""

    def __init__(
        self,
        settings: LinkSettings,
        ledger: Ledger,
        answering: Answering,
        now_ms: Callable[[], int],
        jitter: Callable[[float], float] = full_jitter,
        clock: Callable[[], float] = time.monotonic,
        terms: Terms = USUAL,
    ) -> None:
        self._ledger = ledger
        self._answering = answering
        self._now_ms = now_ms
        self._clock = clock
        self._terms = terms
        self._link = Link(settings, [ALL_REQUESTS], self, jitter)
        self._schedule = Schedule(clock)
        self._outbox = Outbox(ledger, self._publish)
        self._tally = Tally()
        self._intake = Intake(
            ledger=ledger,
            schedule=self._schedule,
            tally=self._tally,
            check=answering.check,
            acknowledge=self._link.acknowledge,
            resend=self._resend,
            now_ms=now_ms,
            clock=clock,
            split=terms.split,
            most_waiting=terms.most_waiting,
            retry_s=terms.retry_s,
        )
        self._next_upkeep_at = 0.0
        self._stopping = False

    @property
    def refused(self) -> Counter[str]:
        """What was refused since the start, by reason."""
        return self._tally.refused()

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
        self._intake.begin_anew()
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
        """Take a request in (called by the link)."""
        self._intake.take(delivery, topic, payload)

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
            if done:
                self._schedule.done(waiting)
            else:
                self._schedule.put_off(waiting, self._terms.retry_s)

    def _search(self, request_id: bytes) -> bool:
        """Search for one request; False when it has to be searched again."""
        request = self._ledger.request(request_id)
        if request is None:
            return True
        self._ledger.searching(request_id)
        try:
            answer = self._answering.answer(request.envelope, request.kiosk)
        except ProtocolError as fault:
            # Its kiosk was removed since, or has other keys: nobody could read an answer.
            self._intake.refuse(request.kiosk, fault)
            self._ledger.drop(request_id)
            return True
        self._note(request_id, answer)
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
        self._intake.take_held()
        now = self._clock()
        if now >= self._next_upkeep_at:
            self._next_upkeep_at = now + self._terms.upkeep_s
            log.info("status", extra=self._status())
            self._ledger.forget(self._now_ms() - _FORGET_AFTER_MS)
            self._outbox.refill()

    def _note(self, request_id: bytes, answer: Answer) -> None:
        about = {"request": request_id.hex(), "final": answer.final, "outcome": answer.outcome}
        log.info("searched", extra=about | ({"reason": answer.refusal} if answer.refusal else {}))
        self._tally.answer(answer.outcome)
        if answer.refusal:
            self._tally.refuse(answer.refusal)

    def _status(self) -> dict[str, str | int]:
        """Return what the line of "status" says: counts since the start, and what waits now."""
        return {
            "part": f"{self._terms.split.part} of {self._terms.split.of}",
            "waiting": self._schedule.due(),
            "held": self._intake.held,
            **self._tally.words(),
        }

    def _resend(self, request_id: bytes) -> None:
        self._guard(lambda: self._outbox.send(request_id))

    def _publish(self, token: bytes, kiosk: str, envelope: bytes) -> None:
        self._link.publish(token, result_topic(kiosk), envelope, _ANSWER_EXPIRY_S)

    def _guard(self, work: Callable[[], None]) -> None:
        """Do what needs the ledger, or say in the log that it failed."""
        try:
            work()
        except DatabaseError as fault:
            log.warning("ledger failed", extra={"reason": str(fault)})
