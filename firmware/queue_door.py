"""The queue's door: a Unix socket beside the store, through which `greenline queue` asks.

One technician's command at a time, one question a connection. Whoever hangs, or sends what is no
question, is dropped; nothing here can hold up a capture, the gate or an answer. Only this account
and root come in.
"""

import itertools
import logging
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from greenline.firmware import queue_messages as messages
from greenline.firmware.errors import FirmwareError, PipeError
from greenline.firmware.queue_messages import (
    Done,
    Export,
    Item,
    Items,
    Question,
    Reply,
    Retry,
    Sealed,
    Sorry,
)

log = logging.getLogger(__name__)

PATIENCE_S = 5.0

_CHUNK = 4096
_ENDING_S = 1.0
_CREDENTIALS = struct.Struct("3i")


def door_beside(store: Path) -> Path:
    """Return where the door of a kiosk with this store is."""
    return store.with_name(f"{store.name}-queue")


class Waiting(Protocol):
    """What waits in the kiosk (queue_view.py)."""

    def items(self) -> list[Item]:
        """Return what waits. Raises StoreError."""

    def retry(self, request_id: bytes | None) -> int:
        """Have a request (None: all) offered at once; return how many that are."""

    def export(self) -> Iterator[Sealed]:
        """Yield every request, sealed. Raises StoreError: then nothing was handed out."""


class QueueDoor:
    """The listening socket and its thread. patience_s: how long a command may take for a step."""

    def __init__(self, path: Path, queue: Waiting, patience_s: float = PATIENCE_S) -> None:
        self._path = path
        self._queue = queue
        self._patience_s = patience_s
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._server: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="queue door", daemon=True)

    def start(self) -> None:
        """Begin. A kiosk whose door cannot be made works all the same, and says so in its log."""
        try:
            self._server = _listen(self._path)
        except OSError as fault:
            log.warning("no door to the queue", extra={"reason": str(fault)})
            return
        self._thread.start()

    def stop(self) -> None:
        """End the thread and remove the socket."""
        self._wake_writer.close()
        if self._server is not None:
            self._thread.join(timeout=_ENDING_S)  # not for as long as a command may hang
            self._path.unlink(missing_ok=True)
        self._wake_reader.close()

    def _run(self) -> None:
        server = self._server
        if server is None:
            return
        with server, selectors.DefaultSelector() as selector:
            selector.register(server, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while not any(key.fileobj is self._wake_reader for key, _ in selector.select()):
                self._serve_next(server)

    def _serve_next(self, server: socket.socket) -> None:
        try:
            client, _ = server.accept()
            with client:
                self._serve(client)
        except (OSError, PipeError) as fault:
            log.info("queue command dropped", extra={"reason": str(fault)})
        except Exception:
            # The last resort of this thread: the door stays open for the next one.
            log.exception("queue command failed")

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(self._patience_s)
        if _account(client) not in {0, os.geteuid()}:
            raise PipeError("another account asked")
        question = self._question(client)
        try:
            for reply in self._replies(question):
                client.sendall(messages.encode(reply))
        except FirmwareError as fault:
            client.sendall(messages.encode(Sorry(str(fault))))

    def _question(self, client: socket.socket) -> Question:
        decoder = messages.questions()
        until = time.monotonic() + self._patience_s
        while (left_s := until - time.monotonic()) > 0:
            client.settimeout(left_s)
            data = client.recv(_CHUNK)
            if not data:
                raise PipeError("it hung up before it had asked")
            for question in decoder.feed(data):
                client.settimeout(self._patience_s)
                return question
        raise PipeError("it took too long to ask")

    def _replies(self, question: Question) -> Iterator[Reply]:
        count = 0
        if isinstance(question, Retry):
            count = self._queue.retry(question.request_id)
        elif isinstance(question, Export):
            for count, sealed in enumerate(self._queue.export(), 1):  # noqa: B007  # told below
                yield sealed
        else:
            items = self._queue.items()
            count = len(items)
            for part in _parts(items):
                yield Items(part)
        yield Done(count)


def _parts(items: list[Item]) -> Iterator[tuple[Item, ...]]:
    rest = iter(items)
    while part := tuple(itertools.islice(rest, messages.ITEMS_A_FRAME)):
        yield part


def _account(client: socket.socket) -> int:
    told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(told)[1])


def _listen(path: Path) -> socket.socket:
    """Listen for this account and root alone. Raises OSError."""
    if path.exists() and not path.is_socket():
        raise FileExistsError(f"{path} is in the way")
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)  # of a run that was killed: this one has the store
        os.fchmod(server.fileno(), 0o600)  # before there is a file that others could open
        server.bind(through(folder, path))
        server.listen(2)
    except OSError:
        server.close()
        raise
    finally:
        os.close(folder)
    return server


def through(folder: int, path: Path) -> str:
    """Return a short name of a socket in an open folder: the kernel takes 107 bytes at most."""
    return f"/proc/self/fd/{folder}/{path.name}"
