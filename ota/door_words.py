"""What is said through the door: length-prefixed MessagePack, one answer to each question.

Both ends believe nothing of the other: lengths are bounded before anything is read, and what does
not decode ends the conversation.
"""

import socket
import struct
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.ota.index import MOST_CHUNK_BYTES, MOST_INDEX_BYTES

MOST_QUESTION_BYTES: Final = MOST_INDEX_BYTES + (16 << 20)
"""An index, and metadata beside it."""

MOST_ANSWER_BYTES: Final = 4 << 20

_LENGTH: Final = struct.Struct(">I")

Offset = Annotated[int, Meta(ge=0, le=1 << 62)]


class BrokenDoorError(Exception):
    """The other end is gone, or says what nobody understands."""


class Ask(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """What every question is."""


class Nobody(Ask, frozen=True):
    """Is nobody being checked?"""


class Open(Ask, frozen=True):
    """Open the slot that does not run. metadata: by name."""

    metadata: Annotated[dict[str, bytes], Meta(max_length=2000)]
    index: bytes


class Files(Ask, frozen=True):
    """Which signed files do you lack? metadata: as in Open."""

    metadata: Annotated[dict[str, bytes], Meta(max_length=2000)]


class Lay(Ask, frozen=True):
    """Keep a signed file."""

    name: Annotated[str, Meta(max_length=1000)]
    data: bytes


class Write(Ask, frozen=True):
    """Write the chunk that lies there."""

    offset: Offset
    data: bytes


class Read(Ask, frozen=True):
    """Say what lies there. slot: its name; empty: the one that is open."""

    slot: str
    offset: Offset
    size: Annotated[int, Meta(ge=0, le=MOST_CHUNK_BYTES)]


class Flush(Ask, frozen=True):
    """Have it on the card."""


class Prove(Ask, frozen=True):
    """Read the whole back."""


class Close(Ask, frozen=True):
    """That is all."""


Question = Nobody | Open | Files | Lay | Write | Read | Flush | Prove | Close


class Reply(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """What every answer is."""


class Done(Reply, frozen=True):
    """It is done. data: what was read; names: of the files that are lacking."""

    data: bytes = b""
    names: tuple[str, ...] = ()


class Refused(Reply, frozen=True):
    """As RefusedError. damaged: the offsets of chunks that read back differently."""

    code: str
    words: str
    damaged: tuple[int, ...] = ()


class Failed(Reply, frozen=True):
    """As another OtaError. card: as CardError."""

    words: str
    card: bool


Answer = Done | Refused | Failed

_QUESTIONS: Final = msgspec.msgpack.Decoder(Question)
_ANSWERS: Final = msgspec.msgpack.Decoder(Answer)


def send(connection: socket.socket, message: Question | Answer) -> None:
    """Say something. Raises BrokenDoorError."""
    data = msgspec.msgpack.encode(message)
    try:
        connection.sendall(_LENGTH.pack(len(data)))
        connection.sendall(data)
    except OSError as fault:
        raise BrokenDoorError(str(fault)) from fault


def hear_question(connection: socket.socket) -> Question | None:
    """Return the next question; None: there is none any more. Raises BrokenDoorError."""
    data = _hear(connection, MOST_QUESTION_BYTES)
    try:
        return None if data is None else _QUESTIONS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BrokenDoorError(str(fault)) from fault


def hear_answer(connection: socket.socket) -> Answer:
    """Return the answer to a question. Raises BrokenDoorError."""
    data = _hear(connection, MOST_ANSWER_BYTES)
    if data is None:
        raise BrokenDoorError("it has closed the door")
    try:
        answer: Answer = _ANSWERS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BrokenDoorError(str(fault)) from fault
    return answer


def _hear(connection: socket.socket, most: int) -> bytes | None:
    head = _receive(connection, _LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise BrokenDoorError("it broke off")
    (size,) = _LENGTH.unpack(head)
    if size > most:
        raise BrokenDoorError(f"a message of {size} bytes")
    data = _receive(connection, size)
    if len(data) < size:
        raise BrokenDoorError("it broke off")
    return data


def _receive(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes, fewer at the end. Memory grows with what really comes."""
    parts, left = [], size
    try:
        while left and (part := connection.recv(min(left, 1 << 18))):
            parts.append(part)
            left -= len(part)
    except OSError as fault:
        raise BrokenDoorError(str(fault)) from fault
    return b"".join(parts)
