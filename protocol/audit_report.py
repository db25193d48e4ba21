"""How a piece of a kiosk's audit log travels to the centre, and what the centre answers.

Both lie sealed in envelopes of their own kinds. A report is a run of records that ends with a
checkpoint; it is the same report however often it is sent: what the centre has, it has.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from greenline.protocol.audit import Digest, Number
from greenline.protocol.audit_head import CHAIN_BYTES, End, Head, padded
from greenline.protocol.errors import MalformedError
from greenline.protocol.messages import MAX_MESSAGE_BYTES, Milliseconds

VERSION = 1
MAX_RECORDS_BYTES = 48 * 1024

_REPORT = b"greenline audit report 1\0"
_ID_BYTES = 16

ChainId = Annotated[bytes, Meta(min_length=CHAIN_BYTES, max_length=CHAIN_BYTES)]


class ReportOutcome(StrEnum):
    """What became of a report.

    STORED: the centre has the chain up to the entry it names. GAP: it needs what comes behind that
    entry first. FORK: it had other entries under these numbers; it has both now, and an alarm.
    REFUSED: the report cannot be right.
    """

    STORED = "stored"
    GAP = "gap"
    FORK = "fork"
    REFUSED = "refused"


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of records. first: number of its first entry; previous: the digest before it.

    oldest: number of the oldest entry that the kiosk still has of this chain.
    """

    chain: ChainId
    first: Number
    previous: Digest
    oldest: Number
    records: Annotated[bytes, Meta(min_length=1, max_length=MAX_RECORDS_BYTES)]
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION

    def head(self, kiosk: str) -> Head:
        """Return the head under which the records are a segment."""
        return Head(kiosk, self.chain, End(self.first - 1, self.previous))


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the centre has of a chain: up to entry last, with this digest; 0: nothing."""

    chain: ChainId
    outcome: ReportOutcome
    last: Annotated[int, Meta(ge=0, le=2**62)]
    digest: Digest
    received_ms: Milliseconds
    reason: Annotated[str, Meta(max_length=200)] = ""
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION

    @property
    def end(self) -> End:
        """How far the centre has the chain."""
        return End(self.last, self.digest)


def report_id(kiosk: str, chain: bytes) -> bytes:
    """Return the request id of a chain's reports.

    It is the same for all of them, so that of several matcher processes one gets them all.
    """
    return hashlib.sha256(_REPORT + padded(kiosk) + chain).digest()[:_ID_BYTES]


_Message = TypeVar("_Message", Report, Receipt)


def encode_report(report: Report) -> bytes:
    """Write a report as MessagePack."""
    return msgspec.msgpack.encode(report)


def decode_report(data: bytes) -> Report:
    """Read a report. Raises MalformedError."""
    return _decode(data, Report)


def encode_receipt(receipt: Receipt) -> bytes:
    """Write a receipt as MessagePack."""
    return msgspec.msgpack.encode(receipt)


def decode_receipt(data: bytes) -> Receipt:
    """Read a receipt. Raises MalformedError."""
    return _decode(data, Receipt)


def _decode(data: bytes, kind: type[_Message]) -> _Message:
    if len(data) > MAX_MESSAGE_BYTES:
        raise MalformedError(f"a message of {len(data)} bytes is too large")
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedError(f"this is not a {kind.__name__.lower()}: {fault}") from fault
