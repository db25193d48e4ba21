"""A message in a field of a size that says nothing of it: 4 bytes of length, MessagePack, zeros.

Used by messages, receipt, kiosk_status and operators, which fix their sizes. Pure.
"""

from typing import TypeVar

import msgspec

from greenline.protocol.errors import MalformedError

LENGTH_BYTES = 4

_Message = TypeVar("_Message", bound=msgspec.Struct)


def pad(body: bytes, size: int, what: str) -> bytes:
    """Write an encoded message, padded with zeros to a size in bytes; what: it is, as "a result".

    Raises MalformedError if it does not fit.
    """
    if LENGTH_BYTES + len(body) > size:
        raise MalformedError(f"{what} of {len(body)} bytes does not fit the padded size")
    return (len(body).to_bytes(LENGTH_BYTES) + body).ljust(size, b"\0")


def unpad(data: bytes, size: int, kind: type[_Message], what: str) -> _Message:
    """Read a message of a kind from exactly so many bytes. Raises MalformedError."""
    end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES])
    if len(data) != size or end > size:
        raise MalformedError(f"{what} has exactly its padded size")
    if data[end:].strip(b"\0"):
        raise MalformedError(f"the padding of {what} must be zero")
    try:
        return msgspec.msgpack.decode(data[LENGTH_BYTES:end], type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedError(f"this is not {what}: {fault}") from fault
