"""What the matcher says of a request that is on its disk and takes a while: that it has it.

It tells a request that lies at a broker from one that will be answered. Nothing of the request or
its result is in it, and it has one size of its own.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.errors import MalformedError
from greenline.protocol.messages import Milliseconds

VERSION = 1
RECEIPT_BYTES = 64
"""Every receipt has this size before sealing."""

_LENGTH_BYTES = 4


class RequestReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The matcher has the request of this id. received_ms: when it came, the matcher's clock."""

    received_ms: Milliseconds
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION


def encode_receipt(receipt: RequestReceipt) -> bytes:
    """Write a receipt, padded with zeros to RECEIPT_BYTES."""
    body = msgspec.msgpack.encode(receipt)
    return (len(body).to_bytes(_LENGTH_BYTES) + body).ljust(RECEIPT_BYTES, b"\0")


def decode_receipt(data: bytes) -> RequestReceipt:
    """Read a padded receipt. Raises MalformedError."""
    length = int.from_bytes(data[:_LENGTH_BYTES])
    if len(data) != RECEIPT_BYTES or length > RECEIPT_BYTES - _LENGTH_BYTES:
        raise MalformedError("a receipt has exactly its padded size")
    body, padding = data[_LENGTH_BYTES : _LENGTH_BYTES + length], data[_LENGTH_BYTES + length :]
    if padding.strip(b"\0"):
        raise MalformedError("the padding of a receipt must be zero")
    try:
        return msgspec.msgpack.decode(body, type=RequestReceipt)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedError(f"this is not a receipt: {fault}") from fault
