"""The order to erase and the word that it is done: of one size, and without a word of a person."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.erasure import (
    ANSWER,
    ERASURE_BYTES,
    REASONS,
    REQUEST,
    Erase,
    Erased,
    decode_erase,
    decode_erased,
    encode_erase,
    encode_erased,
)
from greenline.protocol.errors import MalformedError

CHAIN, DIGEST = b"c" * 16, b"d" * 32


@pytest.mark.parametrize("reason", REASONS)
def test_an_order_comes_back_and_all_have_one_size(reason: str) -> None:
    data = encode_erase(Erase(reason))

    assert len(data) == ERASURE_BYTES
    assert decode_erase(data) == Erase(reason)


@pytest.mark.parametrize("what", [(), (REQUEST,), (ANSWER,), (REQUEST, ANSWER)])
def test_a_word_comes_back_and_all_have_one_size(what: tuple[str, ...]) -> None:
    word = Erased(what, 2**62, CHAIN, 2**62, DIGEST)
    data = encode_erased(word)

    assert len(data) == ERASURE_BYTES
    assert decode_erased(data) == word


def test_they_tell_this_and_nothing_else() -> None:
    """Whoever adds a field has to say here why it reveals nothing of persons or results."""
    assert Erase.__struct_fields__ == ("reason", "version")
    assert Erased.__struct_fields__ == (
        "what", "erased_ms", "chain", "entry", "digest", "version",
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "x" * 65},
        {"reason": "minor", "version": 2},
        {"reason": "minor", "name": "x"},
    ],
)
def test_an_order_out_of_bounds_is_refused(body: dict[str, object]) -> None:
    encoded = msgspec.msgpack.encode(body)
    with pytest.raises(MalformedError):
        decode_erase((len(encoded).to_bytes(4) + encoded).ljust(ERASURE_BYTES, b"\0"))


@given(st.binary(max_size=ERASURE_BYTES + 10))
def test_noise_is_malformed(noise: bytes) -> None:
    for decode in (decode_erase, decode_erased):
        with pytest.raises(MalformedError):
            decode(noise)
