"""Questions about leads and verdicts on them: of one size, bounded, and bound to one lead."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.errors import ForgedError, MalformedError
from greenline.protocol.examination import (
    EXAMINATION_BYTES,
    VERDICT_BYTES,
    Decision,
    Examination,
    FingerQuality,
    Verdict,
    decode_examination,
    decode_verdict,
    encode_examination,
    encode_verdict,
    examination_id,
    lead_digest,
    sign_verdict,
)
from greenline.protocol.keys import OpeningKey, SigningKey
from greenline.protocol.messages import (
    RESULT_BYTES,
    Candidate,
    Evidence,
    Outcome,
    Result,
    SearchedList,
    encode_result,
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
REQUEST = b"r" * 16


def longest_result() -> Result:
    """As long as a result can be."""
    label = "x" * 64
    searched = tuple(SearchedList(label, 2**60, 2**62) for _ in range(8))
    candidate = Candidate(label, label, 999_999.25, 10, fingers=10, relabelled=True)
    evidence = Evidence(19, 10, bytes(600))
    for count in range(10, 0, -1):
        found = Result(
            Outcome.CANDIDATES, (candidate,) * count, searched, 1.0, 4.0, 1e12, 2**62, label,
            "é" * 100, evidence,
        )  # fmt: skip
        if len(msgspec.msgpack.encode(found)) + 4 <= RESULT_BYTES:
            return found
    raise AssertionError("no result fits")


LONGEST = Examination(
    REQUEST, "p" * 64, longest_result(), "o" * 24,
    tuple(FingerQuality(10, 100) for _ in range(20)), ("e" * 24,) * 4,
)  # fmt: skip
VERDICT = Verdict(
    REQUEST, "k" * 32, lead_digest(REQUEST, LONGEST.result), Decision.CONFIRMED, 9, "e" * 24,
    "r" * 64, 2**62,
)  # fmt: skip


def test_the_longest_question_and_verdict_fit_and_come_back(signer: SigningKey) -> None:
    data = encode_examination(LONGEST)
    signed = sign_verdict(VERDICT, signer)
    verdict = encode_verdict(signed)

    assert (len(data), decode_examination(data)) == (EXAMINATION_BYTES, LONGEST)
    assert (len(verdict), decode_verdict(verdict)) == (VERDICT_BYTES, signed)
    assert signed.opened() == VERDICT


def test_only_its_examiners_key_has_signed_a_verdict(signer: SigningKey) -> None:
    signed = sign_verdict(VERDICT, signer)
    signed.check(signer.public)
    changed = msgspec.structs.replace(
        signed, verdict=signed.verdict.replace(b"confirmed", b"rejected\0")
    )

    for wrong, key in ((signed, SigningKey.generate()), (changed, signer)):
        with pytest.raises(ForgedError):
            wrong.check(key.public)


def test_the_digest_names_one_lead_of_one_request() -> None:
    result = LONGEST.result
    other = msgspec.structs.replace(result, threshold=4.5)

    assert lead_digest(REQUEST, result) == VERDICT.lead
    assert len({VERDICT.lead, lead_digest(b"s" * 16, result), lead_digest(REQUEST, other)}) == 3
    assert examination_id(REQUEST) not in {REQUEST, examination_id(b"s" * 16)}
    assert lead_digest(REQUEST, decode_examination(encode_examination(LONGEST)).result) == (
        VERDICT.lead
    )
    assert len(encode_result(result)) == RESULT_BYTES


def test_no_field_names_a_person() -> None:
    """Whoever adds one has to say here why it reveals nothing of persons."""
    assert Examination.__struct_fields__ == (
        "request_id", "purpose", "result", "asked_by", "captured", "refused_from",
        "version",
    )  # fmt: skip
    assert Verdict.__struct_fields__ == (
        "request_id", "kiosk", "lead", "decision", "candidate", "examiner", "reason",
        "decided_ms", "version",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"asked_by": "John Smith"},
        {"request_id": b"short"},
        {"captured": [{"finger": 11, "quality": 50}]},
        {"version": 2},
        {"name": "nobody"},
        {"result": {"outcome": "none"}},
    ],
)
def test_a_question_that_is_out_of_bounds_is_refused(change: dict[str, object]) -> None:
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(LONGEST)) | change
    body = msgspec.msgpack.encode(plain)

    with pytest.raises(MalformedError):
        decode_examination((len(body).to_bytes(4) + body).ljust(EXAMINATION_BYTES, b"\0"))


def test_a_question_about_nobody_is_refused() -> None:
    none = msgspec.structs.replace(
        LONGEST.result, outcome=Outcome.NONE, candidates=(), evidence=None
    )
    with pytest.raises(ValueError, match="only a lead"):
        Examination(REQUEST, "p", none, "")


@given(st.binary(max_size=VERDICT_BYTES + 10))
def test_noise_is_malformed(noise: bytes) -> None:
    for decode in (decode_examination, decode_verdict):
        with pytest.raises(MalformedError):
            decode(noise)
    with pytest.raises(MalformedError):
        msgspec.structs.replace(
            sign_verdict(VERDICT, SigningKey.generate()), verdict=noise[:100]
        ).opened()


def test_their_envelopes_have_the_sizes_that_are_stated(
    signer: SigningKey, opener: OpeningKey
) -> None:
    for kind, size in (
        (EnvelopeKind.EXAMINATION, EXAMINATION_BYTES),
        (EnvelopeKind.VERDICT, VERDICT_BYTES),
    ):
        header = Header(kind, Lane.PERSON_WAITING, bytes(16), "kiosk-01", 1, 2)
        whole = len(seal(header, bytes(size), opener.public, signer).to_bytes())
        assert f"{size:,} bytes in all, {whole:,} bytes as an envelope" in DOCUMENT.read_text()
