"""Reads a published repository from a server, over a link that comes and goes.

A file is read to its end across any number of cut connections: each goes on from the byte that was
reached (Range), on a new connection, since the address may be a new one too. It gives up when
several tries in a row brought nothing, when the rate falls below the least, or at the deadline.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast
from urllib.parse import quote, urlsplit

from greenline.ota.errors import LostError
from greenline.ota.pace import DeadlineError, Monotonic, Pace
from greenline.ota.paced_socket import PacedSocket
from greenline.ota.replies import (
    Body,
    ChangedError,
    PortalError,
    Wanted,
    check_beginning,
    understand,
)
from greenline.ota.source import MissingError, oversize

_PIECE_BYTES: Final = 16384
_MOST_REDIRECTS: Final = 3
_SPOILT: Final = (ChangedError, PortalError)
_SAFE: Final = "/%~"
_AGENT: Final = {"User-Agent": "greenline-update", "Accept": "*/*"}


@dataclass(frozen=True)
class LinkTerms:
    """How patient a link is.

    silence_s: no byte for so long ends a connection. least_per_second: bytes, over each window.
    deadline_s: for one run of the client. tries: in a row, without progress_bytes more of a file.
    pauses_s: before each further one; the last one stands for all that follow.
    """

    silence_s: float = 30
    least_per_second: float = 50
    window_s: float = 60
    deadline_s: float = 6 * 3600
    tries: int = 6
    progress_bytes: int = 1500
    pauses_s: tuple[float, ...] = (0, 1, 5, 15, 30)


@dataclass
class _Partial:
    """What has come of a file so far."""

    data: bytearray
    mark: str = ""


class HttpsSource:
    """One server. Not safe to share between threads."""

    def __init__(
        self,
        url: str,
        terms: LinkTerms,
        clock: Monotonic,
        pause: Callable[[float], None],
        authority: Path | None = None,
    ) -> None:
        """url: of the folder with `metadata`; authority: PEM of who vouches for the server.

        Plain http is for a server on this machine alone. Raises ValueError, OSError, ssl.SSLError.
        """
        check_url(url)
        self._url = url.rstrip("/") + "/"
        self._terms = terms
        self._pause = pause
        self._pace = Pace(terms.least_per_second, terms.window_s, terms.deadline_s, clock)
        self._tls = None
        if urlsplit(url).scheme == "https":
            self._tls = ssl.create_default_context(cafile=authority)
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._connection: http.client.HTTPConnection | None = None

    def read(self, path: str, most: int) -> bytes:
        """Return a whole file, across cut connections. Raises LostError, RefusedError."""
        partial = _Partial(bytearray())
        failed = reached = 0
        while True:
            try:
                if self._read_on(path, most, partial):
                    return bytes(partial.data)
                continue
            except (MissingError, DeadlineError):
                self.close()
                raise
            except LostError as fault:
                self.close()
                if isinstance(fault, _SPOILT) or not _can_go_on(path, partial):
                    partial = _Partial(bytearray())
                failed += 1
                if len(partial.data) >= reached + self._terms.progress_bytes:
                    failed, reached = 1, len(partial.data)
                if failed >= self._terms.tries:
                    raise
            self._wait(failed)

    def close(self) -> None:
        """End the connection; the next read() makes a new one."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.close()
            self._connection = None

    def _wait(self, failed: int) -> None:
        pauses = self._terms.pauses_s
        pause = pauses[min(failed, len(pauses)) - 1] if pauses else 0
        self._pause(min(pause, self._pace.left_s()))

    def _read_on(self, path: str, most: int, partial: _Partial) -> bool:
        """Read on from where a file was left. Returns whether it is there as a whole."""
        wanted = Wanted(self._url + quote(path, safe=_SAFE), len(partial.data), partial.mark)
        for _ in range(_MOST_REDIRECTS + 1):
            with self._reply(wanted) as reply:
                meaning = understand(wanted, reply.status, reply.headers)
                if isinstance(meaning, Body):
                    return self._take(wanted, reply, meaning, partial, (path, most))
            self.close()
            wanted = Wanted(meaning.url, wanted.start, wanted.mark)
        raise LostError(f"{path}: the server sends us round in circles")

    def _take(
        self,
        wanted: Wanted,
        reply: http.client.HTTPResponse,
        body: Body,
        partial: _Partial,
        bound: tuple[str, int],
    ) -> bool:
        """Take a reply's bytes. Returns whether the file is there as a whole."""
        path, most = bound
        if max(body.total or 0, body.start + (body.length or 0)) > most:
            raise oversize(path, most)
        del partial.data[body.start :]
        partial.mark = body.mark
        with _lost(path):
            while piece := reply.read1(_PIECE_BYTES):
                partial.data += piece
                if len(partial.data) > most:
                    raise oversize(path, most)
        check_beginning(wanted, bytes(partial.data[:64]))
        if body.length is not None and len(partial.data) < body.start + body.length:
            raise LostError(f"{path}: the connection was cut")
        return body.total is None or len(partial.data) >= body.total

    @contextlib.contextmanager
    def _reply(self, wanted: Wanted) -> Iterator[http.client.HTTPResponse]:
        """Ask, and give the reply; the connection is kept only when all of it was read."""
        with _lost(wanted.url):
            connection = self._connection or self._connect()
            self._connection = connection
            self._pace.begin()
            parts = urlsplit(wanted.url)
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={**_AGENT, **wanted.headers()})
            reply = connection.getresponse()
        try:
            yield reply
        finally:
            whole = reply.isclosed() or reply.length == 0
            reply.close()
            if not whole:
                self.close()

    def _connect(self) -> http.client.HTTPConnection:
        """Return a new connection. Raises OSError."""
        parts = urlsplit(self._url)
        host, port = parts.hostname or "", parts.port
        limit = min(self._terms.silence_s, self._pace.left_s())
        connection: http.client.HTTPConnection
        if self._tls is None:
            connection = http.client.HTTPConnection(host, port, timeout=limit)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=limit, context=self._tls)
        connection.connect()
        paced = PacedSocket(connection.sock, self._pace, self._terms.silence_s)
        connection.sock = cast("socket.socket", paced)
        return connection


def check_url(url: str) -> None:
    """Refuse an address that is none, or plain http to another machine. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is no address such as https://updates.example/greenline/")
    if parts.username is not None or not 0 < (parts.port or 443) < 65536:
        raise ValueError(f"{url!r}: no user's name and no such port belongs there")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise ValueError(f"{url!r}: plain http is for a server on this machine alone")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _can_go_on(path: str, partial: _Partial) -> bool:
    """Whether the rest of a file may be fetched later: it has a mark, or its name says what it is.

    Chunks and targets have their hash in their name, metadata its version; timestamp.json has
    neither.
    """
    return bool(partial.mark) or not path.endswith("/timestamp.json")


@contextlib.contextmanager
def _lost(what: str) -> Iterator[None]:
    """Turn what a socket, TLS or an HTTP reply can raise into LostError."""
    try:
        yield
    except ssl.SSLCertVerificationError as fault:
        words = f"{what}: the server does not show the certificate that it should"
        raise LostError(f"{words} ({fault.verify_message})") from fault
    except TimeoutError as fault:
        raise LostError(f"{what}: the server is silent") from fault
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise LostError(f"{what}: the connection was lost ({fault})") from fault
