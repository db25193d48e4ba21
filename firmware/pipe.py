"""The language between kiosk and uplink over their Unix socket: frames of MessagePack.

A frame is a 4-byte big-endian length and one tagged message. Sans-IO: no socket, no clock.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.firmware.errors import PipeError

VERSION = 1
MAX_FRAME_BYTES = 256 * 1024

_LENGTH_BYTES = 4

RequestId = Annotated[bytes, Meta(min_length=16, max_length=16)]


class Hello(msgspec.Struct, frozen=True, tag="hello", forbid_unknown_fields=True):
    """Uplink -> kiosk, first: which language it speaks."""

    version: int


class LinkUp(msgspec.Struct, frozen=True, tag="up", forbid_unknown_fields=True):
    """Uplink -> kiosk: a broker is there; at most window offers may be unconfirmed."""

    window: Annotated[int, Meta(ge=1, le=65535)]


class LinkDown(msgspec.Struct, frozen=True, tag="down", forbid_unknown_fields=True):
    """Uplink -> kiosk: no broker; every unconfirmed offer is void."""

    reason: str


class Offer(msgspec.Struct, frozen=True, tag="offer", forbid_unknown_fields=True):
    """Kiosk -> uplink: publish this envelope. expiry_s: how long the broker may keep it."""

    request_id: RequestId
    expiry_s: Annotated[int, Meta(ge=1)]
    envelope: bytes


class Published(msgspec.Struct, frozen=True, tag="published", forbid_unknown_fields=True):
    """Uplink -> kiosk: the broker took the offer, or not (refusal says why)."""

    request_id: RequestId
    refusal: str = ""


class Arrived(msgspec.Struct, frozen=True, tag="arrived", forbid_unknown_fields=True):
    """Uplink -> kiosk: a message for this kiosk; answer Committed when it is safe."""

    delivery: int
    envelope: bytes


class Committed(msgspec.Struct, frozen=True, tag="committed", forbid_unknown_fields=True):
    """Kiosk -> uplink: the delivery is on the disk (or known, or refused for good)."""

    delivery: int


FromUplink = Hello | LinkUp | LinkDown | Published | Arrived
FromKiosk = Offer | Committed
Message = FromUplink | FromKiosk

_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    """Write one frame."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(_LENGTH_BYTES) + body


class Decoder:
    """Takes bytes cut anywhere and gives whole messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take more bytes and yield what is complete. Raises PipeError: then close the socket."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH_BYTES:
            length = int.from_bytes(self._buffer[:_LENGTH_BYTES])
            if length > MAX_FRAME_BYTES:
                raise PipeError(f"a frame of {length} bytes is too large")
            if len(self._buffer) < _LENGTH_BYTES + length:
                return
            body = bytes(self._buffer[_LENGTH_BYTES : _LENGTH_BYTES + length])
            del self._buffer[: _LENGTH_BYTES + length]
            yield _decode(body)


def _decode(body: bytes) -> Message:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise PipeError(f"not a message between kiosk and uplink: {fault}") from fault
