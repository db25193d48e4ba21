"""The sizes that docs/protocol.md states, measured."""

import re
from pathlib import Path

import pytest

from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import OpeningKey, SigningKey
from greenline.protocol.messages import (
    RESULT_BYTES,
    ImpressionMessage,
    Request,
    encode_request,
)

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"
RECORD_BYTES = 30 + 6 * 40


def envelope(body: bytes, signer: SigningKey, opener: OpeningKey) -> bytes:
    header = Header(EnvelopeKind.REQUEST, Lane.PERSON_WAITING, bytes(16), "kiosk-01", 0, 0)
    return seal(header, body, opener.public, signer).to_bytes()


def envelope_bytes(body: bytes, signer: SigningKey, opener: OpeningKey) -> int:
    return len(envelope(body, signer, opener))


def request(fingers: int) -> bytes:
    impression = ImpressionMessage(
        finger=2,
        template=bytes(RECORD_BYTES),
        quality=60,
        quality_algorithm="greenline-gradient-1",
        model="leader-1/f5c01961",
    )
    return encode_request(
        Request("border-check", ("demo-list",), (impression,) * fingers, "greenline 0.1.0")
    )


@pytest.mark.parametrize(("fingers", "stated"), [(1, "one finger"), (2, "two fingers")])
def test_a_request_has_the_size_that_is_stated(
    fingers: int, stated: str, signer: SigningKey, opener: OpeningKey
) -> None:
    size = envelope_bytes(request(fingers), signer, opener)

    assert f"| request, {stated} | {size:,} |" in DOCUMENT.read_text()


def test_a_result_has_the_size_that_is_stated(signer: SigningKey, opener: OpeningKey) -> None:
    size = envelope_bytes(bytes(RESULT_BYTES), signer, opener)

    assert re.findall(r"one size: ([\d,]+) bytes", DOCUMENT.read_text()) == [f"{size:,}"]
