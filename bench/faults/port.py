"""A port between a link and its broker, that does to what passes whatever a row asks for.

Bytes as they are (a network's faults), or, with a tamper, the packets in them: then the TLS of the
link ends here and another begins, with the same names and keys, so the broker notices nothing.
"""

import asyncio
import contextlib
import random
import socket
import ssl
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from bench.faults.mqtt import Packet, Splitter
from bench.faults.weather import FAIR

_CHUNK = 4096
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset
_QUIET = (OSError, EOFError, ValueError, ssl.SSLError)


class Tamper(Protocol):
    """What is done to packets. Called on the port's thread, for one connection after another."""

    def connected(self) -> None:
        """Note that a new connection begins."""

    def onward(self, packet: Packet, *, upward: bool) -> tuple[list[Packet], list[Packet]]:
        """Return what goes on in a packet's place, and what goes back. upward: to the broker.

        Raises ConnectionResetError to hang up after what was sent before.
        """


@dataclass(frozen=True)
class Ends:
    """The TLS of a port that tampers: as the broker, and as the link's owner."""

    server: ssl.SSLContext
    client: ssl.SSLContext


class Ports:
    """The thread on which all ports run."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="ports", daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self) -> None:
        self.do(self._cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _cancel(self) -> None:
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


class Port:
    """One listening port. target: of the broker behind it; it may change at any time."""

    def __init__(
        self, ports: Ports, target: int, ends: Ends, seed: int, host: str = "127.0.0.1"
    ) -> None:
        self.target = target
        self.weather = FAIR
        self.tamper: Tamper | None = None
        self.ends = ends
        self.bytes_passed = 0
        self.connections = 0
        self._ports = ports
        self._chance = random.Random(seed)  # noqa: S311 - weather, no secret
        self._open: set[asyncio.Task[None]] = set()
        self._reset_all = False
        self._server = socket.create_server((host, 0))
        self._server.settimeout(0)
        self.number = int(self._server.getsockname()[1])
        ports.loop.call_soon_threadsafe(ports.loop.create_task, self._accept())

    def cut(self, *, reset: bool = False) -> None:
        """Hang up on whoever is connected."""
        self._ports.do(self._cut(reset=reset))

    def clear(self) -> None:
        """Let everything pass again; connections that carry nothing any more stay as they are."""
        self.weather, self.tamper = FAIR, None

    async def _cut(self, *, reset: bool) -> None:
        self._reset_all = reset
        journeys = [*self._open]
        for journey in journeys:
            journey.cancel()
        await asyncio.gather(*journeys, return_exceptions=True)
        self._reset_all = False

    async def _accept(self) -> None:
        with self._server:
            while True:
                sock, _ = await self._ports.loop.sock_accept(self._server)
                self.connections += 1
                journey = self._ports.loop.create_task(self._journey(sock))
                self._open.add(journey)
                journey.add_done_callback(self._open.discard)

    async def _journey(self, sock: socket.socket) -> None:
        weather, tamper = self.weather, self.tamper
        with sock, contextlib.suppress(*_QUIET):
            if weather.refuse:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            async with contextlib.AsyncExitStack() as ending:
                near = await _accepted(sock, None if tamper is None else self.ends.server)
                ending.push_async_callback(_shut, near[1], self)
                if weather.page:
                    near[1].write(weather.page)
                    await near[0].read(_CHUNK)
                    return
                far = await asyncio.open_connection(
                    "127.0.0.1", self.target, ssl=None if tamper is None else self.ends.client
                )
                ending.push_async_callback(_shut, far[1], self)
                way = _Way(self, tamper)
                await way.both(near, far)

    @property
    def resets(self) -> bool:
        return self._reset_all or self.weather.reset

    async def pace(self, size: int) -> None:
        """Wait as long as so many bytes take."""
        weather = self.weather
        wait = self._chance.uniform(0, weather.delay_s) if weather.delay_s else 0.0
        if weather.bytes_per_s:
            wait += size / weather.bytes_per_s
        if wait:
            await asyncio.sleep(wait)


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Way:
    """One connection through a port."""

    def __init__(self, port: Port, tamper: Tamper | None) -> None:
        self._port = port
        self._tamper = tamper
        self._passed = 0
        self._silent = False
        if tamper is not None:
            tamper.connected()

    async def both(self, near: _Streams, far: _Streams) -> None:
        up = asyncio.create_task(self._carry(near[0], far[1], near[1], upward=True))
        down = asyncio.create_task(self._carry(far[0], near[1], far[1], upward=False))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
            down.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        *,
        upward: bool,
    ) -> None:
        splitter = Splitter()
        while data := await reader.read(_CHUNK):
            await self._port.pace(len(data))
            self._silent = self._silent or self._port.weather.silent
            if self._silent:
                continue
            if self._tamper is None:
                data = self._allowed(data)
                writer.write(data)
                await writer.drain()
                if self._over():
                    return
                continue
            for packet in splitter.feed(data):
                onward, backward = self._tamper.onward(packet, upward=upward)
                writer.write(b"".join(each.to_bytes() for each in onward))
                back.write(b"".join(each.to_bytes() for each in backward))
            await writer.drain()
            await back.drain()

    def _allowed(self, data: bytes) -> bytes:
        most = self._port.weather.cut_after
        if most is not None:
            data = data[: max(0, most - self._passed)]
        self._passed += len(data)
        self._port.bytes_passed += len(data)
        return data

    def _over(self) -> bool:
        most = self._port.weather.cut_after
        return most is not None and self._passed >= most


async def _accepted(sock: socket.socket, tls: ssl.SSLContext | None) -> _Streams:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=tls)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _shut(writer: asyncio.StreamWriter, port: Port) -> None:
    if port.resets:
        sock = writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
        return
    with contextlib.suppress(*_QUIET):
        await asyncio.wait_for(writer.drain(), 0.2)
    if writer.get_extra_info("ssl_object") is None:
        writer.close()
    else:
        writer.transport.abort()  # a TLS farewell would wait for the other side's
