"""A real HTTP server on this machine that does what servers and networks in between do."""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOOKS_A_READ = 3

PORTAL = b"<!DOCTYPE html><html><body>Welcome to Border Hotel. Please log in.</body></html>"


class HandClock:
    """Seconds that go on only when somebody says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class ReadersClock(HandClock):
    """A clock by which a server sees that its reader, which looks at it, took what was sent.

    Socket buffers would let the server run ahead of the reader, and the time with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._looks = 0

    def __call__(self) -> float:
        with self._changed:
            self._looks += 1
            self._changed.notify_all()
        return super().__call__()

    def drip(self, seconds: float, gone: Callable[[], bool]) -> None:
        """Let time pass once the reader waits again, or is gone; for `before_slice`."""
        with self._changed:
            # Once before it waits, twice when it has read (ota/pace.py).
            while not gone() and self._looks < LOOKS_A_READ:
                self._changed.wait(0.01)
            if gone():
                return  # what it looked at since is for the next connection
            self._looks = 0
            self.advance(seconds)


@dataclass
class Behaviour:
    """What the server does to each reply from now on; only_below: to paths that begin so."""

    drop_after: int | None = None
    drops_left: int = 1_000_000
    knows_ranges: bool = True
    tags: Callable[[bytes], str] | None = lambda data: f'"{hash(data):x}"'
    slice_bytes: int = 1 << 16
    before_slice: Callable[[Callable[[], bool]], None] = lambda gone: None
    drips_headers: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    only_below: str = "/"
    says_length: bool = True
    at_most: int | None = None


@dataclass
class Asked:
    """One request, as it came."""

    path: str
    start: int
    if_range: str


class UpdateServer:
    """Serves a folder, one answer at a time. `asked` holds every request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.behaviour = Behaviour()
        self.asked: list[Asked] = []
        self._sent = 0
        self.answering = threading.Lock()
        self.connections = 0
        self.before_reply: Callable[[], None] = lambda: None
        self._server = _Server(("127.0.0.1", 0), type("_Of", (_Handler,), {"world": self}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    @property
    def sent(self) -> int:
        """The bytes of bodies that went out. Whoever has read them all may be before us here."""
        with self.answering:
            return self._sent

    def count(self, size: int) -> None:
        self._sent += size

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[UpdateServer]:
    server = UpdateServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._open: set[socket.socket] = set()

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no news."""


def _nobody_counts(_: int) -> None:
    """Stand in for the server: heads are not counted."""


class _Handler(BaseHTTPRequestHandler):
    world: UpdateServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.world.connections += 1
        super().setup()

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        with self.world.answering:
            self._answer()

    def _answer(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        self.world.asked.append(Asked(self.path, start, self.headers.get("If-Range", "")))
        self.world.before_reply()
        behaviour = self.world.behaviour
        if not self.path.startswith(behaviour.only_below):
            behaviour = Behaviour()
        data = behaviour.body
        if data is None:
            path = self.world.folder / self.path.lstrip("/")
            data = path.read_bytes() if path.is_file() else None
        if data is None:
            self._reply(behaviour, 404, {}, b"")
        else:
            self._serve(behaviour, data, start)

    def _serve(self, behaviour: Behaviour, data: bytes, start: int) -> None:
        headers = dict(behaviour.headers)
        tag = behaviour.tags(data) if behaviour.tags else ""
        if tag:
            headers["ETag"] = tag
        asked = self.headers.get("If-Range", tag)
        status = 200
        if start and behaviour.knows_ranges and asked == tag:
            if start >= len(data):
                self._reply(behaviour, 416, headers, b"")
                return
            status = 206
            end = len(data) if behaviour.at_most is None else start + behaviour.at_most
            part = data[start:end]
            headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
            data = part
        self._reply(behaviour, behaviour.status or status, headers, data)

    def _reply(
        self, behaviour: Behaviour, status: int, headers: dict[str, str], data: bytes
    ) -> None:
        head = f"HTTP/1.1 {status} Said\r\n"
        if behaviour.says_length:
            head += f"Content-Length: {len(data)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        if behaviour.drips_headers:
            self._send(behaviour, head.encode())
        else:
            self.wfile.write(head.encode())
        cut = behaviour.drop_after is not None and behaviour.drops_left > 0
        part = data[: behaviour.drop_after] if cut else data
        self._send(behaviour, part, self.world.count)
        if len(part) < len(data):
            behaviour.drops_left -= 1
            self.close_connection = True
        if not behaviour.says_length:
            self.close_connection = True

    def _send(
        self, behaviour: Behaviour, data: bytes, count: Callable[[int], None] = _nobody_counts
    ) -> None:
        for at in range(0, len(data), behaviour.slice_bytes):
            behaviour.before_slice(self._gone)
            part = data[at : at + behaviour.slice_bytes]
            self.wfile.write(part)
            count(len(part))

    def _gone(self) -> bool:
        """Whether the client has closed; it says nothing while it reads."""
        return bool(select.select([self.connection], [], [], 0)[0])
