"""The kiosk process, put together: store, inbox, gate, capture thread and board.

Devices but no network: what leaves goes through the gate's socket to the uplink process.
"""

import logging
import threading
import time
from collections.abc import Callable

from greenline.firmware import audit_events
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.camera import CameraThread
from greenline.firmware.case_door import CaseDoor
from greenline.firmware.case_orders import CaseOrder
from greenline.firmware.case_side import CaseSide
from greenline.firmware.checks import Checks
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.erasures import Order
from greenline.firmware.errors import StoreError
from greenline.firmware.gate import Gate
from greenline.firmware.kiosk_making import (
    audit_leaving,
    make_audit,
    make_health,
    make_inbox,
    make_purging,
    make_updates,
    status_leaving,
)
from greenline.firmware.kiosk_parts import KioskParts, open_store
from greenline.firmware.kiosk_telling import Telling
from greenline.firmware.lateness import Lateness
from greenline.firmware.leads import LeadsTold
from greenline.firmware.mail import Mail
from greenline.firmware.office_making import make_office
from greenline.firmware.operators_door import open_door
from greenline.firmware.panel import panel_threads
from greenline.firmware.receipts import Receipts
from greenline.firmware.verification_making import make_desk, make_questions, tell
from greenline.firmware.watch import Watch
from greenline.firmware.wipe import is_wiped
from greenline.protocol.audit import NOT_LOGGED_IN
from greenline.protocol.envelope import EnvelopeKind
from greenline.protocol.wording import CLOCK_NOT_SET

log = logging.getLogger(__name__)

_NOTING_S = 0.5


class Kiosk:
    """A running kiosk. Raises StoreError when its store cannot be used."""

    def __init__(self, parts: KioskParts) -> None:
        self._parts = parts
        self._wiped = False
        self._not_purged = False
        self._store = open_store(parts)
        self.board = Board(parts.name, parts.minimum_quality, parts.notices)
        inbox = make_inbox(parts, self._store)
        self._audit = make_audit(parts)
        self._telling = Telling(self._audit, self.board)
        self._checks = Checks(
            self.board,
            self._store,
            inbox,
            parts.clock.now_ms,
            audit=self._audit,
            purpose=parts.rules.usual_purpose,
            tend=self._tend,
            lateness=Lateness(time.monotonic, parts.late_after_s),
        )
        self._door = open_door(
            parts.operators,
            parts.openers,
            parts.store,
            parts.device,
            parts.clock,
            self._audit,
            self.board,
        )
        self.access = self._door.access
        self._checks.reading.reader = self.access.reader
        self._purging = make_purging(parts, self._store, self._audit, self.board)
        self._checks.withheld = self._purging.withheld
        self.leads = make_desk(
            parts, self._store, self._purging, self._audit, self.board, self._door
        )
        self._checks.leads, self._checks.list_age_ms = LeadsTold(self.leads), parts.list_age_ms
        self._questions = make_questions(parts, self.leads, inbox, self.board, self._door)
        self._questions.withheld = self._purging.withheld
        dispatcher = Dispatcher(time.monotonic, resend_first_s=parts.resend_first_s)
        mail = Mail(
            self._store,
            self._checks,
            self._audit,
            audit_leaving(parts, self._audit),
            status_leaving(parts, self.board),
            {
                EnvelopeKind.OPERATORS: self._door.receive,
                EnvelopeKind.RECEIPT: Receipts(
                    inbox, self._received, self.board.show_refused
                ).arrived,
                EnvelopeKind.ERASED: self._purging.receive,
                EnvelopeKind.VERDICT: self._questions.arrived,
            },
            orders=self._purging,
            questions=self._questions,
        )
        mail.withheld = self._purging.withheld
        self._gate = Gate(parts.socket, mail, mail, dispatcher, parts.clock.now_ms)
        mail.begin(self._gate.offer)
        self._purging.offer, self._purging.gone = self._gate.offer, self._purged
        self._case_side = CaseSide(parts, self.board, self._store, self._audit)
        self._desk, self.finger = self._case_side.desk, self._case_side.finger
        self._watch = Watch(
            parts.store,
            self._store,
            self._gate,
            inbox,
            self._audit,
            parts.matcher.name,
            parts.clock.now_ms,
            cases=self._desk.ended,
        )
        self._watch.leads = self.leads.decided
        self._case_side.connect(
            self._checks, self._gate, self._watch.metrics.committed, self.access.pressed
        )
        self.leads.when_asked(lambda _: self._ask_the_centre())
        self.office = make_office(
            parts,
            self.board,
            self._store,
            self._watch.queue,
            self._audit,
            purging=self._purging,
            purge=self.purge,
            trial=self._case_side.trial,
        )
        self.counts = self.office.counts
        self.access.when(begun=self._session_begun, ended=self._session_ended)
        self.camera = None
        if parts.panel.camera is not None:
            self.camera = CameraThread(parts.panel.camera, self.board)
        self._devices = panel_threads(parts.panel, self, parts.clock.now_ms)
        if self.camera is not None:
            self._devices.append(self.camera)
        self.board.show_software(parts.software)
        self._updates = make_updates(parts, self.board, self._audit)
        self._health = make_health(parts, self.board)
        self._cases = CaseDoor(self.access, self._desk, self._may_begin)

    def start(self) -> None:
        """Show what is left of an earlier run, then let uplink and officer in."""
        self._telling.note(audit_events.started(self._parts.software))
        self._telling.damage(self._store, self._watch.salvaged)
        self._end_purges()
        self._checks.restore()
        for device in self._devices:
            device.start()
        self._gate.start()
        self._watch.start()
        self.counts.start()
        self._case_side.start()
        for each in (self._updates, self._health):
            if each is not None:
                each.start()

    def stop(self) -> None:
        """Give back devices, socket and store; everything taken is on the disk already."""
        for each in (self._health, self._updates):
            if each is not None:
                each.stop()
        self._case_side.end()
        for device in self._devices:
            device.end()  # all at once, so that they end while the first is waited for
        self._case_side.stop()
        for device in self._devices:
            device.stop()
        self._watch.stop()
        self.counts.stop()
        self._gate.stop()
        if is_wiped(self._parts.store) and not self._wiped:
            self._telling.note(audit_events.wiped("greenline wipe"))
        self._telling.note(audit_events.ended())
        self._audit.close()
        self._store.close()
        if not is_wiped(self._parts.store):
            self._keep_clock(self._parts.clock.close)

    def now_ms(self) -> int:
        """Return what this kiosk believes of the time, Unix milliseconds."""
        return self._parts.clock.now_ms()

    def metrics(self) -> bytes:
        """Return what Prometheus may read."""
        return self._watch.metrics.text()

    def order_case(self, order: CaseOrder) -> None:
        """Do what the page orders. Raises NotAllowedError, NotNowError, StoreError."""
        self._cases.order(order)

    def confirm(self) -> None:
        """Do the one obvious step of a case, as the key OK asks."""
        self._cases.confirm()

    def stop_case(self) -> None:
        """End the open case, as the key at the left asks; nothing of it is kept."""
        self._cases.stop()

    def wipe(self) -> None:
        """Destroy the keys of this kiosk, then what lies under them, and end this process."""
        self._wiped = True
        event = audit_events.wiped("wipe key")
        noting = threading.Thread(target=self._telling.note, args=(event,), daemon=True)
        noting.start()
        noting.join(_NOTING_S)  # whatever the card does: the keys go now
        failed = self._parts.wipe.destroy_keys()
        self.board.show_wipe(0)
        for fault in (*failed, *self._parts.wipe.remove_rest()):
            log.error("not wiped", extra={"reason": fault})
        self._parts.end()

    def purge(self, request_id: bytes, reason: str) -> Order:
        """Delete all there is of a case, here and at the matcher. Raises StoreError: it is not."""
        return self._purging.purge(request_id, reason, self.access.reader() or NOT_LOGGED_IN)

    def _purged(self, request_id: bytes) -> None:
        """Offer and show nothing of a request any more."""
        self._gate.forget(request_id)
        self._checks.lateness.forget(request_id.hex())
        self._checks.leads.forget(request_id)
        self.board.remove_check(request_id.hex())
        self._desk.forget(request_id)

    def _end_purges(self) -> None:
        """Carry out the orders that are not; until then nobody gets their cases."""
        try:
            self._purging.resume()
        except StoreError as fault:
            if not self._not_purged:
                log.warning("not deleted yet", extra={"reason": str(fault)})
            self._not_purged = True
            self.board.show_device(DeviceName.STORE, missing=str(fault))
            return
        if self._not_purged:
            self._not_purged = False
            self.board.show_device(DeviceName.STORE)

    def _session_begun(self, who: str) -> None:
        """Show somebody the results, once it is noted. Raises StoreError."""
        self._checks.shown_to(who)
        self.leads.begun(who)

    def _ask_the_centre(self) -> None:
        for question in self._questions.pending():
            self._gate.offer(question)

    def _may_begin(self) -> bool:
        """Take the lock against updates for a case; False: an update restarts us now."""
        return self._health is None or self._health.may_begin()

    def _session_ended(self) -> None:
        self.leads.ended()
        self._case_side.trial.end()
        self._checks.lateness.session_ended()

    def _received(self, request_id: bytes) -> None:
        """Note that the matcher has a request."""
        if self._gate.received(request_id):
            self._checks.received(request_id)
            tell("not noted as received", lambda: self._questions.received(request_id))

    def _tend(self) -> None:
        """Look after operators, case and clock, and say whether that can be believed."""
        self._end_purges()
        self._door.tend()
        self.counts.tend()
        self._desk.tend()
        self._keep_clock(self._parts.clock.tend)
        doubtful = not self._parts.clock.trusted()
        self.board.show_notice(CLOCK_NOT_SET, shown=doubtful)

    def _keep_clock(self, keep: Callable[[], None]) -> None:
        """Keep the clock; what is lost when that fails is a minute at most."""
        try:
            keep()
        except StoreError as fault:
            log.warning("clock not kept", extra={"reason": str(fault)})
