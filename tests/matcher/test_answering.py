"""From envelope to envelope: who is let in, what is searched, and what the answer says."""

from dataclasses import replace
from pathlib import Path

import pytest

from greenline.matcher.answering import Answering
from greenline.matcher.gallery import Gallery
from greenline.protocol.envelope import Envelope, EnvelopeKind, Lane
from greenline.protocol.errors import WrongKeyError
from greenline.protocol.keys import OpeningKey
from greenline.protocol.messages import Candidate, Outcome, Result, SearchedList
from tests.matcher.asking import (
    HOUR_MS,
    LIST,
    MODEL,
    NOW_MS,
    PURPOSE,
    THRESHOLD,
    Clock,
    Kiosk,
    enrol,
    finger,
    id_of,
    mate,
    record,
    request_body,
)
from tests.matcher.test_gallery import tamper


def ask(answering: Answering, kiosk: Kiosk, body: bytes) -> Result:
    return kiosk.open(answering.answer(kiosk.seal(body), kiosk.name).envelope)


def refusal(reason: str) -> Result:
    return Result(
        Outcome.REFUSED, (), (), 0.0, THRESHOLD, 0.0, NOW_MS, "test-matcher 1", reason=reason
    )


def test_a_known_kiosks_request_is_let_in_as_it_is(answering: Answering, kiosk: Kiosk) -> None:
    sealed = kiosk.seal(request_body(finger(1)))

    assert answering.check(sealed, kiosk.name).to_bytes() == sealed


def test_an_enrolled_finger_gives_the_candidate_and_what_was_searched(
    gallery: Gallery, answering: Answering, kiosk: Kiosk
) -> None:
    for seed in (1, 2, 3):
        enrol(gallery, seed, position=seed)

    result = ask(answering, kiosk, request_body(mate(finger(2))))

    (candidate,) = result.candidates
    assert candidate == Candidate("entry-2", LIST, candidate.score, 2)
    assert candidate.score > THRESHOLD
    assert result == Result(
        outcome=Outcome.CANDIDATES,
        candidates=(candidate,),
        searched=(SearchedList(LIST, 3, NOW_MS),),
        coverage=1.0,
        threshold=THRESHOLD,
        search_ms=result.search_ms,
        answered_ms=NOW_MS,
        software="test-matcher 1",
    )


def test_an_unknown_finger_gives_none_of_the_whole_list(
    gallery: Gallery, answering: Answering, kiosk: Kiosk
) -> None:
    enrol(gallery, 1)

    result = ask(answering, kiosk, request_body(finger(2)))

    assert (result.outcome, result.coverage) == (Outcome.NONE, 1.0)
    assert result.searched == (SearchedList(LIST, 1, NOW_MS),)


def test_each_of_several_impressions_is_searched(
    gallery: Gallery, answering: Answering, kiosk: Kiosk
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)

    result = ask(answering, kiosk, request_body(finger(9), mate(finger(2)), mate(finger(1))))

    assert {one.reference for one in result.candidates} == {"entry-1", "entry-2"}


def test_no_more_candidates_are_named_than_configured(
    gallery: Gallery, answering: Answering, kiosk: Kiosk
) -> None:
    for number in range(5):
        gallery.enrol(LIST, f"near-{number}", 0, record(mate(finger(1), number)), MODEL, adult=True)

    assert len(ask(answering, kiosk, request_body(finger(1))).candidates) == 3


def test_the_answer_belongs_to_its_request_and_only_its_kiosk_can_read_it(
    answering: Answering, kiosk: Kiosk
) -> None:
    sealed = kiosk.seal(request_body(finger(1)), lane=Lane.NORMAL)

    answer = answering.answer(sealed, kiosk.name)

    header = Envelope.from_bytes(answer.envelope).header
    assert (answer.outcome, answer.final) == (Outcome.NONE, True)
    assert header.kind is EnvelopeKind.RESULT
    assert (header.request_id, header.kiosk, header.lane) == (
        id_of(sealed), kiosk.name, Lane.NORMAL,
    )  # fmt: skip
    assert (header.created_ms, header.expires_ms) == (NOW_MS, NOW_MS + 24 * HOUR_MS)
    with pytest.raises(WrongKeyError):
        replace(kiosk, opener=OpeningKey.generate()).open(answer.envelope)


def test_a_purpose_that_a_list_is_not_for_is_refused(
    gallery: Gallery, answering: Answering, kiosk: Kiosk
) -> None:
    enrol(gallery, 1)
    gallery.create_list("asylum-list", ("asylum",))

    asked = request_body(finger(1), lists=(LIST, "asylum-list"))

    assert ask(answering, kiosk, asked) == refusal(
        f"the list 'asylum-list' may not be searched for the purpose '{PURPOSE}'"
    )


def test_a_list_that_lost_its_purposes_is_refused_from_the_next_search_on(
    gallery: Gallery, answering: Answering, kiosk: Kiosk
) -> None:
    assert ask(answering, kiosk, request_body(finger(1))).outcome is Outcome.NONE

    gallery.create_list(LIST, ())

    assert ask(answering, kiosk, request_body(finger(1))).outcome is Outcome.REFUSED


def test_an_unknown_list_is_refused(answering: Answering, kiosk: Kiosk) -> None:
    asked = request_body(finger(1), lists=(LIST, "nowhere"))

    assert ask(answering, kiosk, asked) == refusal("there is no list 'nowhere' here")


def test_a_request_without_any_minutia_is_refused_and_never_none(
    gallery: Gallery, answering: Answering, kiosk: Kiosk
) -> None:
    enrol(gallery, 1)

    nothing = request_body(finger(1, minutiae=0))

    assert ask(answering, kiosk, nothing) == refusal(
        "the templates hold too few minutiae to be compared"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xc1 no message", "this is not a request"),
        (b"", "this is not a request"),
        (request_body(finger(1)).replace(b"FMR\0", b"FMC\0"), "not a valid minutiae record"),
        (request_body(finger(1)).replace(b"version\x02", b"version\x03"), "this is not a request"),
        (bytes(70_000), "a message of 70000 bytes is too large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(
    answering: Answering, kiosk: Kiosk, body: bytes, reason: str
) -> None:
    result = ask(answering, kiosk, body)

    assert result.outcome is Outcome.REFUSED
    assert result.reason.startswith(reason)


def test_an_expired_request_is_not_searched(
    gallery: Gallery, answering: Answering, kiosk: Kiosk, now_ms: Clock
) -> None:
    sealed = kiosk.seal(request_body(finger(1)), expires_ms=NOW_MS + 5)
    gallery.close()  # a search would fail
    now_ms.now_ms += 5

    result = kiosk.open(answering.answer(sealed, kiosk.name).envelope)

    assert result == Result(
        Outcome.EXPIRED, (), (), 0.0, THRESHOLD, 0.0, NOW_MS + 5, "test-matcher 1",
        reason="the request had expired",
    )  # fmt: skip


def test_an_unreadable_part_makes_the_answer_provisional_and_never_none(
    gallery: Gallery, gallery_path: Path, answering: Answering, kiosk: Kiosk
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    tamper(gallery_path, "UPDATE entry SET finger = 9 WHERE reference = 'entry-1'")

    answer = answering.answer(kiosk.seal(request_body(mate(finger(1)))), kiosk.name)

    result = kiosk.open(answer.envelope)
    assert not answer.final
    assert (result.outcome, result.coverage) == (Outcome.INCOMPLETE, 0.5)
    assert result.reason == "a part of the lists could not be read"


def test_a_candidate_is_told_even_if_a_part_was_unreadable(
    gallery: Gallery, gallery_path: Path, answering: Answering, kiosk: Kiosk
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    tamper(gallery_path, "UPDATE entry SET finger = 9 WHERE reference = 'entry-1'")

    answer = answering.answer(kiosk.seal(request_body(mate(finger(2)))), kiosk.name)

    result = kiosk.open(answer.envelope)
    assert answer.final
    assert (result.outcome, result.coverage) == (Outcome.CANDIDATES, 0.5)
    assert result.reason == "a part of the lists could not be read"


def test_every_answer_has_the_same_size_on_the_wire(
    gallery: Gallery, gallery_path: Path, answering: Answering, kiosk: Kiosk
) -> None:
    for number in range(3):
        gallery.enrol(LIST, f"near-{number}", 0, record(mate(finger(1), number)), MODEL, adult=True)
    bodies = [
        request_body(finger(1)),
        request_body(finger(2)),
        request_body(finger(2), lists=("x" * 64,), purpose="y" * 64),
        b"nonsense",
    ]
    answers = [answering.answer(kiosk.seal(body), kiosk.name) for body in bodies]
    late = kiosk.seal(bodies[0], expires_ms=NOW_MS)
    answers.append(answering.answer(late, kiosk.name))
    enrol(gallery, 5)
    tamper(gallery_path, "UPDATE entry SET finger = 9 WHERE reference = 'entry-5'")
    answers.append(answering.answer(kiosk.seal(request_body(finger(6))), kiosk.name))

    assert {answer.outcome for answer in answers} == set(Outcome)
    assert len({len(answer.envelope) for answer in answers}) == 1
