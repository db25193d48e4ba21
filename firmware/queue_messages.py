"""The language between `greenline queue` and a running kiosk: frames of MessagePack.

A frame is a 4-byte big-endian length and one tagged message. One question a connection; it is
answered with as many frames as it takes, the last of which is Done or Sorry. Sans-IO: no socket.
"""

from collections.abc import Iterator
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta

from greenline.firmware.errors import PipeError
from greenline.firmware.pipe import RequestId

MOST_QUESTION_BYTES = 1024
MOST_REPLY_BYTES = 256 * 1024
ITEMS_A_FRAME = 200
MOST_WORDS = 200

_LENGTH_BYTES = 4


class List(msgspec.Struct, frozen=True, tag="list", forbid_unknown_fields=True):
    """Technician -> kiosk: what waits? Answered with Items."""


class Retry(msgspec.Struct, frozen=True, tag="retry", forbid_unknown_fields=True):
    """Technician -> kiosk: offer this request now; None: all. Answered with Done."""

    request_id: RequestId | None = None


class Export(msgspec.Struct, frozen=True, tag="export", forbid_unknown_fields=True):
    """Technician -> kiosk: note in the audit log that all sealed requests are handed out, and do.

    Answered with one Sealed for each.
    """


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that waits. Times in seconds.

    kind: "request", or "report" for what the kiosk sends of itself. state: a Stage; since_s: so
    long it has been in it. left_s: until it expires. offers: in this run of the kiosk; None: no
    kiosk runs. refusal: what the broker said when it last refused it, MOST_WORDS letters at most.
    size: of the envelope, bytes; None: it is made when it is offered.
    """

    request_id: RequestId
    kind: str
    lane: int
    state: str
    created_ms: int
    expires_ms: int
    age_s: float
    left_s: float
    size: int | None
    offers: int | None = None
    since_s: float | None = None
    refusal: str = ""


class Items(msgspec.Struct, frozen=True, tag="items", forbid_unknown_fields=True):
    """Kiosk -> technician: a part of the list."""

    items: Annotated[tuple[Item, ...], Meta(max_length=ITEMS_A_FRAME)]


class Sealed(msgspec.Struct, frozen=True, tag="sealed", forbid_unknown_fields=True):
    """Kiosk -> technician: one request as it lies in the store, sealed to the matcher."""

    request_id: RequestId
    lane: int
    created_ms: int
    expires_ms: int
    envelope: bytes


class Done(msgspec.Struct, frozen=True, tag="done", forbid_unknown_fields=True):
    """Kiosk -> technician: that was all; count: of how many."""

    count: int


class Sorry(msgspec.Struct, frozen=True, tag="sorry", forbid_unknown_fields=True):
    """Kiosk -> technician: it cannot be done, and why in words."""

    words: str


Question = List | Retry | Export
Reply = Items | Sealed | Done | Sorry

_Message = TypeVar("_Message")


class Decoder(Generic[_Message]):
    """Takes bytes cut anywhere and gives whole messages. most_bytes: of one frame."""

    def __init__(self, kind: msgspec.msgpack.Decoder[_Message], most_bytes: int) -> None:
        self._kind = kind
        self._most_bytes = most_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[_Message]:
        """Take more bytes and yield what is complete. Raises PipeError: then close the socket."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH_BYTES:
            length = int.from_bytes(self._buffer[:_LENGTH_BYTES])
            if length > self._most_bytes:
                raise PipeError(f"a frame of {length} bytes is too large")
            if len(self._buffer) < _LENGTH_BYTES + length:
                return
            body = bytes(self._buffer[_LENGTH_BYTES : _LENGTH_BYTES + length])
            del self._buffer[: _LENGTH_BYTES + length]
            try:
                yield self._kind.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
                raise PipeError(f"not a message about the queue: {fault}") from fault


def questions() -> Decoder[Question]:
    """Return what the kiosk reads with."""
    kind: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
    return Decoder(kind, MOST_QUESTION_BYTES)


def replies() -> Decoder[Reply]:
    """Return what the technician's command reads with."""
    kind: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
    return Decoder(kind, MOST_REPLY_BYTES)


def encode(message: Question | Reply) -> bytes:
    """Write one frame."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(_LENGTH_BYTES) + body
