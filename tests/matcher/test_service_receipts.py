"""The service over the real broker: a kiosk hears of what takes long, and of nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from greenline.matcher.answering import Answering
from greenline.matcher.gallery import Gallery
from greenline.matcher.ledger import Ledger
from greenline.matcher.terms import Terms
from greenline.protocol.envelope import Envelope
from greenline.protocol.messages import Outcome
from greenline.protocol.receipt import RequestReceipt, decode_receipt
from tests.matcher.asking import HOUR_MS, NOW_MS, Kiosk, enrol, finger, id_of, request_body
from tests.matcher.conftest import SOON_S
from tests.matcher.serving import Start, Uplink, accepted, outcome
from tests.matcher.test_gallery import tamper
from tests.matcher.test_service_crowd import Slow

SOON = Terms(retry_s=SOON_S, upkeep_s=SOON_S, receipt_after_s=SOON_S)
UNHURRIED = Terms(retry_s=SOON_S, upkeep_s=SOON_S, receipt_after_s=2.0)
LATE = Terms(retry_s=SOON_S, upkeep_s=SOON_S, receipt_after_s=3600)


@pytest.fixture
def slow(answering: Answering) -> Slow:
    return Slow(answering.engine)


def receipt(uplink: Uplink, kiosk: Kiosk, request: bytes) -> RequestReceipt:
    """Wait for the next receipt, which must be this request's; read it as a kiosk does."""
    envelope = Envelope.from_bytes(uplink.next_receipt())
    assert envelope.header.request_id == id_of(request)
    envelope.verify(kiosk.matcher.verify)
    return decode_receipt(envelope.open(kiosk.opener))


def test_while_a_search_takes_long_its_kiosk_and_who_waits_behind_it_hear_that_they_are_here(
    answering: Answering, slow: Slow, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    start(replace(answering, engine=slow), terms=SOON)
    first = kiosk.seal(request_body(finger(1)))
    second = kiosk.seal(request_body(finger(2)), created_ms=NOW_MS + 1)
    uplink.send(first)
    assert receipt(uplink, kiosk, first) == RequestReceipt(NOW_MS)
    uplink.send(second)
    assert receipt(uplink, kiosk, second) == RequestReceipt(NOW_MS)
    assert uplink.answers.empty()

    slow.permits.release(2)

    assert [id_of(uplink.next_answer()) for _ in range(2)] == [id_of(first), id_of(second)]
    assert uplink.receipts.empty()


def test_what_is_answered_soon_gets_no_receipt(
    answering: Answering, slow: Slow, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    start(replace(answering, engine=slow), terms=UNHURRIED)
    quick = [kiosk.seal(request_body(finger(number))) for number in range(20)]
    slow.permits.release(len(quick))
    for envelope in (*quick, quick[0]):
        uplink.ask(envelope)
    asked = kiosk.seal(request_body(finger(1)))
    uplink.send(asked)

    assert receipt(uplink, kiosk, asked) == RequestReceipt(NOW_MS)  # the first that comes
    slow.permits.release()
    uplink.next_answer()


def test_of_what_it_has_from_before_its_start_a_matcher_says_so_when_it_comes_again(
    ledger: Ledger,
    answering: Answering,
    slow: Slow,
    kiosk: Kiosk,
    start: Start,
    uplink: Uplink,
) -> None:
    """At once: how long a new one may take does not matter."""
    asked = kiosk.seal(request_body(finger(1)))
    ledger.accept(accepted(asked))
    start(replace(answering, engine=slow), terms=LATE)

    uplink.send(asked)
    assert receipt(uplink, kiosk, asked) == RequestReceipt(NOW_MS)

    slow.permits.release()
    assert id_of(uplink.next_answer()) == id_of(asked)


def test_an_incomplete_search_is_no_answer_and_a_receipt_follows(
    gallery: Gallery,
    gallery_path: Path,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    uplink: Uplink,
) -> None:
    enrol(gallery, 1)
    tamper(gallery_path, "UPDATE entry SET finger = 9")
    start(answering, terms=SOON)
    asked = kiosk.seal(request_body(finger(2)))

    assert outcome(kiosk, uplink.ask(asked)) is Outcome.INCOMPLETE
    assert receipt(uplink, kiosk, asked) == RequestReceipt(NOW_MS)


def test_what_the_matcher_did_not_take_gets_no_receipt(
    answering: Answering, slow: Slow, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    """It is told that its clock is wrong, and has to offer its request again."""
    start(replace(answering, engine=slow), terms=SOON)
    ahead = kiosk.seal(
        request_body(finger(1)),
        created_ms=NOW_MS + 48 * HOUR_MS,
        expires_ms=NOW_MS + 49 * HOUR_MS,
    )
    assert outcome(kiosk, uplink.ask(ahead)) is Outcome.INCOMPLETE
    asked = kiosk.seal(request_body(finger(2)))
    uplink.send(asked)

    assert receipt(uplink, kiosk, asked) == RequestReceipt(NOW_MS)  # the first that comes
    slow.permits.release()
    uplink.next_answer()


def test_the_service_ends_while_receipts_are_due(
    answering: Answering, slow: Slow, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    running = start(replace(answering, engine=slow), terms=SOON)
    asked = [kiosk.seal(request_body(finger(1)), created_ms=NOW_MS + at) for at in range(30)]
    for envelope in asked:
        uplink.send(envelope)
    uplink.next_receipt()

    slow.permits.release(len(asked))
    running.stop()
