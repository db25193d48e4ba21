"""The kiosk tells its audit log before anything takes effect, and does nothing that it cannot."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.drivers.urls import open_sensor
from greenline.firmware.audit_leaving import AuditLeaving
from greenline.firmware.board import Board, DeviceName, Progress
from greenline.firmware.checks import Checks
from greenline.firmware.errors import AuditFullError, StoreError, StoreFullError
from greenline.firmware.inbox import Inbox
from greenline.firmware.line import Case, Impression, Line
from greenline.firmware.mail import Mail
from greenline.firmware.status_leaving import StatusLeaving
from greenline.firmware.store import Pending, Store
from greenline.models.quality import Quality, judge
from greenline.protocol.audit import DEVICE, NOT_LOGGED_IN, Event, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_report import Receipt, ReportOutcome, encode_receipt, report_id
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, kind_of, seal
from greenline.protocol.keys import SigningKey
from greenline.protocol.messages import Outcome
from tests.firmware.audit_logs import COLLECTED, Place
from tests.firmware.conftest import KIOSK, Parties, result

RECORD = b"FMR\x00 20\x00" + bytes(range(100))
PURPOSE = "border-check"


@dataclass
class Audit:
    """Keeps what it is told, or refuses it."""

    full: bool = False
    told: list[Event] = field(default_factory=list)

    def note(self, *events: Event) -> None:
        if self.full:
            raise AuditFullError("the disk is full: the audit log cannot be written")
        self.told += events


@pytest.fixture
def audit() -> Audit:
    return Audit()


class NoExtraction:
    model_id = "none"

    def extract(self, frame: object) -> object:
        raise AssertionError("nothing is extracted here")


@pytest.fixture
def line(store: Store, parties: Parties, audit: Audit) -> Line:
    return Line(
        open_sensor,  # type: ignore[arg-type]  # no sensor is needed to submit
        judge,
        NoExtraction(),  # type: ignore[arg-type]  # nor a network
        20,
        store,
        KIOSK,
        SigningKey.generate(),
        parties.matcher,
        1_000,
        "test",
        now_ms=lambda: 5_000,
        audit=audit,
    )


def case() -> Case:
    quality = Quality(70, "test-quality", ())
    return Case(PURPOSE, ("watch", "missing"), (Impression(2, RECORD, quality, "model", {}),))


@dataclass
class Clock:
    now_ms: int = 100

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board() -> Board:
    return Board(KIOSK, 20)


@pytest.fixture
def checks(board: Board, store: Store, parties: Parties, clock: Clock, audit: Audit) -> Checks:
    inbox = Inbox(KIOSK, parties.kiosk_opener, parties.matcher, store, clock, answer_lifetime_ms=50)
    return Checks(board, store, inbox, clock, audit=audit, purpose=PURPOSE)


def test_what_is_taken_is_noted_as_collected_and_disclosed(
    line: Line, store: Store, audit: Audit
) -> None:
    submitted = line.submit(case())

    name = pseudonym(submitted.pending.request_id)
    collected = {"finger": 2, "impressions": 1}
    to = {"what": "templates", "to": "matcher-01", "lists": ("watch", "missing")}
    assert audit.told == [
        Event(Kind.COLLECT, NOT_LOGGED_IN, PURPOSE, name, collected),
        Event(Kind.DISCLOSE, NOT_LOGGED_IN, PURPOSE, name, to),
    ]
    assert len(store.pending()) == 1


def test_with_a_full_audit_log_nothing_is_taken(line: Line, store: Store, audit: Audit) -> None:
    audit.full = True

    with pytest.raises(StoreFullError, match="disk is full"):
        line.submit(case())

    assert store.pending() == []


def test_what_was_noted_but_could_not_be_kept_is_noted_too(
    line: Line, store: Store, audit: Audit
) -> None:
    store.close()

    with pytest.raises(StoreError):
        line.submit(case())

    assert [event.kind for event in audit.told] == [Kind.COLLECT, Kind.DISCLOSE, Kind.CANCEL]
    assert audit.told[2].details == {"what": "request", "reason": "the store failed"}


def test_a_result_is_noted_when_it_is_shown_without_score_or_reference(
    checks: Checks, board: Board, waiting: bytes, parties: Parties, audit: Audit
) -> None:
    checks.restore()

    checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])

    name = pseudonym(waiting)
    shown = {"outcome": "candidates", "candidates": 1, "lists": ("watch",), "again": False}
    assert audit.told == [
        Event(Kind.CONSULT, NOT_LOGGED_IN, PURPOSE, name, shown),
        Event(Kind.ERASE, DEVICE, "", name, {"what": "request", "reason": "answered"}),
    ]
    assert board.state().checks[0].progress is Progress.ANSWERED


def test_a_result_that_cannot_be_noted_is_shown_as_soon_as_it_can(
    checks: Checks, board: Board, waiting: bytes, parties: Parties, audit: Audit
) -> None:
    checks.restore()
    audit.full = True

    # It is committed, so the broker need not keep it.
    assert checks.arrived([parties.answer(waiting, what=result(Outcome.NONE))]) == [waiting]
    assert board.state().checks[0].progress is Progress.QUEUED
    assert "disk is full" in store_fault(board)
    checks.housekeeping()
    assert board.state().checks[0].progress is Progress.QUEUED

    audit.full = False
    checks.housekeeping()

    assert board.state().checks[0].progress is Progress.ANSWERED
    assert store_fault(board) == ""
    assert [event.kind for event in audit.told] == [Kind.CONSULT, Kind.ERASE]


def store_fault(board: Board) -> str:
    states = [each for each in board.state().devices if each.name is DeviceName.STORE]
    return "".join(state.missing for state in states)


def test_a_result_that_is_shown_again_after_a_restart_is_noted_again(
    checks: Checks, waiting: bytes, parties: Parties, audit: Audit
) -> None:
    checks.arrived([parties.answer(waiting, what=result(Outcome.NONE))])
    audit.told.clear()

    checks.restore()

    (event,) = audit.told
    assert (event.kind, event.details["again"]) == (Kind.CONSULT, True)


def test_nothing_is_deleted_before_it_is_noted(
    checks: Checks,
    store: Store,
    waiting: bytes,
    parties: Parties,
    audit: Audit,
    clock: Clock,
) -> None:
    checks.arrived([parties.answer(waiting)])
    store.add_request(Pending(b"e" * 16, 0, 1, 120), b"sealed")
    audit.told.clear()
    clock.now_ms += 10_000
    audit.full = True
    with pytest.raises(StoreFullError):
        checks.housekeeping()
    assert len(store.pending()) == len(store.answers(10)) == 1

    audit.full = False
    checks.housekeeping()

    assert store.pending() == store.answers(10) == []
    expired = [(event.case, event.details["what"]) for event in audit.told]
    assert expired == [(pseudonym(b"e" * 16), "request"), (pseudonym(waiting), "answer")]
    assert {event.details["reason"] for event in audit.told} == {"expired"}


def test_the_gate_sends_reports_and_takes_receipts_beside_requests_and_answers(
    checks: Checks,
    store: Store,
    waiting: bytes,
    parties: Parties,
    tmp_path: Path,
    clock: Clock,
    status: StatusLeaving,
) -> None:
    place = Place(tmp_path / "audit")
    log = place.open()
    log.note(COLLECTED)
    log.checkpoint()
    leaving = AuditLeaving(
        log, KIOSK, place.signer, parties.kiosk_opener, parties.matcher, 0, clock
    )
    mail = Mail(store, checks, log, leaving, status)
    offered: list[Pending] = []
    mail.begin(offered.append)

    assert mail.housekeeping() == []

    name = report_id(KIOSK, log.chain)
    assert offered[0].request_id == name
    (told,) = [each.request_id for each in offered[1:]]
    assert kind_of(mail.envelope(told) or b"") == EnvelopeKind.KIOSK_STATUS
    mail.published(told)
    assert mail.envelope(told) is None
    assert mail.envelope(name) is not None
    assert mail.envelope(waiting) == b"sealed"
    assert [each.request_id for each in mail.pending()] == [waiting]
    assert mail.arrived([parties.answer(waiting)]) == [waiting]
    receipt = Receipt(log.chain, ReportOutcome.STORED, log.end.number, log.end.digest, 1)
    assert mail.arrived([sealed(receipt, parties)]) == [name]
    assert mail.envelope(name) is None


def test_what_is_withheld_is_neither_offered_nor_sent(
    checks: Checks, store: Store, waiting: bytes, parties: Parties, tmp_path: Path, clock: Clock,
    status: StatusLeaving,
) -> None:  # fmt: skip
    log = Place(tmp_path / "audit").open()
    leaving = AuditLeaving(
        log, KIOSK, SigningKey.generate(), parties.kiosk_opener, parties.matcher, 0, clock
    )
    mail = Mail(store, checks, log, leaving, status)
    mail.withheld = waiting.__eq__

    assert mail.pending() == []
    assert mail.envelope(waiting) is None


def test_an_audit_log_that_fails_holds_up_no_request(
    checks: Checks,
    store: Store,
    waiting: bytes,
    parties: Parties,
    tmp_path: Path,
    clock: Clock,
    status: StatusLeaving,
) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = Place(tmp_path / "file" / "audit")
    log = place.open()
    leaving = AuditLeaving(
        log, KIOSK, place.signer, parties.kiosk_opener, parties.matcher, 0, clock
    )
    mail = Mail(store, checks, log, leaving, status)

    assert mail.housekeeping() == []
    assert mail.envelope(b"n" * 16) is None
    assert mail.envelope(waiting) == b"sealed"
    receipt = Receipt(log.chain, ReportOutcome.FORK, 1, bytes(32), 1)
    assert mail.arrived([sealed(receipt, parties)]) == [None]
    assert mail.arrived([parties.answer(waiting)]) == [waiting]


def sealed(receipt: Receipt, parties: Parties) -> bytes:
    header = Header(
        EnvelopeKind.AUDIT_RECEIPT, Lane.BACKGROUND, report_id(KIOSK, receipt.chain), KIOSK, 1, 2
    )
    key = parties.kiosk_opener.public
    return seal(header, encode_receipt(receipt), key, parties.matcher_signer).to_bytes()
