"""The kiosk's side of reports: cut at signatures, offered until receipted, deleted only then."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.firmware.audit import AuditLog, Sizes
from greenline.firmware.audit_leaving import AuditLeaving
from greenline.protocol.audit import Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import End
from greenline.protocol.audit_report import (
    MAX_RECORDS_BYTES,
    Receipt,
    Report,
    ReportOutcome,
    decode_report,
    encode_receipt,
    report_id,
)
from greenline.protocol.audit_verify import walked
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from tests.firmware.audit_logs import COLLECTED, OWNER, Place

DAY_MS = 24 * 3600 * 1000


@dataclass
class Office:
    """The centre, as far as a test plays it, and the kiosk's side that writes to it."""

    place: Place
    kiosk_opener: OpeningKey = field(default_factory=OpeningKey.generate)
    signer: SigningKey = field(default_factory=SigningKey.generate)
    opener: OpeningKey = field(default_factory=OpeningKey.generate)

    def leaving(self, log: AuditLog) -> AuditLeaving:
        return AuditLeaving(
            log,
            OWNER,
            self.place.signer,
            self.kiosk_opener,
            Identity("matcher-01", self.signer.public, self.opener.public),
            30 * DAY_MS,
            lambda: self.place.clocks.wall_ms,
        )

    def report(self, leaving: AuditLeaving) -> Report:
        (pending,) = leaving.pending()
        data = leaving.envelope(pending.request_id)
        assert data is not None
        envelope = Envelope.from_bytes(data)
        assert envelope.header.kind is EnvelopeKind.AUDIT_REPORT
        assert envelope.header.lane is Lane.BACKGROUND
        envelope.verify(self.place.signer.public)
        return decode_report(envelope.open(self.opener))

    def receipt(
        self,
        chain: bytes,
        end: End,
        outcome: ReportOutcome = ReportOutcome.STORED,
        signer: SigningKey | None = None,
        kiosk: str = OWNER,
    ) -> bytes:
        body = encode_receipt(Receipt(chain, outcome, end.number, end.digest, 5))
        header = Header(
            EnvelopeKind.AUDIT_RECEIPT, Lane.BACKGROUND, report_id(kiosk, chain), kiosk, 1, 2
        )
        return seal(header, body, self.kiosk_opener.public, signer or self.signer).to_bytes()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "audit", sizes=Sizes(entries=8, segment_bytes=4_000))


@pytest.fixture
def office(place: Place) -> Office:
    return Office(place)


def noted(place: Place, count: int) -> AuditLog:
    log = place.open()
    for _ in range(count):
        log.note(COLLECTED)
    return log


def end_of(report: Report, place: Place) -> End:
    """How far a report goes; it must be whole and end with the kiosk's signature."""
    data = report.head(OWNER).to_bytes() + report.records
    walk = walked({"report": data}, [place.signer.public])
    assert walk.fault is None
    return walk.end


def test_only_what_is_signed_leaves(place: Place, office: Office) -> None:
    log = noted(place, 3)
    leaving = office.leaving(log)
    assert leaving.pending() == []

    log.checkpoint()
    log.note(COLLECTED)

    report = office.report(leaving)
    assert (report.first, report.oldest, end_of(report, place).number) == (1, 1, 4)


def test_receipt_by_receipt_the_whole_log_leaves_in_order(place: Place, office: Office) -> None:
    log = noted(place, 100)
    log.checkpoint()
    leaving = office.leaving(log)
    numbers = [0]

    while leaving.pending():
        report = office.report(leaving)
        end = end_of(report, place)
        assert report.first == numbers[-1] + 1
        numbers.append(end.number)
        taken = leaving.receive(office.receipt(report.chain, end))
        assert taken == report_id(OWNER, report.chain)

    assert numbers[-1] == log.end.number
    assert len(numbers) - 1 == len(place.segments()) > 3


def test_a_report_fits_its_bounds_however_much_waits(tmp_path: Path) -> None:
    place = Place(tmp_path / "audit")
    log = noted(place, 400)
    office = Office(place)

    report = office.report(office.leaving(log))

    assert MAX_RECORDS_BYTES * 3 // 4 < len(report.records) <= MAX_RECORDS_BYTES
    assert end_of(report, place).number % 33 == 0


def test_what_arrived_is_known_after_a_restart(place: Place, office: Office) -> None:
    log = noted(place, 5)
    log.checkpoint()
    first = office.leaving(log)
    first.receive(office.receipt(log.chain, log.end))
    log.close()

    again = place.open()

    assert office.leaving(again).pending() == []
    (kept,) = place.folder.glob("*.receipt")
    kept.unlink()
    assert len(office.leaving(again).pending()) == 1


def test_a_receipt_that_is_not_the_centres_changes_nothing(place: Place, office: Office) -> None:
    log = noted(place, 5)
    log.checkpoint()
    leaving = office.leaving(log)
    good = office.receipt(log.chain, log.end)
    wrong = [
        office.receipt(log.chain, log.end, signer=SigningKey.generate()),
        office.receipt(log.chain, log.end, kiosk="kiosk-02"),
        office.receipt(log.chain, End(log.end.number, b"x" * 32)),
        office.receipt(log.chain, End(log.end.number + 1, log.end.digest)),
        good[:4] + b"\x02" + good[5:],
        good[:-1],
        b"noise",
    ]
    for data in wrong:
        leaving.receive(data)
        assert len(leaving.pending()) == 1
    assert sum(leaving.refused.values()) == len(wrong)

    leaving.receive(good)
    assert leaving.pending() == []
    leaving.receive(office.receipt(log.chain, End(1, bytes(32))))  # an older one comes late
    assert leaving.pending() == []


def test_a_centre_with_a_gap_is_sent_what_it_misses(place: Place, office: Office) -> None:
    log = noted(place, 20)
    log.checkpoint()
    leaving = office.leaving(log)
    first = end_of(office.report(leaving), place)
    leaving.receive(office.receipt(log.chain, first))
    assert office.report(leaving).first == first.number + 1

    leaving.receive(office.receipt(log.chain, End(0, bytes(32)), ReportOutcome.GAP))
    assert office.report(leaving).first == 1

    leaving.receive(office.receipt(log.chain, first, ReportOutcome.GAP))
    assert office.report(leaving).first == first.number + 1


def test_a_fork_that_the_centre_tells_of_is_noted(place: Place, office: Office) -> None:
    log = noted(place, 5)
    log.checkpoint()
    leaving = office.leaving(log)

    leaving.receive(office.receipt(log.chain, log.end, ReportOutcome.FORK))

    alarm = place.events()[-1]
    assert (alarm.kind, alarm.details["what"]) == (Kind.ALARM, "the centre had other entries")
    assert leaving.pending() == []


def test_a_refused_report_stays_and_is_offered_again(place: Place, office: Office) -> None:
    log = noted(place, 5)
    log.checkpoint()
    leaving = office.leaving(log)

    taken = leaving.receive(office.receipt(log.chain, End(0, bytes(32)), ReportOutcome.REFUSED))

    assert taken is None
    assert len(leaving.pending()) == 1


def test_segments_are_deleted_when_the_centre_has_them_and_their_time_is_over(
    place: Place, office: Office
) -> None:
    log = noted(place, 100)
    log.checkpoint()
    leaving = office.leaving(log)
    place.clocks.pass_ms(31 * DAY_MS)
    leaving.tidy()
    before = list(place.segments())
    assert before[0] == 1

    report = office.report(leaving)
    leaving.receive(office.receipt(report.chain, end_of(report, place)))
    leaving.tidy()

    assert next(iter(place.segments())) == 2
    erased = place.events()[-1]
    assert (erased.kind, erased.details["what"]) == (Kind.ERASE, "segment of this log")
    log.close()
    walk = place.walk()
    assert (walk.fault, walk.first) == (None, report.first + len(walk_numbers(report)))
    # A start after that misses nothing.
    again = place.open()
    again.note(COLLECTED)
    assert place.told() == []


def walk_numbers(report: Report) -> list[int]:
    walk = walked({"r": report.head(OWNER).to_bytes() + report.records}, None)
    return list(range(report.first, walk.end.number + 1))


def test_what_is_young_stays_though_the_centre_has_it(place: Place, office: Office) -> None:
    log = noted(place, 100)
    log.checkpoint()
    leaving = office.leaving(log)
    while leaving.pending():
        report = office.report(leaving)
        leaving.receive(office.receipt(report.chain, end_of(report, place)))
    place.clocks.pass_ms(29 * DAY_MS)

    leaving.tidy()

    assert next(iter(place.segments())) == 1
    place.clocks.pass_ms(2 * DAY_MS)
    leaving.tidy()
    assert list(place.segments()) == [log.sequence]


def test_a_chain_after_a_damaged_one_leaves_too(place: Place, office: Office) -> None:
    log = noted(place, 5)
    log.close()
    place.signer = SigningKey.generate()
    log = noted(place, 5)
    log.checkpoint()
    leaving = office.leaving(log)

    chains = [pending.request_id for pending in leaving.pending()]

    assert len(set(chains)) == 2
    assert all(leaving.envelope(name) is not None for name in chains)
    assert leaving.envelope(b"n" * 16) is None


def test_a_log_that_is_not_there_offers_nothing(place: Place, office: Office) -> None:
    leaving = office.leaving(place.open())

    assert leaving.pending() == []
    leaving.tidy()
    assert place.events() == []


def test_a_report_tells_the_purpose_and_no_requests_id(place: Place, office: Office) -> None:
    log = noted(place, 1)
    log.note(Event(Kind.STOP, "device", details={"reason": "test"}))
    log.checkpoint()

    report = office.report(office.leaving(log))

    assert report.records.count(b"border-check") == 1
    assert b"r" * 16 not in report.records  # the request's id
