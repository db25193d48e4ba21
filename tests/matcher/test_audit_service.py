"""A kiosk's audit log over the real broker: to the matcher, and the receipt back."""

import contextlib
from pathlib import Path

from greenline.firmware.audit import Sizes
from greenline.firmware.audit_leaving import AuditLeaving
from greenline.matcher.answering import Answering
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit, read_chains
from greenline.matcher.audit_reports import Reports
from greenline.protocol.audit_verify import walked
from tests.firmware.audit_logs import COLLECTED, Clocks, Place
from tests.matcher.asking import Clock, Kiosk, MatcherKeys, finger, request_body
from tests.matcher.serving import Start, Uplink


def test_a_log_reaches_the_centre_and_its_receipts_let_the_kiosk_delete(
    tmp_path: Path,
    answering: Answering,
    kiosk: Kiosk,
    matcher_keys: MatcherKeys,
    start: Start,
    uplink: Uplink,
) -> None:
    place = Place(tmp_path / "audit", kiosk.signer, sizes=Sizes(entries=8, segment_bytes=4_000))
    log = place.open()
    for _ in range(60):
        log.note(COLLECTED)
    log.checkpoint()
    leaving = AuditLeaving(
        log, kiosk.name, kiosk.signer, kiosk.opener, kiosk.matcher, 0, place.clocks_now
    )
    path = tmp_path / "centre.db"
    with contextlib.closing(open_audit(path)) as database:
        own = AuditLog(database, "matcher-01", matcher_keys.signer, Clocks())
        kiosks = {kiosk.name: kiosk.identity}
        start(
            answering,
            reports=Reports(database, kiosks, answering.generations, own, Clock()),
        )
        reports = 0
        while pending := leaving.pending():
            report = leaving.envelope(pending[0].request_id)
            assert report is not None
            leaving.receive(uplink.ask(report))
            reports += 1
        leaving.tidy()
        # A request is answered between reports as ever.
        assert kiosk.open(uplink.ask(kiosk.seal(request_body(finger(1))))).searched

    assert reports > 2
    assert list(place.segments()) == [log.sequence]
    (kept,) = [each for each in read_chains(path) if "own entries" not in each]
    walk = walked(kept, [kiosk.signer.public])
    assert walk.fault is None
    assert walk.signed_to >= 60


def test_without_an_audit_log_at_the_centre_a_report_gets_no_answer(
    tmp_path: Path, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    place = Place(tmp_path / "audit", kiosk.signer)
    log = place.open()
    log.note(COLLECTED)
    log.checkpoint()
    leaving = AuditLeaving(
        log, kiosk.name, kiosk.signer, kiosk.opener, kiosk.matcher, 0, place.clocks_now
    )
    running = start(answering)
    report = leaving.envelope(leaving.pending()[0].request_id)
    assert report is not None

    uplink.send(report)
    uplink.ask(kiosk.seal(request_body(finger(1))))  # comes after it, so the report was seen

    assert running.service.refused == {"MalformedError": 1}
