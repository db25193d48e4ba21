"""Opens the door to another user: the privileged end of a Unix socket.

Whoever connects is asked for by the kernel (SO_PEERCRED); what he says is bounded, and every chunk,
index and piece of metadata is verified on this side. One conversation writes at a time; it ends
with its connection, however that ends.
"""

import contextlib
import functools
import logging
import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import Final

from greenline.ota.door import Inside
from greenline.ota.door_words import (
    Answer,
    BrokenDoorError,
    Close,
    Done,
    Failed,
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
    hear_question,
    send,
)
from greenline.ota.errors import CardError, OtaError, RefusedError
from greenline.ota.place import SlotWriter
from greenline.ota.slot_file import DamagedSlotError

log = logging.getLogger(__name__)

MOST_CONVERSATIONS: Final = 4

_SILENCE_S: Final = 3600.0
"""So long a client that holds the slot may be silent: a chunk over the slowest link takes less."""

_CREDENTIALS: Final = struct.Struct("3i")  # process, user, group


class Doorkeeper:
    """Serves a listening socket. may_enter: whether a user (its number) may come in."""

    def __init__(self, inside: Inside, may_enter: Callable[[int], bool]) -> None:
        self._inside = inside
        self._may_enter = may_enter
        self._places = threading.BoundedSemaphore(MOST_CONVERSATIONS)
        self._over = threading.Event()
        self._waker: socket.socket | None = None

    def serve(self, listening: socket.socket, idle_s: float | None = None) -> None:
        """Serve until stop(), or until nobody came for idle_s seconds. Call it once."""
        listening.settimeout(0)
        woken, self._waker = socket.socketpair()
        self._waker.settimeout(0)
        with woken, self._waker:
            while not self._over.is_set():
                came, _, _ = select.select([listening, woken], [], [], idle_s)
                if not came and self._empty():
                    return
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    self._let_in(listening.accept()[0])

    def stop(self) -> None:
        """End serve(); from a signal handler, too."""
        self._over.set()
        if self._waker is not None:
            with contextlib.suppress(OSError):  # woken already, or ended
                self._waker.send(b"!")

    def _let_in(self, connection: socket.socket) -> None:
        if not self._places.acquire(blocking=False):
            connection.close()
            return
        threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _empty(self) -> bool:
        """Whether nobody is being talked to."""
        taken = 0
        while self._places.acquire(blocking=False):
            taken += 1
        for _ in range(taken):
            self._places.release()
        return taken == MOST_CONVERSATIONS

    def _attend(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(_SILENCE_S)
                user = _user(connection)
                if not self._may_enter(user):
                    log.warning("not let in", extra={"user": user})
                    return
                with contextlib.suppress(BrokenDoorError):
                    _Conversation(self._inside, connection).hold()
        finally:
            self._places.release()


class _Conversation:
    """One client's questions, one after the other."""

    def __init__(self, inside: Inside, connection: socket.socket) -> None:
        self._inside = inside
        self._connection = connection

    def hold(self) -> None:
        """Answer until the other end goes. Raises BrokenDoorError."""
        while (question := hear_question(self._connection)) is not None:
            if isinstance(question, Open):
                send(self._connection, self._opened(question))
            else:
                send(self._connection, _answered(functools.partial(self._closed, question)))

    def _opened(self, question: Open) -> Answer:
        """Keep the slot open for all that is asked until it is closed; the answer is to that."""

        def work() -> Done:
            with self._inside.open(question.metadata, question.index) as slot:
                send(self._connection, Done())
                while not isinstance(asked := self._asked(), Close):
                    send(self._connection, _answered(functools.partial(self._open, slot, asked)))
            return Done()

        return _answered(work)

    def _asked(self) -> Question:
        question = hear_question(self._connection)
        if question is None:
            raise BrokenDoorError("it has gone")
        return question

    def _open(self, slot: SlotWriter, question: Question) -> Done:
        match question:
            case Write():
                slot.write(question.offset, question.data)
            case Read(slot=""):
                return Done(slot.read(question.offset, question.size))
            case Flush():
                slot.flush()
            case Prove():
                slot.prove()
            case _:
                return self._closed(question)
        return Done()

    def _closed(self, question: Question) -> Done:
        """Answer what may be asked whether a slot is open or not."""
        match question:
            case Nobody():
                self._inside.wait_for_nobody()
                return Done()
            case Files():
                return Done(names=tuple(self._inside.lacking(question.metadata)))
            case Lay():
                self._inside.lay(question.name, question.data)
                return Done()
            case Read() if question.slot in self._inside.slots:
                with self._inside.look(self._inside.slots[question.slot]) as content:
                    return Done(content.read(question.offset, question.size))
        raise BrokenDoorError("it asks for what is not open")


def _answered(work: Callable[[], Done]) -> Answer:
    """Return what work() does or raises, as an answer."""
    try:
        return work()
    except DamagedSlotError as fault:
        return Refused(fault.code, str(fault), tuple(offset for offset, _ in fault.chunks))
    except RefusedError as fault:
        return Refused(fault.code, str(fault))
    except OtaError as fault:
        return Failed(str(fault), isinstance(fault, CardError))


def _user(connection: socket.socket) -> int:
    """Return the number of the user at the other end."""
    said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(said)[1])
