"""The matcher's service: requests in, answers out, over one broker link.

    link thread: arrived -> intake (check, ledger, acknowledge)
    search thread: next request -> search -> seal -> ledger -> publish
    receipts thread: of what is not answered soon, that it is in the ledger

Killed anywhere it loses nothing: what the ledger accepted is searched after a restart, what the
broker or a kiosk lost is asked again and gets the stored answer.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from greenline.link.connection import NotConnectedError
from greenline.link.link import full_jitter
from greenline.link.links import link_to_all
from greenline.link.settings import LinkSettings
from greenline.matcher import receipts
from greenline.matcher.answering import Answering
from greenline.matcher.audit_reports import Reports
from greenline.matcher.beside import Beside, Way
from greenline.matcher.errors import DatabaseError
from greenline.matcher.examination_arrivals import ReviewDesk
from greenline.matcher.intake import Intake
from greenline.matcher.ledger import Ledger
from greenline.matcher.outbox import Outbox
from greenline.matcher.receipts import Receipts
from greenline.matcher.schedule import Schedule
from greenline.matcher.searcher import Searcher
from greenline.matcher.tally import Tally
from greenline.matcher.terms import USUAL, Terms
from greenline.matcher.timely import Untimely
from greenline.protocol.envelope import Envelope, Lane, lane_of
from greenline.protocol.errors import ProtocolError
from greenline.protocol.topics import ALL_REQUESTS, ALL_STATUS, result_topic

log = logging.getLogger(__name__)

_ANSWER_EXPIRY_S = 24 * 3600
_UNCONFIRMED = 512
"""More than the intake holds: the broker must go on delivering what others send."""
_PROVISIONAL = b""
"""Token of an answer that is not kept: whether the broker took it does not matter."""


class Service:
    """One matcher process. Run run() on the main thread. clock: monotonic seconds.

    reports: takes what kiosks report of their audit logs.
    """

    def __init__(
        self,
        settings: LinkSettings,
        ledger: Ledger,
        answering: Answering,
        now_ms: Callable[[], int],
        jitter: Callable[[float], float] = full_jitter,
        clock: Callable[[], float] = time.monotonic,
        terms: Terms = USUAL,
        *,
        reports: Reports | None = None,
    ) -> None:
        self._ledger = ledger
        self._answering = answering
        self._now_ms = now_ms
        self._clock = clock
        self._terms = terms
        self._link = link_to_all(settings, [ALL_REQUESTS, ALL_STATUS], self, jitter, _UNCONFIRMED)
        self._schedule = Schedule(clock)
        self._outbox = Outbox(ledger, self._publish)
        self._tally = Tally()
        self._receipts = Receipts(
            answering.sealing,
            self._send_receipt,
            lambda: self._outbox.busy,
            self._tally,
            now_ms,
            clock,
            terms.receipt_after_s,
        )
        self._intake = self._make_intake()
        self._searcher = self._make_searcher()
        way = Way(
            self._link.acknowledge,
            self._publish,
            self._send_back,
            self._receipts.forget,
            now_ms,
            clock,
        )
        self._beside = Beside(answering, ledger, reports, terms.split, self._tally, way)
        self._next_upkeep_at = 0.0
        self._stopping = False

    def _make_intake(self) -> Intake:
        return Intake(
            ledger=self._ledger,
            schedule=self._schedule,
            tally=self._tally,
            check=self._answering.check,
            acknowledge=self._link.acknowledge,
            resend=self._resend,
            receipts=self._receipts,
            turn_back=self._turn_back,
            now_ms=self._now_ms,
            clock=self._clock,
            split=self._terms.split,
            most_waiting=self._terms.most_waiting,
            retry_s=self._terms.retry_s,
        )

    def _make_searcher(self) -> Searcher:
        return Searcher(
            self._ledger,
            self._schedule,
            self._answering,
            self._tally,
            self._intake.refuse,
            self._resend,
            self._send_provisional,
            self._receipts.forget,
            self._terms.retry_s,
        )

    @property
    def refused(self) -> Counter[str]:
        """What was refused since the start, by reason."""
        return self._tally.refused()

    def examine_at(self, desk: ReviewDesk | None) -> None:
        """Have leads examined there; before run()."""
        self._beside.examinations.desk = desk

    def run(self) -> None:
        """Serve until stop().

        Raises LinkError when the certificate files cannot be used, DatabaseError when the ledger
        cannot be read.
        """
        for waiting in self._ledger.unanswered():
            self._schedule.add(waiting)
        threads = [
            threading.Thread(target=self._search_all, name="search", daemon=True),
            threading.Thread(target=self._receipts.run, name="receipts", daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            self._link.run()
        finally:
            self.stop()
            for thread in threads:
                thread.join(timeout=30)

    def stop(self) -> None:
        """End run(), from any thread or a signal handler."""
        self._stopping = True
        self._link.stop()
        self._receipts.stop()
        self._schedule.close()

    def link_up(self, window: int) -> None:
        """Send what the broker does not have yet (called by the link)."""
        log.info("connected")
        self._intake.begin_anew()
        self._receipts.link_up(window)
        self._beside.examinations.link_up()
        self._guard(self._outbox.link_up)

    def link_down(self, reason: str) -> None:
        """Leave answers in the ledger until there is a link (called by the link)."""
        log.info("no broker", extra={"reason": reason})
        self._receipts.link_down()

    def published(self, token: bytes, refusal: str) -> None:
        """Note that an answer is with the broker (called by the link)."""
        if self._beside.examinations.is_ours(token):
            self._guard(lambda: self._beside.examinations.settle(token, refusal))
            self._guard(self._outbox.room_made)
            return
        if token == receipts.TOKEN:
            self._receipts.settle()
        elif refusal:
            log.warning("answer refused", extra={"request": token.hex(), "reason": refusal})
        if token in (_PROVISIONAL, receipts.TOKEN):
            self._guard(self._outbox.room_made)
        else:
            self._guard(lambda: self._outbox.settle(token, taken=not refusal))

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        """Take in a request, or what else a kiosk sends (called by the link)."""
        if not self._beside.take(delivery, topic, payload):
            self._intake.take(delivery, topic, payload)

    def _search_all(self) -> None:
        while not self._stopping:
            for step in (self._searcher.step, self._look_after):
                try:
                    step()
                except DatabaseError as fault:
                    log.warning("tried again later", extra={"reason": str(fault)})
                except Exception:
                    # The last resort of this thread: what failed is in the ledger, the rest go on.
                    log.exception("fault in the search thread")

    def _turn_back(self, envelope: Envelope, late: Untimely) -> None:
        try:
            answer = self._answering.turned_back(envelope, late)
        except ProtocolError as fault:
            log.info("not told", extra={"reason": str(fault)})
            return
        self._send_provisional(envelope.header.kiosk, answer)

    def _send_back(self, kiosk: str, envelope: bytes) -> None:
        self._publish(_PROVISIONAL, kiosk, envelope)

    def _send_provisional(self, kiosk: str, envelope: bytes) -> None:
        try:
            self._publish(_PROVISIONAL, kiosk, envelope)
        except NotConnectedError:
            log.info("provisional answer not sent: no link")

    def _look_after(self) -> None:
        """Do what is due by time alone."""
        self._intake.take_held()
        self._beside.examinations.step()
        now = self._clock()
        if now >= self._next_upkeep_at:
            self._next_upkeep_at = now + self._terms.upkeep_s
            log.info("status", extra=self._status())
            self._beside.tend()
            self._outbox.refill()

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

    def _send_receipt(self, kiosk: str, envelope: bytes) -> None:
        self._link.publish(receipts.TOKEN, result_topic(kiosk), envelope, receipts.EXPIRY_S)

    def _publish(self, token: bytes, kiosk: str, envelope: bytes) -> None:
        urgent = lane_of(envelope) == Lane.PERSON_WAITING
        self._link.publish(token, result_topic(kiosk), envelope, _ANSWER_EXPIRY_S, urgent=urgent)

    def _guard(self, work: Callable[[], None]) -> None:
        """Do what needs the ledger, or say in the log that it failed."""
        try:
            work()
        except DatabaseError as fault:
            log.warning("ledger failed", extra={"reason": str(fault)})
