"""What a kiosk says of itself now and then, sealed to the matcher: nothing of persons, nor results.

It leaves by the clock, never because of a check, and has one size: whoever only sees the envelope
learns that the kiosk is switched on.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.errors import MalformedError
from greenline.protocol.messages import Label, Milliseconds

VERSION = 1
STATUS_BYTES = 512
"""Every status has this size before sealing."""

_LENGTH_BYTES = 4
_Count = Annotated[int, Meta(ge=0, le=2**31)]
_Code = Annotated[str, Meta(pattern=r"^E[0-9]{2}\Z")]


class KioskStatus(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a kiosk is.

    running_ms: since its start. clock_trusted: whether it believes its clock. pending: requests
    without a final answer; oldest_ms: the age of the oldest. refused: answers since the start that
    did not come from the matcher, or not for this kiosk. faults: codes of what is missing.
    """

    software: Label
    running_ms: Milliseconds
    clock_trusted: bool
    pending: _Count
    oldest_ms: Milliseconds
    refused: _Count
    faults: Annotated[tuple[_Code, ...], Meta(max_length=16)] = ()
    version: Annotated[int, Meta(ge=VERSION, le=VERSION)] = VERSION


def encode_status(status: KioskStatus) -> bytes:
    """Write a status, padded with zeros to STATUS_BYTES."""
    body = msgspec.msgpack.encode(status)
    return (len(body).to_bytes(_LENGTH_BYTES) + body).ljust(STATUS_BYTES, b"\0")


def decode_status(data: bytes) -> KioskStatus:
    """Read a padded status. Raises MalformedError."""
    length = int.from_bytes(data[:_LENGTH_BYTES])
    if len(data) != STATUS_BYTES or length > STATUS_BYTES - _LENGTH_BYTES:
        raise MalformedError("a status has exactly its padded size")
    body, padding = data[_LENGTH_BYTES : _LENGTH_BYTES + length], data[_LENGTH_BYTES + length :]
    if padding.strip(b"\0"):
        raise MalformedError("the padding of a status must be zero")
    try:
        return msgspec.msgpack.decode(body, type=KioskStatus)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedError(f"this is not a status: {fault}") from fault
