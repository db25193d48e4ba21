"""What kiosks report of their audit logs: checked, compared with what is here, kept, receipted.

A report is only taken when its records are whole, follow each other and end with the kiosk's own
signature. A chain that is not the one that the kiosk sent before is kept beside it: an alarm.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import held_of
from greenline.matcher.audit_events import kept
from greenline.matcher.database import Database
from greenline.matcher.generations import Generation, asked
from greenline.protocol.audit import DEVICE, Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import DIGEST_BYTES, End
from greenline.protocol.audit_report import (
    Receipt,
    Report,
    ReportOutcome,
    decode_report,
    encode_receipt,
)
from greenline.protocol.audit_verify import Walk
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.errors import MalformedError, WrongKeyError
from greenline.protocol.keys import Identity

log = logging.getLogger(__name__)

_RECEIPT_LIFETIME_MS = 24 * 3600 * 1000
_NOTHING = End(0, bytes(DIGEST_BYTES))


@dataclass(frozen=True)
class _Run:
    """A report whose records are right. digests: by number, with that before the first."""

    report: Report
    end: End
    digests: dict[int, bytes]
    offsets: dict[int, int]


@dataclass(frozen=True)
class Reports:
    """Takes reports of known kiosks. log: the matcher's own, in the same database.

    now_ms: Unix milliseconds.
    generations: the matcher's keys, the newest first.
    """

    database: Database
    kiosks: Mapping[str, Identity]
    generations: Sequence[Generation]
    log: AuditLog
    now_ms: Callable[[], int]
    _alarms: set[tuple[str, bytes, str, int]] = field(default_factory=set)

    def take(self, data: bytes, topic_kiosk: str) -> bytes:
        """Keep a report and return the receipt's envelope. Raises ProtocolError, DatabaseError.

        ProtocolError: nobody has proved to be the kiosk, so there is no answer.
        """
        envelope = Envelope.from_bytes(data)
        header = envelope.header
        if header.kind is not EnvelopeKind.AUDIT_REPORT:
            raise MalformedError("this is no report of an audit log")
        if header.kiosk != topic_kiosk:
            raise WrongKeyError("the envelope names another kiosk than its topic")
        kiosk = self.kiosks.get(header.kiosk)
        if kiosk is None:
            raise WrongKeyError(f"the kiosk {header.kiosk!r} is not enrolled here")
        envelope.verify(*kiosk.signing_keys(self.now_ms()))
        generation = asked(self.generations, header.recipient, self.now_ms())
        report = decode_report(envelope.open(generation.opener))
        receipt = self._receipt(kiosk, report)
        now = self.now_ms()
        answer = Header(
            EnvelopeKind.AUDIT_RECEIPT, Lane.BACKGROUND, header.request_id, header.kiosk, now,
            now + _RECEIPT_LIFETIME_MS,
        )  # fmt: skip
        return seal(answer, encode_receipt(receipt), kiosk.seal, generation.signer).to_bytes()

    def _receipt(self, kiosk: Identity, report: Report) -> Receipt:
        held = held_of(self.database, kiosk.name, report.chain)
        # Records that were signed with a key that has been replaced since are as good as before.
        walk = Walk([kiosk.verify, *(old.verify for old in kiosk.earlier)])
        head = report.head(kiosk.name).to_bytes()
        digests, offsets, offset = {report.first - 1: report.previous}, {}, 0
        for record in walk.segment("report", head + report.records):
            digests[record.link.number] = record.digest
            offsets[record.link.number] = offset
            offset += len(record.data)
        walk.finish()
        if walk.fault is not None:
            reason = f"entry {walk.fault.number}: {walk.fault.kind.value}"
            self._alarm(kiosk.name, report, "report refused", reason)
            return self._answer(report, ReportOutcome.REFUSED, held or _NOTHING, reason)
        return self._compare(kiosk.name, _Run(report, walk.end, digests, offsets), held)

    def _compare(self, kiosk: str, run: _Run, held: End | None) -> Receipt:
        report = run.report
        at = held or _NOTHING
        if report.first > at.number + 1:
            if report.first != report.oldest:
                return self._answer(report, ReportOutcome.GAP, at)
            missing = f"entries {at.number + 1} to {report.first - 1}"
            self._alarm(kiosk, report, "gap in a kiosk's log", missing)
            return self._keep(kiosk, run, report.first, ReportOutcome.STORED)
        if held is None:
            self._tell_new_chain(kiosk, report)
            return self._keep(kiosk, run, report.first, ReportOutcome.STORED)
        common = min(held.number, run.end.number)
        here = self._digest_here(kiosk, report.chain, common, held)
        if here != run.digests[common]:
            self._alarm(kiosk, report, "fork in a kiosk's log", f"at or before entry {common}")
            return self._keep(kiosk, run, report.first, ReportOutcome.FORK)
        if run.end.number <= held.number:
            return self._answer(report, ReportOutcome.STORED, held)
        return self._keep(kiosk, run, held.number + 1, ReportOutcome.STORED)

    def _keep(self, kiosk: str, run: _Run, first: int, outcome: ReportOutcome) -> Receipt:
        """Keep the records from an entry on; that they are kept is in our own chain."""
        report = run.report
        rest = Report(
            report.chain, first, run.digests[first - 1], report.oldest,
            report.records[run.offsets[first]:],
        )  # fmt: skip
        segment = rest.head(kiosk).to_bytes() + rest.records
        row = (
            kiosk, report.chain, first, run.end.number, run.end.digest, self.now_ms(), segment,
        )  # fmt: skip
        self.log.note(
            kept(kiosk, report.chain, first, run.end.number, segment),
            beside=lambda db: _add(db, row),
        )
        told = {"kiosk": kiosk, "first": first, "last": run.end.number, "outcome": outcome.value}
        log.info("audit report kept", extra=told)
        return self._answer(report, outcome, run.end)

    def _digest_here(self, kiosk: str, chain: bytes, number: int, held: End) -> bytes:
        """Return the digest of an entry as it is here, the newest way; empty: it is not here."""
        if number == held.number:
            return held.digest
        rows = self.database.read(
            "SELECT segment FROM report WHERE kiosk = ? AND chain = ? AND first <= ? + 1 "
            "AND last >= ? ORDER BY report_id DESC LIMIT 1",
            kiosk, chain, number, number,
        )  # fmt: skip
        walk = Walk(None)
        for row in rows:
            for record in walk.segment("", row[0]):
                if record.link.number == number:
                    return record.digest
        return b"" if walk.head is None else walk.head.end.digest

    def _tell_new_chain(self, kiosk: str, report: Report) -> None:
        rows = self.database.read("SELECT count(*) FROM report WHERE kiosk = ?", kiosk)
        if rows[0][0]:
            self._alarm(kiosk, report, "new chain of a kiosk", report.chain.hex())

    def _alarm(self, kiosk: str, report: Report, what: str, reason: str) -> None:
        """Note and log what somebody has to look at, once for each report."""
        alarm = (kiosk, report.chain, what, report.first)
        if alarm in self._alarms:
            return
        details = {"what": what, "kiosk": kiosk, "reason": reason[:64]}
        self.log.note(Event(Kind.ALARM, DEVICE, details=details))
        self._alarms.add(alarm)
        log.warning("audit alarm", extra=details)

    def _answer(
        self, report: Report, outcome: ReportOutcome, end: End, reason: str = ""
    ) -> Receipt:
        return Receipt(report.chain, outcome, end.number, end.digest, self.now_ms(), reason[:200])


def _add(db: sqlite3.Connection, row: tuple[object, ...]) -> None:
    db.execute(
        "INSERT INTO report (kiosk, chain, first, last, digest, received_ms, segment) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        row,
    )
