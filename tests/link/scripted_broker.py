"""A broker that says what a test tells it to: TLS 1.3 and packets of MQTT 5, and nothing kept.

    with ScriptedBroker(site.folder) as broker:
        broker.script = Script(connack=connack(0x89))

It answers CONNECT, SUBSCRIBE, PUBLISH and PINGREQ as its script says at that moment, and keeps
every packet that comes. The packets are made in packets.py.
"""

import queue
import select
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.link.packets import (
    CONNECT,
    DISCONNECT,
    PINGREQ,
    PINGRESP,
    PUBACK,
    PUBLISH,
    SUBACK,
    SUBSCRIBE,
    connack,
    first_packet,
    message_id,
    packet,
)


@dataclass(frozen=True)
class Script:
    """What is said; None: nothing at all. after: bytes that follow the SUBACK.

    puback: the code for a PUBLISH, or what finds it from the number of PUBLISHes so far.
    kept: what a session has kept, which comes before the SUBACK, each PUBLISH as soon as the one
    before is confirmed: the packet of a number (from 0), or None when there are no more.
    """

    connack: bytes | None = connack()
    kept: Callable[[int], bytes | None] = lambda _number: None
    suback: int | None = 1
    puback: int | Callable[[int], int] | None = 0
    pingresp: bool = True
    after: bytes = b""


@dataclass(frozen=True)
class Came:
    """A packet that came: over which connection (from 1), its first byte, its body."""

    connection: int
    first: int
    body: bytes

    @property
    def kind(self) -> int:
        """Which packet it is, without the flags of a PUBLISH or SUBSCRIBE."""
        return self.first & 0xF0


class _Line:
    """One connection. Only its own thread reads and writes: TLS is not safe to share."""

    def __init__(self, line: ssl.SSLSocket) -> None:
        self._line = line
        self._unasked: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._reader, self._writer = socket.socketpair()

    def say(self, data: bytes | None) -> None:
        """Say something unasked; None: hang up."""
        self._unasked.put(data)
        self._writer.send(b"x")

    def forget(self) -> None:
        """Close what say() needs; after serve()."""
        self._reader.close()
        self._writer.close()

    def serve(self, take: Callable[[int, bytes], bytes | None]) -> None:
        """Hand each packet's first byte and body to take(), which says what is answered.

        None of it ends the connection.
        """
        try:
            self._serve(take)
        except OSError:
            pass  # the other side is gone
        finally:
            self._line.close()

    def _serve(self, take: Callable[[int, bytes], bytes | None]) -> None:
        came = b""
        while True:
            if not self._line.pending():
                ready = select.select([self._line, self._reader], [], [])[0]
                if self._reader in ready:
                    self._reader.recv(1)
                    unasked = self._unasked.get()
                    if unasked is None:
                        return
                    self._line.sendall(unasked)
                    continue
            more = self._line.recv(65536)
            if not more:
                return
            came += more
            while (found := first_packet(came)) is not None:
                first, body, came = found
                answer = take(first, body)
                if answer is None:
                    return
                self._line.sendall(answer)


class ScriptedBroker:
    """Listens. folder: with broker.pem, broker.key and ca.pem of a site."""

    def __init__(self, folder: Path, port: int = 0, address: str = "127.0.0.1") -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "broker.pem", folder / "broker.key")
        self._context.load_verify_locations(folder / "ca.pem")
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listening = socket.create_server((address, port))
        self._lines: dict[int, _Line] = {}
        self._threads: list[threading.Thread] = []
        self.port = int(self._listening.getsockname()[1])
        self.script = Script()
        self.came: queue.Queue[Came] = queue.Queue()
        self.publishes = 0
        self.connections = 0
        self._kept_sent = 0
        self._suback: bytes | None = None
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections and listen no more."""
        if self._listening.fileno() < 0:
            return
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for line in list(self._lines.values()):
            line.say(None)
        for thread in self._threads:
            thread.join(timeout=20)
            assert not thread.is_alive()
        for line in self._lines.values():
            line.forget()

    def say(self, data: bytes, connection: int = 0) -> None:
        """Say something unasked over a connection, without a number over the newest."""
        self._lines[connection or self.connections].say(data)

    def next(self, kind: int, timeout_s: float = 20.0) -> Came:
        """Wait for the next packet of a kind; others before it are thrown away."""
        while True:
            came = self.came.get(timeout=timeout_s)
            if came.kind == kind:
                return came

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return  # closed
            self._start(lambda visitor=visitor: self._serve(visitor))  # type: ignore[misc]

    def _serve(self, visitor: socket.socket) -> None:
        try:
            line = self._context.wrap_socket(visitor, server_side=True)
        except OSError:
            visitor.close()
            return
        number = self.connections + 1
        self._lines[number] = _Line(line)
        self.connections = number
        self._lines[number].serve(lambda first, body: self._take(Came(number, first, body)))

    def _take(self, came: Came) -> bytes | None:
        self.came.put(came)
        return None if came.kind == DISCONNECT else self._reply(came)

    def _reply(self, came: Came) -> bytes:
        script = self.script
        if came.kind == CONNECT:
            return script.connack or b""
        if came.kind == SUBSCRIBE and script.suback is not None:
            answer = packet(SUBACK, came.body[:2] + b"\0" + bytes([script.suback]))
            self._suback = answer + script.after
            return self._next_kept()
        if came.kind == PUBACK:
            return self._next_kept()
        if came.kind == PUBLISH and script.puback is not None:
            self.publishes += 1
            code = (
                script.puback if isinstance(script.puback, int) else script.puback(self.publishes)
            )
            return packet(PUBACK, message_id(came.body) + bytes([code]))
        if came.kind == PINGREQ and script.pingresp:
            return packet(PINGRESP, b"")
        return b""

    def _next_kept(self) -> bytes:
        """Return the next that a session has kept, or the SUBACK that waits until all is sent."""
        if self._suback is None:
            return b""
        kept = self.script.kept(self._kept_sent)
        if kept is not None:
            self._kept_sent += 1
            return kept
        suback, self._suback = self._suback, None
        return suback
