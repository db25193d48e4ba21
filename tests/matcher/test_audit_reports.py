"""What the centre makes of reports: kept once, in order, and an alarm when a chain is another."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit, read_chains
from greenline.matcher.audit_reports import Reports
from greenline.matcher.database import Database
from greenline.matcher.errors import DatabaseError
from greenline.matcher.generations import Generation
from greenline.protocol.audit import Entry
from greenline.protocol.audit_details import Details, Kind
from greenline.protocol.audit_head import End, Head
from greenline.protocol.audit_report import (
    Receipt,
    Report,
    ReportOutcome,
    decode_receipt,
    encode_report,
    report_id,
)
from greenline.protocol.audit_verify import FaultKind, Walk, walked
from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import OpeningKey, SigningKey
from tests.firmware.audit_logs import COLLECTED, Clocks
from tests.matcher.asking import Clock, Kiosk, MatcherKeys
from tests.protocol.chains import Chain


@dataclass
class Centre:
    """Takes reports of one kiosk, and opens the receipts as that kiosk would."""

    kiosk: Kiosk
    reports: Reports
    path: Path

    def send(self, report: Report) -> Receipt:
        data = self.kiosk.seal(
            encode_report(report),
            request_id=report_id(self.kiosk.name, report.chain),
            kind=EnvelopeKind.AUDIT_REPORT,
        )
        envelope = Envelope.from_bytes(self.reports.take(data, self.kiosk.name))
        assert envelope.header.kind is EnvelopeKind.AUDIT_RECEIPT
        assert envelope.header.request_id == report_id(self.kiosk.name, report.chain)
        envelope.verify(self.kiosk.matcher.verify)
        return decode_receipt(envelope.open(self.kiosk.opener))

    def alarms(self) -> list[str]:
        return [str(details["what"]) for details in self._told(Kind.ALARM)]

    def noted(self) -> list[Details]:
        return self._told(Kind.KEEP)

    def _told(self, kind: Kind) -> list[Details]:
        found = []
        for segments in read_chains(self.path):
            if "own entries" not in segments:
                continue
            for record in Walk(None).segment("", segments["own entries"]):
                if isinstance(record.link, Entry) and record.link.event.kind is kind:
                    found.append(record.link.event.details)
        return found

    def stored(self) -> list[dict[str, bytes]]:
        return [segments for segments in read_chains(self.path) if "own entries" not in segments]

    def walk(self) -> Walk:
        (segments,) = self.stored()
        return walked(segments, [self.kiosk.signer.public])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with contextlib.closing(open_audit(tmp_path / "audit.db")) as database:
        yield database


@pytest.fixture
def centre(tmp_path: Path, database: Database, kiosk: Kiosk, matcher_keys: MatcherKeys) -> Centre:
    log = AuditLog(database, "matcher-01", matcher_keys.signer, Clocks())
    kiosks = {kiosk.name: kiosk.identity}
    keys = [Generation(matcher_keys.signer, matcher_keys.opener)]
    reports = Reports(database, kiosks, keys, log, Clock())
    return Centre(kiosk, reports, tmp_path / "audit.db")


@dataclass
class Log:
    """A kiosk's chain that grows by three entries and a signature at a time."""

    kiosk: Kiosk
    chain: Chain = field(init=False)

    def __post_init__(self) -> None:
        self.chain = Chain(self.kiosk.signer)

    def grow(self, times: int = 1) -> End:
        for _ in range(times):
            for _ in range(3):
                self.chain.event(COLLECTED)
            self.chain.checkpoint()
        return self.chain.end

    def report(self, first: int, last: int, oldest: int = 1) -> Report:
        records = self.chain.records[first - 1 : last]
        previous = self.chain.segment_head(first - 1).end.digest
        data = b"".join(record.data for record in records)
        return Report(self.chain.head.chain, first, previous, oldest, data)


@pytest.fixture
def log(kiosk: Kiosk) -> Log:
    return Log(kiosk)


def stored(end: End, log: Log) -> Receipt:
    return Receipt(log.chain.head.chain, ReportOutcome.STORED, end.number, end.digest, Clock()())


def test_reports_in_order_are_kept_whole_and_receipted(centre: Centre, log: Log) -> None:
    first = log.grow()
    assert centre.send(log.report(1, 4)) == stored(first, log)
    second = log.grow(2)
    assert centre.send(log.report(5, 12)) == stored(second, log)

    walk = centre.walk()
    assert (walk.fault, walk.entries, centre.alarms()) == (None, 12, [])


def test_each_kept_report_is_noted_in_the_centres_own_chain(centre: Centre, log: Log) -> None:
    log.grow()
    for _ in range(2):
        centre.send(log.report(1, 4))  # the second time nothing is kept
    log.grow()
    centre.send(log.report(1, 8))

    (segments,) = centre.stored()
    name, chain = centre.kiosk.name, log.chain.head.chain.hex()
    assert centre.noted() == [
        {
            "kiosk": name,
            "chain": chain,
            "first": first,
            "last": last,
            "digest": hashlib.sha256(segment).hexdigest(),
        }
        for (first, last), segment in zip([(1, 4), (5, 8)], segments.values(), strict=True)
    ]


def test_a_report_that_cannot_be_kept_is_not_noted(
    centre: Centre, log: Log, database: Database
) -> None:
    log.grow()
    with database.write() as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON report BEGIN SELECT RAISE(ABORT, 'full'); END"
        )

    with pytest.raises(DatabaseError):
        centre.send(log.report(1, 4))

    assert (centre.noted(), centre.stored()) == ([], [])


def test_a_report_that_comes_again_is_receipted_and_not_kept_twice(
    centre: Centre, log: Log
) -> None:
    end = log.grow(2)
    for _ in range(3):
        assert centre.send(log.report(1, 8)) == stored(end, log)
    # An older piece comes late, and one that begins in the middle.
    assert centre.send(log.report(1, 4)) == stored(end, log)
    assert centre.send(log.report(3, 8)) == stored(end, log)

    assert [len(segments) for segments in centre.stored()] == [1]
    assert (centre.walk().entries, centre.alarms()) == (8, [])


def test_of_a_report_that_overlaps_only_the_rest_is_kept(centre: Centre, log: Log) -> None:
    log.grow()
    centre.send(log.report(1, 4))
    end = log.grow()

    assert centre.send(log.report(1, 8)) == stored(end, log)

    walk = centre.walk()
    assert (walk.fault, walk.entries) == (None, 8)


def test_what_is_missing_is_asked_for(centre: Centre, log: Log) -> None:
    first = log.grow()
    log.grow(2)
    answer = centre.send(log.report(5, 8))
    assert (answer.outcome, answer.end) == (ReportOutcome.GAP, End(0, bytes(32)))
    centre.send(log.report(1, 4))

    answer = centre.send(log.report(9, 12))

    assert (answer.outcome, answer.end) == (ReportOutcome.GAP, first)
    assert centre.alarms() == []


def test_what_the_kiosk_does_not_have_any_more_is_a_gap_and_an_alarm(
    centre: Centre, log: Log
) -> None:
    log.grow()
    centre.send(log.report(1, 4))
    end = log.grow(2)

    assert centre.send(log.report(9, 12, oldest=9)) == stored(end, log)

    assert centre.alarms() == ["gap in a kiosk's log"]
    fault = centre.walk().fault
    assert fault is not None
    assert (fault.kind, fault.number) == (FaultKind.DROPPED, 5)


@pytest.mark.parametrize("longer", [0, 1, 2])
def test_another_chain_under_the_same_numbers_is_a_fork_and_both_are_kept(
    centre: Centre, log: Log, kiosk: Kiosk, longer: int
) -> None:
    """A kiosk's card was put back to an older state, or its log was written anew with its key."""
    log.grow(2)
    centre.send(log.report(1, 8))
    other = Log(kiosk)
    other.grow(1)
    shared = other.chain.records[:]
    other.chain.records = log.chain.records[:4]
    assert shared != log.chain.records[:4]
    end = other.grow(longer + 1)

    answer = centre.send(other.report(5, end.number))

    assert (answer.outcome, answer.end) == (ReportOutcome.FORK, end)
    assert centre.alarms() == ["fork in a kiosk's log"]
    # The kiosk goes on from there, without another alarm.
    last = other.grow()
    assert centre.send(other.report(end.number + 1, last.number)) == stored(last, other)
    assert centre.alarms() == ["fork in a kiosk's log"]
    fault = centre.walk().fault
    assert fault is not None
    assert (fault.kind, fault.segment) == (FaultKind.RE_ORDERED, "report 2")


def test_a_new_chain_of_a_known_kiosk_is_an_alarm(centre: Centre, log: Log, kiosk: Kiosk) -> None:
    log.grow()
    centre.send(log.report(1, 4))
    other = Log(kiosk)
    other.chain.head = Head.of_new_chain(kiosk.name, b"n" * 16)
    end = other.grow()

    assert centre.send(other.report(1, 4)) == stored(end, other)

    assert centre.alarms() == ["new chain of a kiosk"]
    assert len(centre.stored()) == 2


def test_records_that_are_not_right_are_refused_with_one_alarm(centre: Centre, log: Log) -> None:
    log.grow()
    good = log.report(1, 4)
    changed = bytearray(good.records)
    changed[50] ^= 1
    for records in (bytes(changed), log.report(1, 3).records):  # changed; without signature
        wrong = Report(good.chain, 1, good.previous, 1, records)
        for _ in range(2):
            answer = centre.send(wrong)
            assert (answer.outcome, answer.end) == (ReportOutcome.REFUSED, End(0, bytes(32)))

    assert centre.alarms() == ["report refused"]
    assert centre.stored() == []
    assert centre.send(good).outcome is ReportOutcome.STORED


def test_a_chain_signed_by_somebody_else_is_refused(centre: Centre, kiosk: Kiosk) -> None:
    thief = Kiosk(kiosk.name, kiosk.matcher, SigningKey.generate())
    other = Log(thief)
    other.grow()

    answer = centre.send(other.report(1, 4))

    assert answer.outcome is ReportOutcome.REFUSED
    assert answer.reason == "entry 4: key unknown"


def test_an_envelope_that_nobody_proves_to_have_sent_gets_no_answer(
    centre: Centre, log: Log, kiosk: Kiosk
) -> None:
    log.grow()
    body = encode_report(log.report(1, 4))
    kind = EnvelopeKind.AUDIT_REPORT
    stranger = Kiosk(kiosk.name, kiosk.matcher)
    wrong = [
        (stranger.seal(body, kind=kind), kiosk.name),
        (kiosk.seal(body, kind=kind), "kiosk-02"),
        (kiosk.seal(body, kind=kind, name="kiosk-02"), "kiosk-02"),
        (kiosk.seal(body, kind=EnvelopeKind.REQUEST), kiosk.name),
        (kiosk.seal(body, kind=kind, recipient=OpeningKey.generate().public), kiosk.name),
        (kiosk.seal(b"\x80", kind=kind), kiosk.name),
        (b"noise", kiosk.name),
    ]
    for data, topic in wrong:
        with pytest.raises(ProtocolError):
            centre.reports.take(data, topic)

    assert (centre.stored(), centre.alarms()) == ([], [])
