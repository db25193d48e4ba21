"""The data of the pages for supervisor, auditor and technician, read from a kiosk's parts.

Who may read which is asked by page/office.py. Nothing here holds up a capture or an answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from greenline.firmware import audit_reading
from greenline.firmware.audit import AuditLog
from greenline.firmware.audit_reading import Row, Search
from greenline.firmware.board import Board
from greenline.firmware.case_counts import Counts
from greenline.firmware.clock import Clock
from greenline.firmware.erasures import Order
from greenline.firmware.errors import StoreError
from greenline.firmware.finger_counts import FingerCounts
from greenline.firmware.link_steps import link_steps
from greenline.firmware.network_state import network_state
from greenline.firmware.office_state import Fact, Purged, SupervisorView, TechnicianView, Waiting
from greenline.firmware.queue_messages import Item
from greenline.firmware.queue_view import Queue
from greenline.firmware.store import Store
from greenline.firmware.store_bounds import Room
from greenline.firmware.trial import TrialCapture
from greenline.protocol.audit import NOT_LOGGED_IN, Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.envelope import Lane

_MOST_SHOWN = 500
_DAY_MS = 24 * 3600 * 1000
_SOON_DAYS = 14
_ROOM = {
    Room.ENOUGH: "there is room",
    Room.NO_BACKGROUND: "four fifths full",
    Room.NO_CAPTURES: "full: nothing can be taken",
}


@dataclass(frozen=True)
class OfficeParts:
    """What the device is made of, for a technician. certificate: the link's, a PEM file."""

    software: str
    model: str
    signer: str
    matcher: str
    certificate: Path | None = None


@dataclass(frozen=True)
class Office:
    """Reads a kiosk. purged: what was deleted by order. purge: deletes; raises StoreError.

    trial: tests the sensor. ended: how many cases have ended, and how.
    """

    parts: OfficeParts
    board: Board
    store: Store
    queue: Queue
    audit: AuditLog
    clock: Clock
    counts: FingerCounts
    purged: Callable[[], tuple[Order, ...]]
    purge: Callable[[bytes, str], Order]
    trial: TrialCapture
    ended: Callable[[], Counts]

    def supervisor(self) -> SupervisorView:
        """Return what waits and how well fingers are taken. Raises StoreError."""
        items = sorted(self.queue.items(), key=lambda each: -each.age_s)
        counts = self.counts.counts()
        return SupervisorView(
            tuple(_waiting(each) for each in items[:_MOST_SHOWN]),
            max(0, len(items) - _MOST_SHOWN),
            counts.lists,
            counts.fingers,
            self.ended(),
            counts.uncleaned,
            self.counts.clean_every,
            tuple(purged_shown(each) for each in self.purged()[:_MOST_SHOWN]),
            self.clock.now_ms(),
        )

    def technician(self) -> TechnicianView:
        """Return how the device is."""
        state = self.board.state()
        return TechnicianView(
            state.devices,
            tuple(self._facts()),
            link_steps(state),
            network_state(),
            self.trial.told(),
            state.capture.instruction,
            self.clock.now_ms(),
        )

    def test_sensor(self) -> None:
        """Begin a test capture. Raises NotNowError, StoreError."""
        self.trial.begin(self._who())

    def read_audit(self, search: Search) -> Iterator[Row]:
        """Return the entries that who is logged in looks for, once it is noted that he does.

        Raises StoreError.
        """
        details = {"what": "audit log of this kiosk", "to": "an auditor at the kiosk"}
        self.audit.note(Event(Kind.DISCLOSE, self._who(), details=details))
        return audit_reading.rows(self.audit.folder, search)

    def _who(self) -> str:
        return self.board.state().session.operator or NOT_LOGGED_IN

    def _facts(self) -> Iterator[Fact]:
        now = self.clock.instant()
        yield Fact("Software", self.parts.software)
        yield Fact("Minutiae model", self.parts.model)
        yield Fact("Signing key of this kiosk", self.parts.signer)
        yield Fact("Matcher", self.parts.matcher)
        yield Fact("Clock", "believed" if now.trusted else "not set", well=now.trusted)
        yield Fact("Running time", f"{now.running_ms // 3_600_000} h")
        yield self._store_fact()
        yield self._certificate_fact(now.wall_ms)

    def _store_fact(self) -> Fact:
        try:
            room = self.store.room()
            count, used = self.store.usage()
        except StoreError as fault:
            return Fact("Store", str(fault), well=False)
        words = f"requests waiting: {count}, {used / 1e6:.1f} MB, {_ROOM[room]}"
        return Fact("Store", words, well=room is Room.ENOUGH)

    def _certificate_fact(self, now_ms: int) -> Fact:
        name = "Certificate of the link"
        if self.parts.certificate is None:
            return Fact(name, "not known here")
        try:
            held = x509.load_pem_x509_certificate(self.parts.certificate.read_bytes())
        except (OSError, ValueError, x509.InvalidVersion):
            return Fact(name, "cannot be read", well=False)
        days = (int(held.not_valid_after_utc.timestamp() * 1000) - now_ms) // _DAY_MS
        return Fact(name, f"{max(0, days)} days left", well=days >= _SOON_DAYS)


def purged_shown(order: Order) -> Purged:
    """Return how far an order has come, for whoever gave it."""
    return Purged(order.request_id.hex(), order.reason, order.who, order.here, order.everywhere)


def _waiting(item: Item) -> Waiting:
    return Waiting(
        item.request_id.hex(),
        Lane(item.lane).name.lower(),
        item.state,
        round(item.age_s, 1),
        round(item.left_s, 1),
        item.refusal,
    )
