"""The service over the real broker: each request is searched once and answered to the point."""

from pathlib import Path

from greenline.matcher.answering import Answering
from greenline.matcher.gallery import Gallery
from greenline.matcher.ledger import Ledger
from greenline.protocol.keys import OpeningKey
from greenline.protocol.messages import Outcome, Result
from tests.matcher.asking import (
    HOUR_MS,
    NOW_MS,
    Clock,
    Kiosk,
    enrol,
    finger,
    id_of,
    mate,
    request_body,
)
from tests.matcher.serving import Log, Start, Uplink, final, outcome
from tests.matcher.test_gallery import tamper


def test_a_request_is_searched_answered_and_its_probe_dropped(
    gallery: Gallery,
    ledger: Ledger,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    uplink: Uplink,
) -> None:
    enrol(gallery, 1)
    start(answering)
    known, unknown = kiosk.seal(request_body(mate(finger(1)))), kiosk.seal(request_body(finger(2)))

    result = kiosk.open(uplink.ask(known))
    assert [one.reference for one in result.candidates] == ["entry-1"]
    assert outcome(kiosk, uplink.ask(unknown)) is Outcome.NONE

    assert ledger.request(id_of(known)) is None
    assert id_of(known) not in ledger.undelivered()
    assert len(gallery.entry_ids()) == 1


def test_a_repeated_request_gets_the_stored_answer_and_is_searched_once(
    answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink, log: Log
) -> None:
    start(answering)
    request = kiosk.seal(request_body(finger(1)))

    first = uplink.ask(request)
    second = uplink.ask(request)
    third = uplink.ask(kiosk.seal(request_body(finger(2)), request_id=id_of(request)))

    assert (second, third) == (first, first)
    assert log.count("searched", id_of(request)) == 1
    assert log.count("repeated", id_of(request)) == 2


def test_an_expired_request_is_answered_as_such(
    answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    start(answering)

    late = uplink.ask(kiosk.seal(request_body(finger(1)), expires_ms=NOW_MS))

    assert outcome(kiosk, late) is Outcome.EXPIRED


def test_a_kiosk_hears_first_that_it_is_incomplete_and_the_whole_answer_after_the_repair(
    gallery: Gallery,
    gallery_path: Path,
    ledger: Ledger,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    uplink: Uplink,
) -> None:
    enrol(gallery, 1)
    tamper(
        gallery_path,
        "CREATE TABLE backup AS SELECT * FROM entry",
        "UPDATE entry SET record = zeroblob(500)",
    )
    start(answering)
    request = kiosk.seal(request_body(mate(finger(1))))

    assert outcome(kiosk, uplink.ask(request)) is Outcome.INCOMPLETE
    assert outcome(kiosk, uplink.next_answer()) is Outcome.INCOMPLETE
    assert ledger.request(id_of(request)) is not None
    tamper(gallery_path, "UPDATE entry SET record = (SELECT record FROM backup)")

    assert final(uplink, kiosk).candidates[0].reference == "entry-1"
    assert ledger.request(id_of(request)) is None


def test_while_one_request_stays_incomplete_others_are_answered(
    gallery: Gallery,
    gallery_path: Path,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    uplink: Uplink,
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    tamper(gallery_path, "UPDATE entry SET finger = 9 WHERE reference = 'entry-1'")
    start(answering)
    uplink.ask(kiosk.seal(request_body(mate(finger(1)))))

    uplink.send(kiosk.seal(request_body(mate(finger(2)))))

    assert final(uplink, kiosk).candidates[0].reference == "entry-2"


def test_an_incomplete_request_ends_when_it_expires(
    gallery: Gallery,
    gallery_path: Path,
    answering: Answering,
    kiosk: Kiosk,
    now_ms: Clock,
    start: Start,
    uplink: Uplink,
) -> None:
    enrol(gallery, 1)
    tamper(gallery_path, "UPDATE entry SET finger = 9")
    start(answering)
    assert outcome(kiosk, uplink.ask(kiosk.seal(request_body(finger(2))))) is Outcome.INCOMPLETE

    now_ms.now_ms += HOUR_MS

    assert final(uplink, kiosk).outcome is Outcome.EXPIRED


def test_many_requests_at_once_are_each_answered_once_and_to_the_point(
    gallery: Gallery, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink, log: Log
) -> None:
    for seed in range(3):
        enrol(gallery, seed)
    start(answering)
    requests = [kiosk.seal(request_body(mate(finger(number % 6)))) for number in range(60)]
    for envelope in requests:
        uplink.send(envelope)

    answers: dict[bytes, Result] = {}
    while len(answers) < len(requests):
        answer = uplink.next_answer()
        answers[id_of(answer)] = kiosk.open(answer)

    for number, envelope in enumerate(requests):
        found = [one.reference for one in answers[id_of(envelope)].candidates]
        assert found == ([f"entry-{number % 6}"] if number % 6 < 3 else [])
        assert log.count("searched", id_of(envelope)) == 1


def test_all_that_leaves_for_a_kiosk_has_one_size(
    gallery: Gallery, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    enrol(gallery, 1)
    start(answering)
    bodies = [
        request_body(mate(finger(1))),
        request_body(finger(2)),
        request_body(finger(2), lists=("elsewhere",)),
    ]

    assert len({len(uplink.ask(kiosk.seal(body))) for body in bodies}) == 1


def test_what_a_known_kiosk_gets_wrong_is_refused_with_a_signed_reason_and_counted_by_it(
    gallery: Gallery, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink, log: Log
) -> None:
    """Wrongly keyed, undecodable, over-size, of another version, and what no list allows."""
    body = request_body(finger(1))
    gallery.create_list("asylum-list", ("asylum",))
    envelopes = {
        "the envelope was sealed to another key": kiosk.seal(
            body, recipient=OpeningKey.generate().public
        ),
        "this is not a request: ": kiosk.seal(b"\xc1"),
        "a message of 70000 bytes is too large": kiosk.seal(bytes(70_000)),
        "this is not a request: Expected `int` <= 2 - at `$.version`": kiosk.seal(
            body.replace(b"version\x02", b"version\x03")
        ),
        "there is no list 'nowhere' here": kiosk.seal(request_body(finger(1), lists=("nowhere",))),
        "the list 'asylum-list' may not be searched": kiosk.seal(
            request_body(finger(1), lists=("asylum-list",))
        ),
        "the templates hold too few minutiae": kiosk.seal(request_body(finger(1, minutiae=0))),
    }
    service = start(answering).service

    for reason, envelope in envelopes.items():
        result = kiosk.open(uplink.ask(envelope))
        assert (result.outcome, result.reason.startswith(reason)) == (Outcome.REFUSED, True)

    counted = {
        "WrongKeyError": 1, "MalformedError": 3, "unknown list": 1, "purpose": 1,
        "too few minutiae": 1,
    }  # fmt: skip
    assert service.refused == counted
    while (status := log.next("status").__dict__)["answers"] != "refused 7":
        pass
    assert status["refused"] == (
        "MalformedError 3, WrongKeyError 1, purpose 1, too few minutiae 1, unknown list 1"
    )
    assert (status["part"], status["waiting"], status["held"]) == ("1 of 1", 0, 0)
    assert status["requests"] == "accepted 7"
