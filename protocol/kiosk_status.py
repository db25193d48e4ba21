"""What a kiosk says of itself now and then, sealed to the matcher: nothing of persons, nor results.

It leaves by the clock, never because of a check, and has one size: whoever only sees the envelope
learns that the kiosk is switched on.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.messages import Label, Milliseconds
from greenline.protocol.padded import pad, unpad

VERSION = 1
STATUS_BYTES = 512
"""Every status has this size before sealing."""

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
    return pad(msgspec.msgpack.encode(status), STATUS_BYTES, "a status")


def decode_status(data: bytes) -> KioskStatus:
    """Read a padded status. Raises MalformedError."""
    return unpad(data, STATUS_BYTES, KioskStatus, "a status")
