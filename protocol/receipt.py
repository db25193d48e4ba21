"""What the matcher says of a request that is on its disk and takes a while: that it has it.

It tells a request that lies at a broker from one that will be answered. Nothing of the request or
its result is in it, and it has one size of its own.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.messages import Milliseconds
from greenline.protocol.padded import pad, unpad

VERSION = 1
RECEIPT_BYTES = 64
"""Every receipt has this size before sealing."""


class RequestReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The matcher has the request of this id. received_ms: when it came, the matcher's clock."""

    received_ms: Milliseconds
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION


def encode_receipt(receipt: RequestReceipt) -> bytes:
    """Write a receipt, padded with zeros to RECEIPT_BYTES."""
    return pad(msgspec.msgpack.encode(receipt), RECEIPT_BYTES, "a receipt")


def decode_receipt(data: bytes) -> RequestReceipt:
    """Read a padded receipt. Raises MalformedError."""
    return unpad(data, RECEIPT_BYTES, RequestReceipt, "a receipt")
