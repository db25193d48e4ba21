"""An office over a real store, audit log and logins: for the pages that read it."""

from dataclasses import dataclass
from pathlib import Path

from greenline.firmware.audit import AuditLog
from greenline.firmware.board import Board
from greenline.firmware.capture_reports import TakeFingers
from greenline.firmware.case_counts import Counts
from greenline.firmware.clock import Clock as KioskClock
from greenline.firmware.erasures import Erasures
from greenline.firmware.finger_counts import FingerCounts
from greenline.firmware.office import Office, OfficeParts
from greenline.firmware.purging import MatcherSide, Purging
from greenline.firmware.queue_view import Queue
from greenline.firmware.store import Store
from greenline.firmware.trial import TrialCapture
from greenline.protocol.audit import NOT_LOGGED_IN
from tests.firmware.audit_logs import Place
from tests.firmware.conftest import KIOSK, Parties
from tests.firmware.reporting import Reported
from tests.firmware.rolls import Post
from tests.firmware.stores import DEVICE
from tests.firmware.test_clock import Machine
from tests.firmware.test_queue_view import Orders

CLEAN_EVERY = 9


class Sensor:
    """What a test capture asks for fingers; it takes none."""

    ready = True

    def request(self, _command: TakeFingers) -> bool:
        return self.ready

    def cancel(self) -> None:
        """Nothing is going on."""


@dataclass(frozen=True)
class Premises:
    """Where a kiosk keeps what it keeps."""

    folder: Path
    store: Store
    log: AuditLog
    parties: Parties
    place: Place


def make_office(at: Premises, board: Board, post: Post, sensor: Sensor) -> Office:
    """Return the office of a kiosk on whose board and post people log in."""
    clock = KioskClock(Machine(), None, lambda _: None, 0)
    erasures = Erasures(at.folder / "erasures", DEVICE, lambda: post.instant_now)
    side = MatcherSide(
        KIOSK, at.place.signer, (at.parties.kiosk_opener,), at.parties.matcher, clock.now_ms,
        lambda: False,
    )  # fmt: skip
    purging = Purging(erasures, at.store, at.log, side)
    orders = Orders()
    orders.dispatcher.add(at.store.pending())
    trial = TrialCapture(Reported(), board, at.log, 20)
    trial.connect(sensor)
    counts = FingerCounts(at.folder / "counts", board, CLEAN_EVERY, lambda: 0.0, clock.now_ms)
    counts.start()
    return Office(
        OfficeParts("test 1", "model/abc", "key", "matcher-01"),
        board, at.store, Queue(orders, at.store, at.log, "matcher-01", clock.now_ms), at.log, clock,
        counts, erasures.orders,
        lambda request_id, reason: purging.purge(
            request_id, reason, post.sessions.reader() or NOT_LOGGED_IN
        ),
        trial, lambda: Counts(sent=12, minor=1),
    )  # fmt: skip
