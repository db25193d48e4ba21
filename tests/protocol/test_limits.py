"""What claims to be large, new or of another kind is refused before anything is made of it."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from greenline.firmware import pipe
from greenline.firmware.errors import PipeError
from greenline.protocol import audit_report
from greenline.protocol.envelope import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    EnvelopeKind,
    Header,
    Lane,
    seal,
)
from greenline.protocol.errors import MalformedError, ProtocolError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.kiosk_status import STATUS_BYTES, decode_status
from greenline.protocol.messages import (
    MAX_MESSAGE_BYTES,
    RESULT_BYTES,
    decode_request,
    decode_result,
)
from greenline.protocol.receipt import RECEIPT_BYTES, decode_receipt

SMALL_BYTES = 256 * 1024
"""An envelope may have 128 KiB, and is copied once."""

Decoder = Callable[[bytes], object]
DECODERS: dict[str, Decoder] = {
    "request": decode_request,
    "result": lambda body: decode_result(padded(body, RESULT_BYTES)),
    "status": lambda body: decode_status(padded(body, STATUS_BYTES)),
    "receipt": lambda body: decode_receipt(padded(body, RECEIPT_BYTES)),
    "audit report": audit_report.decode_report,
    "audit receipt": audit_report.decode_receipt,
}
FIRST_FIELD = {
    "request": b"\xa5lists",
    "result": b"\xaacandidates",
    "status": b"\xa6faults",
    "receipt": b"\xabreceived_ms",
    "audit report": b"\xa7records",
    "audit receipt": b"\xa5chain",
}
# MessagePack's ways to announce 4 billion of something: array, map, binary, text, extension.
ANNOUNCED = {
    "array": b"\xdd\xff\xff\xff\xff",
    "map": b"\xdf\xff\xff\xff\xff",
    "binary": b"\xc6\xff\xff\xff\xff",
    "text": b"\xdb\xff\xff\xff\xff",
    "extension": b"\xc9\xff\xff\xff\xff\x01",
}


def padded(body: bytes, size: int) -> bytes:
    return (len(body).to_bytes(4) + body).ljust(size, b"\0")


def peak_bytes(work: Callable[[], object]) -> int:
    """Return the most that was allocated while work was refused. Python's own allocator counts."""
    tracemalloc.start()
    try:
        with pytest.raises((ProtocolError, PipeError)):
            work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("announced", ANNOUNCED)
@pytest.mark.parametrize("kind", DECODERS)
def test_four_billion_that_are_only_announced_are_not_made_room_for(
    kind: str, announced: str
) -> None:
    whole = ANNOUNCED[announced]
    inside = b"\x81" + FIRST_FIELD[kind] + whole
    nested = b"\x81" + FIRST_FIELD[kind] + b"\x91" * 100 + whole

    for body in (whole, inside, nested):
        assert peak_bytes(lambda body=body: DECODERS[kind](body)) < SMALL_BYTES  # type: ignore[misc]


def test_an_array_that_is_really_there_is_refused_by_its_length_before_it_is_made() -> None:
    empty = b"\x81\xa5lists\xdc\xff\xff" + b"\xa1x" * 30_000
    assert len(empty) < MAX_MESSAGE_BYTES

    assert peak_bytes(lambda: decode_request(empty)) < SMALL_BYTES


def test_a_message_of_megabytes_is_refused_by_its_length_alone() -> None:
    huge = msgspec.msgpack.encode({"lists": ["x" * 64] * 100_000})

    for decode in (decode_request, audit_report.decode_report, audit_report.decode_receipt):
        assert peak_bytes(lambda decode=decode: decode(huge)) < 8_192  # type: ignore[misc]
    assert peak_bytes(lambda: decode_result(huge)) < 8_192
    assert peak_bytes(lambda: decode_status(huge)) < 8_192
    assert peak_bytes(lambda: decode_receipt(huge)) < 8_192


def test_an_envelope_of_megabytes_is_refused_by_its_length_alone() -> None:
    for size in (MAX_ENVELOPE_BYTES + 1, 50_000_000):
        data = b"GLN1" + bytes(size - 4)
        assert peak_bytes(lambda data=data: Envelope.from_bytes(data)) < 8_192  # type: ignore[misc]


def test_a_header_that_announces_more_than_came_makes_no_room_for_it(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    data = seal(header, b"", opener.public, signer).to_bytes()
    claimed = data[:88] + b"\xff\xff\xff\xff" + data[92:]

    assert peak_bytes(lambda: Envelope.from_bytes(claimed)) < 8_192


def test_a_frame_of_the_pipe_that_announces_gigabytes_is_refused_at_its_length() -> None:
    for length in (pipe.MAX_FRAME_BYTES + 1, 2**32 - 1):
        frame = length.to_bytes(4) + b"\x80"
        assert peak_bytes(lambda frame=frame: list(pipe.Decoder().feed(frame))) < 8_192  # type: ignore[misc]
    for announced in ANNOUNCED.values():
        body = b"\x82\xa4type\xa7arrived\xa8envelope" + announced
        frame = len(body).to_bytes(4) + body
        assert peak_bytes(lambda frame=frame: list(pipe.Decoder().feed(frame))) < SMALL_BYTES  # type: ignore[misc]


def test_an_identity_with_ever_more_earlier_keys_is_refused(
    signer: SigningKey, opener: OpeningKey
) -> None:
    plain = msgspec.json.decode(Identity("k-1", signer.public, opener.public).to_json())
    earlier = [{"signing_key": plain["signing_key"], "until_ms": 1}] * 5

    with pytest.raises(ProtocolError):
        Identity.from_json(msgspec.json.encode(plain | {"earlier": earlier}))


# What another version, or a version that was taken back, would look like. Each is signed and sealed
# as it should be, so that nothing but the one byte can be the reason.


def reshaped(
    place: int, value: int, header: Header, signer: SigningKey, opener: OpeningKey
) -> bytes:
    """Return an envelope that is right, but for one byte of its header."""
    honest = seal(header, b"body", opener.public, signer).to_bytes()
    head = bytearray(honest[:92])
    head[place] = value
    signature = signer.sign(b"greenline envelope 1\0" + bytes(head) + honest[92:-64])
    return bytes(head) + honest[92:-64] + signature


@pytest.mark.parametrize("version", [b for b in range(256) if b != ord("1")])
def test_no_other_version_is_spoken_neither_an_older_nor_a_newer_one(
    header: Header, signer: SigningKey, opener: OpeningKey, version: int
) -> None:
    with pytest.raises(MalformedError, match="not an envelope of version 1"):
        Envelope.from_bytes(reshaped(3, version, header, signer, opener))


def test_an_unknown_kind_lane_or_flag_is_refused_and_each_known_one_taken(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    def known(place: int) -> set[int]:
        found = set()
        for value in range(256):
            try:
                Envelope.from_bytes(reshaped(place, value, header, signer, opener))
            except MalformedError:
                continue
            found.add(value)
        return found

    assert known(4) == set(EnvelopeKind)
    assert known(5) == set(Lane)
    assert known(6) == {0}
    assert known(7) == {0, 1}


def test_the_doubtful_clock_is_under_signature_and_seal(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    doubtful = replace(header, clock_doubtful=True)
    envelope = Envelope.from_bytes(seal(doubtful, b"body", opener.public, signer).to_bytes())
    believed = replace(envelope, header=replace(envelope.header, clock_doubtful=False))

    envelope.verify(signer.public)
    assert (envelope.open(opener), envelope.header.clock_doubtful) == (b"body", True)
    for use in (lambda: believed.verify(signer.public), lambda: believed.open(opener)):
        with pytest.raises(ProtocolError):
            use()


def test_of_several_keys_the_one_that_is_named_is_taken(
    header: Header, signer: SigningKey, opener: OpeningKey
) -> None:
    others = SigningKey.generate().public, OpeningKey.generate()
    envelope = seal(header, b"body", opener.public, signer)

    envelope.verify(others[0], signer.public)

    assert envelope.open(others[1], opener) == b"body"
