"""The client's end of the door: asks the privileged side for what this user may not do itself."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from greenline.ota.chunk_table import decode
from greenline.ota.door import Metadata
from greenline.ota.door_words import (
    BrokenDoorError,
    Close,
    Done,
    Files,
    Flush,
    Lay,
    Nobody,
    Open,
    Prove,
    Question,
    Read,
    Refused,
    Write,
    hear_answer,
    send,
)
from greenline.ota.errors import CardError, OtaError, RefusedError
from greenline.ota.index import MOST_CHUNK_BYTES
from greenline.ota.reasons import Reason
from greenline.ota.slot_file import DamagedSlotError, offsets
from greenline.ota.slots import Slot

_PATIENCE_S: Final = 3600
"""A whole image is read back from a slow card within it."""


class NoInstallerError(OtaError):
    """Nobody opens the door, or whoever did has gone."""


class Outside:
    """A Door to another process. Not safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """path: of its socket."""
        self._path = path

    def wait_for_nobody(self) -> None:
        """Return when no traveller is being checked. Raises RefusedError (busy) else, OtaError."""
        with _Line(self._path) as line:
            line.ask(Nobody())

    @contextlib.contextmanager
    def look(self, slot: Slot) -> Iterator["_Content"]:
        """Open a slot for reading."""
        with _Line(self._path) as line:
            yield _Content(line, slot.name)

    @contextlib.contextmanager
    def open(self, metadata: Metadata, index: bytes) -> Iterator["_Opened"]:
        """Open the slot that does not run for a release. Raises OtaError."""
        with _Line(self._path) as line:
            line.ask(Open(dict(metadata), index))
            yield _Opened(line, index)
            line.ask(Close())

    def lacking(self, metadata: Metadata) -> list[str]:
        """Return the names of signed files that the other side lacks. Raises OtaError."""
        with _Line(self._path) as line:
            return list(line.asked(Files(dict(metadata))).names)

    def lay(self, name: str, data: bytes) -> None:
        """Hand over a signed file. Raises RefusedError, CardError, OtaError."""
        with _Line(self._path) as line:
            line.ask(Lay(name, data))


class _Line:
    """One conversation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def __enter__(self) -> "_Line":
        self._connection.settimeout(_PATIENCE_S)
        try:
            self._connection.connect(str(self._path))
        except OSError as fault:
            self._connection.close()
            raise self._gone(fault) from fault
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, question: Question) -> bytes:
        """Return the bytes that are answered. Raises RefusedError, CardError, OtaError."""
        return self.asked(question).data

    def asked(self, question: Question) -> Done:
        """Return what is answered. Raises RefusedError, CardError, OtaError."""
        try:
            send(self._connection, question)
            answer = hear_answer(self._connection)
        except BrokenDoorError as fault:
            raise self._gone(fault) from fault
        match answer:
            case Done():
                return answer
            case Refused(damaged=()):
                raise RefusedError(_reason(answer.code), answer.words)
            case Refused():
                raise _Damaged(answer.damaged)
        raise (CardError if answer.card else OtaError)(answer.words)

    def _gone(self, fault: Exception) -> NoInstallerError:
        words = f"the installer does not answer at {self._path} ({fault}): start it, or look why"
        return NoInstallerError(f"{words} with 'systemctl status greenline-update-door'")


class _Damaged(Exception):  # noqa: N818 - becomes a DamagedSlotError where the chunks are known
    """These offsets read back differently."""

    def __init__(self, damaged: tuple[int, ...]) -> None:
        super().__init__()
        self.offsets = damaged


class _Content:
    """A slot to read from."""

    def __init__(self, line: _Line, slot: str) -> None:
        self._line = line
        self._slot = slot

    def read(self, offset: int, size: int) -> bytes:
        """Return what lies there."""
        return self._line.ask(Read(self._slot, offset, min(size, MOST_CHUNK_BYTES)))


class _Opened(_Content):
    """The slot that is open for writing."""

    def __init__(self, line: _Line, index: bytes) -> None:
        super().__init__(line, "")
        self._index = index

    def write(self, offset: int, data: bytes) -> None:
        """Write a chunk."""
        self._line.ask(Write(offset, data))

    def flush(self) -> None:
        """Have it on the card."""
        self._line.ask(Flush())

    def prove(self) -> None:
        """Have the whole image read back. Raises DamagedSlotError, RefusedError."""
        try:
            self._line.ask(Prove())
        except _Damaged as fault:
            wanted = set(fault.offsets)
            chunks = [each for each in offsets(decode(self._index)) if each[0] in wanted]
            raise DamagedSlotError(chunks) from fault


def _reason(code: str) -> Reason:
    try:
        return Reason(code)
    except ValueError:
        return Reason.BROKEN_STATE
