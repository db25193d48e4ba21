"""The kiosk process, put together: store, inbox, gate, capture thread and board.

Devices but no network: what leaves goes through the gate's socket to the uplink process.
"""

import dataclasses
import logging
import threading
import time
from collections.abc import Callable

import msgspec

from greenline.firmware import audit_events
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.camera import CameraThread
from greenline.firmware.capture import CaptureThread, StartCheck
from greenline.firmware.checks import Checks
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.errors import StoreError
from greenline.firmware.gate import Gate
from greenline.firmware.kiosk_making import (
    audit_leaving,
    make_audit,
    make_health,
    make_inbox,
    make_line,
    make_updates,
    status_leaving,
)
from greenline.firmware.kiosk_parts import KioskParts, open_store
from greenline.firmware.lateness import Lateness
from greenline.firmware.mail import Mail
from greenline.firmware.operators_door import open_door
from greenline.firmware.operators_roles import Action
from greenline.firmware.panel import panel_threads
from greenline.firmware.receipts import Receipts
from greenline.firmware.watch import Watch
from greenline.firmware.wipe import is_wiped
from greenline.protocol.audit import Event
from greenline.protocol.wording import (
    CLOCK_NOT_SET,
    STORE_WAS_DAMAGED,
    STORE_WAS_DAMAGED_BADLY,
)

log = logging.getLogger(__name__)

_NOTING_S = 0.5


class Kiosk:
    """A running kiosk. Raises StoreError when its store cannot be used."""

    def __init__(self, parts: KioskParts) -> None:
        self._parts = parts
        self._wiped = False
        self._store = open_store(parts)
        self.board = Board(parts.name, parts.minimum_quality, parts.notices)
        inbox = make_inbox(parts, self._store)
        self._audit = make_audit(parts)
        self._checks = Checks(
            self.board,
            self._store,
            inbox,
            parts.clock.now_ms,
            audit=self._audit,
            purpose=parts.case.purpose,
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
        dispatcher = Dispatcher(time.monotonic, resend_first_s=parts.resend_first_s)
        mail = Mail(
            self._store,
            self._checks,
            self._audit,
            audit_leaving(parts, self._audit),
            status_leaving(parts, self.board),
            self._door.receive,
            Receipts(inbox, self._received, self.board.show_refused).arrived,
        )
        self._gate = Gate(parts.socket, mail, mail, dispatcher, parts.clock.now_ms)
        mail.begin(self._gate.offer)
        self._watch = Watch(
            parts.store,
            self._store,
            self._gate,
            inbox,
            self._audit,
            parts.matcher.name,
            parts.clock.now_ms,
        )
        self._capture = CaptureThread(
            parts.sensor,
            lambda sensor: make_line(
                parts, sensor, self._store, self._audit, self._watch.metrics.committed
            ),
            self.board,
            self._checks,
            self._gate,
            parts.attempts,
            parts.rescan_below,
            audit=self._audit,
        )
        self.access.when(begun=self._checks.shown_to, ended=self._session_ended)
        self.camera = None
        if parts.panel.camera is not None:
            self.camera = CameraThread(parts.panel.camera, self.board)
        self._devices = panel_threads(parts.panel, self, parts.clock.now_ms)
        if self.camera is not None:
            self._devices.append(self.camera)
        self.board.show_software(parts.software)
        self._updates = make_updates(parts, self.board, self._audit)
        self._health = make_health(parts, self.board)

    def start(self) -> None:
        """Show what is left of an earlier run, then let uplink and officer in."""
        self._note(audit_events.started(self._parts.software))
        self._tell_of_damage()
        self._checks.restore()
        for device in self._devices:
            device.start()
        self._gate.start()
        self._watch.start()
        self._capture.start()
        for each in (self._updates, self._health):
            if each is not None:
                each.start()

    def stop(self) -> None:
        """Give back devices, socket and store; everything taken is on the disk already."""
        for each in (self._health, self._updates):
            if each is not None:
                each.stop()
        self._capture.end()
        for device in self._devices:
            device.end()  # all at once, so that they end while the first is waited for
        self._capture.stop()
        for device in self._devices:
            device.stop()
        self._watch.stop()
        self._gate.stop()
        if is_wiped(self._parts.store) and not self._wiped:
            self._note(audit_events.wiped("greenline wipe"))
        self._note(audit_events.ended())
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

    def start_check(self, finger: int) -> bool:
        """Open a check for one finger (ISO position); False when the kiosk is not ready for it.

        Also when whoever is logged in may not, and while an update restarts the device: this is
        asked by the page and by the keys.
        """
        if not self.access.may(Action.CHECK):
            return False
        if self._health is not None and not self._health.may_begin():
            return False
        case = dataclasses.replace(self._parts.case, operator=self.access.reader())
        return self._capture.request(StartCheck(finger, case))

    def cancel_check(self) -> None:
        """End the capture that is going on, if one may; nothing of it is kept."""
        if self.access.may(Action.STOP):
            self._capture.cancel()

    def wipe(self) -> None:
        """Destroy the keys of this kiosk, then what lies under them, and end this process."""
        self._wiped = True
        event = audit_events.wiped("wipe key")
        noting = threading.Thread(target=self._note, args=(event,), daemon=True)
        noting.start()
        noting.join(_NOTING_S)  # whatever the card does: the keys go now
        failed = self._parts.wipe.destroy_keys()
        self.board.show_wipe(0)
        for fault in (*failed, *self._parts.wipe.remove_rest()):
            log.error("not wiped", extra={"reason": fault})
        self._parts.end()

    def _session_ended(self) -> None:
        self._checks.lateness.session_ended()
        self._capture.cancel()

    def _received(self, request_id: bytes) -> None:
        """Note that the matcher has a request."""
        if self._gate.received(request_id):
            self._checks.received(request_id)

    def _note(self, event: Event) -> None:
        """Note what happens also when it cannot be noted."""
        try:
            self._audit.note(event)
        except StoreError as fault:
            log.warning("audit log failed", extra={"reason": str(fault)})
            self.board.show_device(DeviceName.STORE, missing=str(fault))

    def _tell_of_damage(self) -> None:
        """Tell, once in the audit log and as long as this process runs, what a damage has cost."""
        for each in self._store.salvaged():
            kept, lost = each.requests, len(each.lost)
            log.warning("store salvaged", extra=msgspec.to_builtins(each))
            words = STORE_WAS_DAMAGED_BADLY if each.unknown else STORE_WAS_DAMAGED
            # Where nothing is lost nobody at the kiosk has anything to do.
            costly = lost > 0 or each.unknown
            self.board.show_notice(words.format(kept=kept, lost=lost), shown=costly)
            self._watch.salvaged(kept, lost)
            try:
                event = audit_events.salvaged(kept, each.answers, lost, unknown=each.unknown)
                self._audit.note(event)
                self._store.note_told(each)
            except StoreError as fault:
                log.warning("told again at the next start", extra={"reason": str(fault)})

    def _tend(self) -> None:
        """Look after the operators; keep the clock, and say whether it can be believed."""
        self._door.tend()
        self._keep_clock(self._parts.clock.tend)
        doubtful = not self._parts.clock.trusted()
        self.board.show_notice(CLOCK_NOT_SET, shown=doubtful)

    def _keep_clock(self, keep: Callable[[], None]) -> None:
        """Keep the clock; what is lost when that fails is a minute at most."""
        try:
            keep()
        except StoreError as fault:
            log.warning("clock not kept", extra={"reason": str(fault)})
