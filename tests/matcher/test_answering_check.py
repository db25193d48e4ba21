"""Who is let in: nothing that is forged, cut, misdirected or beyond reason."""

from dataclasses import replace

import pytest

from greenline.matcher.answering import Answering
from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.errors import ForgedError, MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey
from greenline.protocol.messages import Outcome
from tests.matcher.asking import (
    NOW_MS,
    Kiosk,
    finger,
    request_body,
)


def test_a_request_signed_by_another_key_is_refused(answering: Answering, kiosk: Kiosk) -> None:
    impostor = Kiosk(kiosk.name, kiosk.matcher)

    with pytest.raises(WrongKeyError, match="signed with another key"):
        answering.check(impostor.seal(request_body(finger(1))), kiosk.name)


def test_a_signature_that_only_claims_the_right_key_is_forged(
    answering: Answering, kiosk: Kiosk
) -> None:
    genuine = Envelope.from_bytes(kiosk.seal(request_body(finger(1))))
    impostor = Envelope.from_bytes(Kiosk(kiosk.name, kiosk.matcher).seal(request_body(finger(1))))
    claimed = replace(impostor, header=genuine.header)

    with pytest.raises(ForgedError):
        answering.check(claimed.to_bytes(), kiosk.name)


def test_no_byte_of_a_request_can_be_changed(answering: Answering, kiosk: Kiosk) -> None:
    """Whatever is changed, the fault is one that the link survives."""
    sealed = kiosk.seal(request_body(finger(1)))
    for at in [*range(200), *range(200, len(sealed), 37), len(sealed) - 1]:
        changed = bytearray(sealed)
        changed[at] ^= 0x81
        with pytest.raises(ProtocolError):
            answering.check(bytes(changed), kiosk.name)


@pytest.mark.parametrize("length", [0, 1, 91, 155, 156, 157, -1])
def test_no_request_can_be_cut(answering: Answering, kiosk: Kiosk, length: int) -> None:
    with pytest.raises(MalformedError):
        answering.check(kiosk.seal(request_body(finger(1)))[:length], kiosk.name)


def test_a_kiosk_may_not_speak_on_anothers_topic(answering: Answering, kiosk: Kiosk) -> None:
    with pytest.raises(WrongKeyError, match="names another kiosk than its topic"):
        answering.check(kiosk.seal(request_body(finger(1))), "kiosk-02")


def test_a_kiosk_may_not_name_another_in_its_envelope(answering: Answering, kiosk: Kiosk) -> None:
    sealed = kiosk.seal(request_body(finger(1)), name="kiosk-02")

    with pytest.raises(WrongKeyError, match="names another kiosk"):
        answering.check(sealed, kiosk.name)
    with pytest.raises(WrongKeyError, match="'kiosk-02' is not enrolled here"):
        answering.check(sealed, "kiosk-02")


def test_a_kiosk_that_seals_to_another_key_is_told_so_and_nobody_else(
    answering: Answering, kiosk: Kiosk
) -> None:
    """An answer to whoever cannot sign as the kiosk could end a request that is none of his."""
    other = OpeningKey.generate().public
    impostor = Kiosk(kiosk.name, kiosk.matcher)

    answer = answering.answer(kiosk.seal(request_body(finger(1)), recipient=other), kiosk.name)
    result = kiosk.open(answer.envelope)

    assert (result.outcome, result.reason) == (
        Outcome.REFUSED, "the envelope was sealed to another key",
    )  # fmt: skip
    assert (answer.final, answer.refusal) == (True, "WrongKeyError")
    with pytest.raises(WrongKeyError, match="signed with another key"):
        answering.answer(impostor.seal(request_body(finger(1)), recipient=other), kiosk.name)


def test_a_result_is_no_request(answering: Answering, kiosk: Kiosk) -> None:
    result = kiosk.seal(request_body(finger(1)), kind=EnvelopeKind.RESULT)

    with pytest.raises(MalformedError, match="only requests are meant for the matcher"):
        answering.check(result, kiosk.name)


@pytest.mark.parametrize("times", [(2**63, NOW_MS), (NOW_MS, 2**63), (2**64 - 1, 2**64 - 1)])
def test_times_that_no_database_holds_are_refused(
    answering: Answering, kiosk: Kiosk, times: tuple[int, int]
) -> None:
    sealed = kiosk.seal(request_body(finger(1)), created_ms=times[0], expires_ms=times[1])

    with pytest.raises(MalformedError, match="beyond all reason"):
        answering.check(sealed, kiosk.name)


def test_a_request_of_a_kiosk_that_was_removed_since_cannot_be_answered(
    answering: Answering, kiosk: Kiosk
) -> None:
    sealed = kiosk.seal(request_body(finger(1)))
    answering.check(sealed, kiosk.name)

    with pytest.raises(WrongKeyError, match="not enrolled here"):
        replace(answering, kiosks={}).answer(sealed, kiosk.name)


class Fading(dict[str, Identity]):
    """Kiosks that are removed once they have been looked up."""

    def get(self, name: str, default: object = None) -> Identity | None:  # type: ignore[override]  # as much of it as is used
        return self.pop(name, None)


def test_a_kiosk_that_is_removed_during_its_search_gets_no_answer(
    answering: Answering, kiosk: Kiosk
) -> None:
    sealed = kiosk.seal(request_body(finger(1)))

    with pytest.raises(WrongKeyError, match="removed during its search"):
        replace(answering, kiosks=Fading(answering.kiosks)).answer(sealed, kiosk.name)
