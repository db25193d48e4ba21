"""Envelopes and what is in them, and topics."""

import msgspec

from bench.fuzz import repairs, samples
from bench.fuzz.target import BrokenError, Prepared, Target, comes_back, reads_back
from greenline.protocol.envelope import Envelope, EnvelopeKind, seal
from greenline.protocol.errors import ProtocolError
from greenline.protocol.kiosk_status import (
    STATUS_BYTES,
    KioskStatus,
    decode_status,
    encode_status,
)
from greenline.protocol.messages import (
    RESULT_BYTES,
    decode_request,
    decode_result,
    encode_request,
    encode_result,
)
from greenline.protocol.operators import (
    OperatorEntry,
    OperatorList,
    Role,
    decode_list,
    encode_list,
)
from greenline.protocol.pairs import Place, decode_pairs, encode_pairs
from greenline.protocol.pins import PinVerifier
from greenline.protocol.receipt import (
    RECEIPT_BYTES,
    RequestReceipt,
    decode_receipt,
    encode_receipt,
)
from greenline.protocol.topics import kiosk_of, request_topic, result_topic

MESSAGE_PACK = (msgspec.msgpack.decode, msgspec.msgpack.encode)


def _plain_envelopes() -> tuple[bytes, ...]:
    return tuple(
        Envelope(samples.header(kind), bytes(size), bytes(range(64))).to_bytes()
        for kind in EnvelopeKind
        for size in (0, 1136, 1500)
    )


def _sealed() -> Prepared:
    """Signed by the kiosk whatever they are: a key that was stolen, a kiosk that was taken over."""
    key, other = samples.opener(), samples.opener(8)
    signer = samples.signer()

    def decode(data: bytes) -> bytes:
        unsigned = Envelope.from_bytes(data)
        header = unsigned.header
        signed = b"greenline envelope 1\0" + header.pack(len(unsigned.sealed)) + unsigned.sealed
        envelope = Envelope(header, unsigned.sealed, signer.sign(signed))
        envelope.verify(signer.public, samples.signer(8).public)
        return envelope.open(key, other)

    body = encode_request(samples.requests()[0])
    seeds = tuple(
        seal(samples.header(kind), body, key.public, signer).to_bytes()
        for kind in (EnvelopeKind.REQUEST, EnvelopeKind.RESULT)
    )
    return Prepared(decode, seeds, _is_one_of((body,)), repaired=repairs.envelope_length)


def _is_one_of(bodies: tuple[bytes, ...]) -> object:
    def check(_data: bytes, found: bytes) -> None:
        if found not in bodies:
            raise BrokenError("something opened that nobody sealed")

    return check


def _forged() -> Prepared:
    """As they come from a broker: nothing that was changed may pass."""
    key, signer = samples.opener(), samples.signer()
    body = b"body" * 40
    seed = seal(samples.header(), body, key.public, signer).to_bytes()

    def decode(data: bytes) -> bytes:
        envelope = Envelope.from_bytes(data)
        envelope.verify(signer.public)
        return data

    return Prepared(decode, (seed,), _is_one_of((seed,)), repaired=repairs.envelope_length)


def _requests() -> Prepared:
    seeds = tuple(encode_request(each) for each in samples.requests())
    return Prepared(
        decode_request, seeds, reads_back(encode_request, decode_request), tree=MESSAGE_PACK
    )


def _results() -> Prepared:
    """The inputs are what is inside the padding, mostly."""

    def decode(data: bytes) -> object:
        return decode_result(data)

    seeds = tuple(encode_result(each) for each in samples.results())
    return Prepared(
        decode, seeds, reads_back(encode_result, decode_result), tree=(unpadded, padded)
    )


def _statuses() -> Prepared:
    status = KioskStatus("greenline 0.1.0", 3_600_000, True, 3, 60_000, 0, ("E07", "E12"))  # noqa: FBT003
    return Prepared(
        decode_status,
        (encode_status(status),),
        reads_back(encode_status, decode_status),
        tree=(unpadded, lambda tree: padded(tree, STATUS_BYTES)),
    )


def _receipts() -> Prepared:
    return Prepared(
        decode_receipt,
        (encode_receipt(RequestReceipt(samples.NOW_MS)),),
        reads_back(encode_receipt, decode_receipt),
        tree=(unpadded, lambda tree: padded(tree, RECEIPT_BYTES)),
    )


def _operators() -> Prepared:
    verifier = PinVerifier(bytes(16), bytes(range(32)))
    entries = (
        OperatorEntry("1234", Role.OFFICER, verifier, must_change=True),
        OperatorEntry("sup-2", Role.SUPERVISOR, None),
    )
    seed = encode_list(
        OperatorList(3, samples.KIOSK, samples.NOW_MS, samples.NOW_MS + samples.HOUR_MS, entries)
    )
    return Prepared(
        decode_list, (seed,), reads_back(encode_list, decode_list), tree=(unpadded, padded)
    )


def unpadded(data: bytes) -> object:
    """Read a message that its length precedes and zeros follow, as a tree."""
    return msgspec.msgpack.decode(data[4 : 4 + int.from_bytes(data[:4])])


def padded(tree: object, size: int = RESULT_BYTES) -> bytes:
    """Write one."""
    body = msgspec.msgpack.encode(tree)
    return (len(body).to_bytes(4) + body).ljust(size, b"\0")


def _pairs() -> Prepared:
    places = [(Place(x, x + 1, 1.0), Place(x, 7, 6.0)) for x in range(0, 60000, 6000)]
    return Prepared(decode_pairs, (encode_pairs(places), b""), comes_back(encode_pairs))


def _topics() -> Prepared:
    seeds = tuple(make(samples.KIOSK).encode() for make in (request_topic, result_topic))
    # The broker and the library between refuse a topic that is not UTF-8.
    return Prepared(lambda data: kiosk_of(data.decode("utf-8", "replace")), seeds)


_REFUSALS = (ProtocolError,)

TARGETS = (
    Target(
        "envelope",
        lambda: Prepared(
            Envelope.from_bytes,
            _plain_envelopes(),
            comes_back(Envelope.to_bytes),
            repaired=repairs.envelope_length,
        ),
        _REFUSALS,
    ),
    Target("envelope-forged", _forged, _REFUSALS),
    Target("envelope-sealed", _sealed, _REFUSALS),
    Target("request", _requests, _REFUSALS),
    Target("result", _results, _REFUSALS),
    Target("kiosk-status", _statuses, _REFUSALS),
    Target("request-receipt", _receipts, _REFUSALS, most_bytes=512),
    Target("operators", _operators, _REFUSALS, most_bytes=8192),
    Target("pairs", _pairs, _REFUSALS),
    Target("topic", _topics, _REFUSALS, most_bytes=512),
)
