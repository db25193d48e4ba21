"""A network block device (NBD) of our own: a card that QEMU reaches through a Unix socket.

From the NBD protocol's "proto.md", fixed newstyle, simple replies. One client at a time. It counts
writes and flushes, and when the one comes that was asked for, the power is cut there: before it is
done, or after it is done and before the guest is told.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.ota_power.card import ForgetfulCard

_MAGIC: Final = b"NBDMAGIC"
_OPTION: Final = b"IHAVEOPT"
_OPTION_REPLY: Final = 0x3E889045565A9
_REQUEST, _REPLY = 0x25609513, 0x67446698
_FIXED, _NO_ZEROES = 1, 2
_EXPORT_NAME, _ABORT, _INFO, _GO = 1, 2, 6, 7
_ACK, _REPLY_INFO, _UNSUPPORTED = 1, 3, 2**31 + 1
_FLAGS: Final = 0b101  # has flags, takes flushes; QEMU makes a flush of what it calls FUA
_READ, _WRITE, _LEAVE, _FLUSH = 0, 1, 2, 3
_INVALID: Final = 22


class _GoneError(Exception):
    """The client has left, or the power is off."""


class BlockServer:
    """Serves a card until closed. on_cut: called once, on the server's thread, at the cut."""

    def __init__(self, card: ForgetfulCard, path: Path, on_cut: Callable[[], None]) -> None:
        self._card, self._on_cut = card, on_cut
        self._lock = threading.Lock()
        self._left: int | None = None
        self._after = False
        self._off = False
        self._alone = threading.Event()
        self._alone.set()
        self.requests = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def arm(self, requests: int, *, after: bool) -> None:
        """Cut at so many writes and flushes from now: before that one is done, or after it."""
        with self._lock:
            self._left, self._after = max(1, requests), after

    def cut(self) -> None:
        """Cut now, between two requests: nothing is answered any more until power_on()."""
        with self._lock:
            self._cut()

    def wait(self) -> None:
        """Return when the client is gone, with all that it had still sent."""
        self._alone.wait()

    def power_on(self) -> None:
        """Serve again; nothing is armed."""
        self.wait()
        with self._lock:
            self._off, self._left = False, None

    def close(self) -> None:
        """Serve no more."""
        self.cut()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _cut(self) -> None:
        if not self._off:
            self._off, self._left = True, None
            self._on_cut()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._alone.clear()
            with client, contextlib.suppress(OSError):
                with contextlib.suppress(_GoneError):
                    _shake_hands(client, self._card.size)
                    while True:
                        self._answer(client)
                # A guest that is told of a failing card would see what no power cut shows.
                while client.recv(1 << 16):
                    pass
            self._alone.set()

    def _answer(self, client: socket.socket) -> None:
        head = _exactly(client, 28)
        magic, _, kind, cookie, at, size = struct.unpack(">IHHQQI", head)
        if magic != _REQUEST or kind == _LEAVE:
            raise _GoneError
        data = _exactly(client, size) if kind == _WRITE else b""
        with self._lock:
            answer, fault = self._done(kind, at, size, data)
        client.sendall(struct.pack(">IIQ", _REPLY, fault, cookie) + answer)

    def _done(self, kind: int, at: int, size: int, data: bytes) -> tuple[bytes, int]:
        """Do a request and return the answer. Raises _GoneError when the power is off."""
        if self._off:
            raise _GoneError
        if kind == _READ:
            return self._card.read(at, size), 0
        if kind not in {_WRITE, _FLUSH}:
            return b"", _INVALID
        self.requests += 1
        due = self._left is not None and self._left <= 1
        if self._left is not None:
            self._left -= 1
        if not due or self._after:
            self._do(kind, at, data)
        if due:
            self._cut()
            raise _GoneError
        return b"", 0

    def _do(self, kind: int, at: int, data: bytes) -> None:
        if kind == _WRITE:
            self._card.write(at, data)
        else:
            self._card.flush()


def _shake_hands(client: socket.socket, size: int) -> None:
    """Agree on the one export. Raises _GoneError."""
    client.sendall(_MAGIC + _OPTION + struct.pack(">H", _FIXED | _NO_ZEROES))
    zeroes = b"" if struct.unpack(">I", _exactly(client, 4))[0] & _NO_ZEROES else bytes(124)
    while True:
        magic, option, length = struct.unpack(">8sII", _exactly(client, 16))
        _exactly(client, length)
        if magic != _OPTION or option == _ABORT:
            raise _GoneError
        if option == _EXPORT_NAME:
            client.sendall(struct.pack(">QH", size, _FLAGS) + zeroes)
            return
        if option in {_INFO, _GO}:
            told = struct.pack(">HQH", 0, size, _FLAGS)
            _tell(client, option, _REPLY_INFO, told)
            _tell(client, option, _ACK)
            if option == _GO:
                return
        else:
            _tell(client, option, _UNSUPPORTED)


def _tell(client: socket.socket, option: int, kind: int, data: bytes = b"") -> None:
    client.sendall(struct.pack(">QIII", _OPTION_REPLY, option, kind, len(data)) + data)


def _exactly(client: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = client.recv(size - len(parts))
        if not part:
            raise _GoneError
        parts += part
    return bytes(parts)
