"""The receipt of a request: of one size, and without a word of request or result."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.errors import MalformedError
from greenline.protocol.keys import OpeningKey, SigningKey
from greenline.protocol.receipt import (
    RECEIPT_BYTES,
    RequestReceipt,
    decode_receipt,
    encode_receipt,
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


def padded(body: bytes) -> bytes:
    return (len(body).to_bytes(4) + body).ljust(RECEIPT_BYTES, b"\0")


def test_a_receipt_comes_back_and_all_have_one_size() -> None:
    for receipt in (RequestReceipt(0), RequestReceipt(2**62)):
        data = encode_receipt(receipt)
        assert len(data) == RECEIPT_BYTES
        assert decode_receipt(data) == receipt


def test_it_tells_this_and_nothing_else() -> None:
    """Whoever adds a field has to say here why it reveals nothing of persons or results."""
    assert RequestReceipt.__struct_fields__ == ("received_ms", "version")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"received_ms": -1, "version": 1},
        {"received_ms": 2**63, "version": 1},
        {"received_ms": 1.5, "version": 1},
        {"received_ms": 1, "version": 2},
        {"received_ms": 1, "version": 1, "outcome": "none"},
    ],
)
def test_what_is_out_of_bounds_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        decode_receipt(padded(msgspec.msgpack.encode(body)))


@given(st.binary(max_size=RECEIPT_BYTES + 10))
def test_noise_is_malformed(noise: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_receipt(noise)


def test_padding_that_carries_something_is_refused() -> None:
    with pytest.raises(MalformedError, match="padding"):
        decode_receipt(encode_receipt(RequestReceipt(1))[:-1] + b"x")


def test_its_envelope_has_the_size_that_is_stated(signer: SigningKey, opener: OpeningKey) -> None:
    header = Header(EnvelopeKind.RECEIPT, Lane.NORMAL, bytes(16), "kiosk-01", 1, 2)
    size = len(seal(header, bytes(RECEIPT_BYTES), opener.public, signer).to_bytes())

    assert f"{RECEIPT_BYTES} bytes in all, {size:,} bytes as an envelope" in DOCUMENT.read_text()
