"""Messages: bounded, versioned, nothing unknown, results of one size."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.errors import MalformedError
from greenline.protocol.messages import (
    MAX_MESSAGE_BYTES,
    RESULT_BYTES,
    Candidate,
    ImpressionMessage,
    Outcome,
    Request,
    Result,
    SearchedList,
    decode_request,
    decode_result,
    encode_request,
    encode_result,
)

IMPRESSION = ImpressionMessage(
    finger=2, template=bytes(30), quality=55, quality_algorithm="test-1", model="leader-1"
)
REQUEST = Request("border-check", ("watch",), (IMPRESSION,), "greenline 0.1.0")
NONE = Result(
    outcome=Outcome.NONE,
    candidates=(),
    searched=(SearchedList("watch", 12, 1_000),),
    coverage=1.0,
    threshold=4.0,
    search_ms=12.5,
    answered_ms=2_000,
    software="greenline 0.1.0",
)
CANDIDATE = Candidate(reference="entry-1", list_name="watch", score=9.5, finger=2)


def with_field(data: bytes, **fields: object) -> bytes:
    return msgspec.msgpack.encode({**msgspec.msgpack.decode(data), **fields})


def test_a_request_comes_back() -> None:
    assert decode_request(encode_request(REQUEST)) == REQUEST


def test_a_result_comes_back() -> None:
    found = msgspec.structs.replace(NONE, outcome=Outcome.CANDIDATES, candidates=(CANDIDATE,))

    assert decode_result(encode_result(found)) == found


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(MalformedError, match="nationality"):
        decode_request(with_field(encode_request(REQUEST), nationality="x"))


def test_another_version_is_refused() -> None:
    with pytest.raises(MalformedError):
        decode_request(with_field(encode_request(REQUEST), version=1))


@pytest.mark.parametrize(
    "fields",
    [
        {"lists": []},
        {"lists": ["watch"] * 9},
        {"impressions": []},
        {"purpose": ""},
        {"purpose": "x" * 65},
        {"purpose": "border-check\n"},
        {"purpose": "caf\N{LATIN SMALL LETTER E WITH ACUTE}"},
    ],
)
def test_a_field_out_of_bounds_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        decode_request(with_field(encode_request(REQUEST), **fields))


def test_results_of_all_outcomes_have_one_size() -> None:
    longest = msgspec.structs.replace(
        NONE,
        outcome=Outcome.CANDIDATES,
        candidates=(Candidate("r" * 64, "l" * 64, 1.23456789, 10),) * 10,
        searched=(SearchedList("l" * 64, 2**60, 2**62),) * 8,
        reason="\N{EURO SIGN}" * 200,
        software="s" * 64,
    )

    assert {len(encode_result(result)) for result in (NONE, longest)} == {RESULT_BYTES}
    assert decode_result(encode_result(longest)) == longest


def test_none_is_never_said_of_an_incomplete_search() -> None:
    data = msgspec.msgpack.encode({**msgspec.structs.asdict(NONE), "coverage": 0.99})
    padded = (len(data).to_bytes(4) + data).ljust(RESULT_BYTES, b"\0")

    with pytest.raises(MalformedError, match="search of everything"):
        decode_result(padded)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize("field", ["threshold", "search_ms"])
def test_what_is_no_number_is_none_in_a_result(field: str, number: float) -> None:
    data = msgspec.msgpack.encode({**msgspec.structs.asdict(NONE), field: number})
    padded = (len(data).to_bytes(4) + data).ljust(RESULT_BYTES, b"\0")

    with pytest.raises(MalformedError):
        decode_result(padded)


def test_candidates_and_outcome_must_agree() -> None:
    with pytest.raises(ValueError, match="if and only if"):
        msgspec.structs.replace(NONE, outcome=Outcome.CANDIDATES)


def test_padding_that_carries_something_is_refused() -> None:
    data = encode_result(NONE)

    with pytest.raises(MalformedError, match="padding"):
        decode_result(data[:-1] + b"x")


def test_a_result_of_another_size_is_refused() -> None:
    with pytest.raises(MalformedError):
        decode_result(encode_result(NONE) + b"\0")


def test_an_oversized_message_is_refused() -> None:
    with pytest.raises(MalformedError, match="too large"):
        decode_request(bytes(MAX_MESSAGE_BYTES + 1))


@given(st.binary(max_size=300))
def test_noise_is_malformed(noise: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_request(noise)


def test_deep_nesting_is_malformed() -> None:
    with pytest.raises(MalformedError):
        decode_request(b"\x91" * 60_000)
