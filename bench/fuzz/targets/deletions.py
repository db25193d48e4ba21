"""Orders to erase, the words that answer them, and deletion receipts."""

import msgspec

from bench.fuzz import repairs, samples
from bench.fuzz.target import BrokenError, Prepared, Target, reads_back
from bench.fuzz.targets.envelopes import padded, unpadded
from greenline.protocol.audit import (
    DEVICE,
    Event,
    Moment,
    checkpoint_record,
    event_record,
    pseudonym,
)
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import Head
from greenline.protocol.deletion_receipt import (
    Deletion,
    Receipt,
    check_proof,
    decode_receipt,
    encode_receipt,
)
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
from greenline.protocol.errors import ProtocolError

_CHAIN = bytes(range(16))
_CASE = pseudonym(b"r" * 16)


def _to_256(tree: object) -> bytes:
    return padded(tree, ERASURE_BYTES)


def _orders() -> Prepared:
    return Prepared(
        decode_erase,
        tuple(encode_erase(Erase(reason)) for reason in REASONS),
        reads_back(encode_erase, decode_erase),
        tree=(unpadded, _to_256),
    )


def _words() -> Prepared:
    held: tuple[tuple[str, ...], ...] = ((), (REQUEST,), (REQUEST, ANSWER))
    seeds = tuple(
        encode_erased(Erased(what, samples.NOW_MS, _CHAIN, 7, bytes(range(32)))) for what in held
    )
    return Prepared(
        decode_erased, seeds, reads_back(encode_erased, decode_erased), tree=(unpadded, _to_256)
    )


def _proof() -> bytes:
    head = Head.of_new_chain(samples.KIOSK, _CHAIN)
    moment = Moment(samples.NOW_MS, trusted=True, boot=b"b" * 16, monotonic_ms=1)
    event = Event(Kind.ERASE, DEVICE, case=_CASE, details={"what": "answer", "reason": "expired"})
    entry = event_record(head.end, moment, event)
    signed = checkpoint_record(head, entry.end, moment, samples.signer())
    return head.to_bytes() + entry.data + signed.data


def _proofs() -> Prepared:
    """Whatever is changed, nothing may be proved that nobody signed."""
    keys = [(samples.KIOSK, samples.signer().public)]
    genuine = check_proof(_CASE, _proof(), keys)

    def check(_data: bytes, found: Deletion) -> None:
        if found != genuine:
            raise BrokenError("a deletion is proved that nobody signed")

    return Prepared(
        lambda data: check_proof(_CASE, data, keys),
        (_proof(),),
        check,
        repaired=repairs.audit_segment,
    )


def _receipts() -> Prepared:
    def written(receipt: Receipt) -> bytes:
        return encode_receipt(receipt.case, receipt.proofs)

    return Prepared(
        decode_receipt,
        (encode_receipt(_CASE, [_proof()]), encode_receipt(_CASE, [_proof()] * 2)),
        reads_back(written, decode_receipt),
        tree=(msgspec.json.decode, msgspec.json.encode),
    )


_REFUSALS = (ProtocolError,)

TARGETS = (
    Target("erase-order", _orders, _REFUSALS, most_bytes=512),
    Target("erase-word", _words, _REFUSALS, most_bytes=512),
    Target("deletion-proof", _proofs, _REFUSALS),
    Target("deletion-receipt", _receipts, _REFUSALS, most_bytes=8192),
)
