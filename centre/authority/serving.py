"""The authority's TLS side: uvicorn over TLS 1.3, with the client's certificate for the endpoints.

A connection has a deadline for its handshake and one for its whole life, so that who sends nothing,
or a byte now and then, holds a socket for seconds and nobody up. A client without a certificate is
let in: it may enrol. One with a certificate that does not verify is not: RFC 7030's way back is a
new enrolment.
"""

import asyncio
import contextlib
import datetime
import functools
import logging
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.errors import FolderError

log = logging.getLogger(__name__)

_MOST_CONNECTIONS = 500
_LOOK_EVERY_S = 2.0

Now = Callable[[], datetime.datetime]


@dataclass(frozen=True)
class Patience:
    """How long a client may take for its TLS handshake, and for all that it wants. Seconds."""

    handshake_s: float = 5.0
    connection_s: float = 20.0


class Identification:
    """The TLS context of a running server: it follows the authority's roots and certificate."""

    def __init__(self, authority: Authority, now: Now) -> None:
        self._authority = authority
        self._now = now
        self._seen: tuple[bytes, bytes] = (b"", b"")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.verify_mode = ssl.CERT_OPTIONAL
        self.context.num_tickets = 0  # each connection proves its key anew
        self.refresh()

    def refresh(self) -> None:
        """Take up a new root and a new certificate of our own. Raises FolderError."""
        path = self._authority.server_file(self._now())
        try:
            roots, own = self._authority.roots.bundle(), path.read_bytes()
            if (roots, own) == self._seen:
                return
            self.context.load_verify_locations(cadata=roots.decode())
            self.context.load_cert_chain(path)
        except (OSError, ssl.SSLError) as fault:
            raise FolderError(f"{path} cannot be used: {fault}") from fault
        self._seen = (roots, own)


class Server:
    """A running authority."""

    def __init__(
        self,
        app: ASGIApp,
        identification: Identification,
        patience: Patience | None = None,
        follow: Callable[[], object] = lambda: None,
    ) -> None:
        """Prepare it. follow: called every few seconds; may raise FolderError."""
        self._identification = identification
        self._follow_too = follow
        self._patience = patience or Patience()
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
            limit_concurrency=_MOST_CONNECTIONS,
        )
        config.load()
        config.ssl = identification.context
        made = functools.partial(_Protocol, self._patience.connection_s)
        config.http_protocol_class = made  # type: ignore[assignment]  # it is only ever called
        self._server = uvicorn.Server(config)

    def run(self, listening: socket.socket) -> None:
        """Serve until stop() or, on the main thread, SIGINT or SIGTERM."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: self.stop())
        with asyncio.Runner(loop_factory=functools.partial(_Loop, self._patience)) as runner:
            runner.run(self._serve(listening))

    def stop(self) -> None:
        """End run(), from any thread."""
        self._server.should_exit = True

    async def _serve(self, listening: socket.socket) -> None:
        following = asyncio.create_task(self._follow())
        try:
            await self._server.serve(sockets=[listening])
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await asyncio.to_thread(self._identification.refresh)
                await asyncio.to_thread(self._follow_too)
            except FolderError as fault:
                log.warning("refresh failed", extra={"reason": str(fault)})
            except Exception:
                # The last resort of this loop: without it the server's certificate would expire.
                log.exception("refresh failed")


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose TLS servers do not wait for a handshake for long."""

    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self._patience = patience

    async def create_server(self, *arguments: Any, **named: Any) -> asyncio.Server:
        if named.get("ssl") is not None:
            named.setdefault("ssl_handshake_timeout", self._patience.handshake_s)
        return await super().create_server(*arguments, **named)


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, which knows the peer's certificate and ends a connection in time."""

    def __init__(self, most_s: float, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._most_s = most_s
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self._most_s, transport.abort)
        secure = transport.get_extra_info("ssl_object")
        der = secure.getpeercert(binary_form=True) if secure is not None else None
        self.app = _WithCertificate(self.app, der)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)


class _WithCertificate:
    """Adds the peer's certificate to each request, as ASGI's extension "tls" says."""

    def __init__(self, app: Any, der: bytes | None) -> None:
        self._app = app
        self._chain = [] if der is None else [ssl.DER_cert_to_PEM_cert(der)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tls = {"client_cert_chain": self._chain, "client_cert_error": None}
        extended = {**scope, "extensions": {**scope.get("extensions", {}), "tls": tls}}
        await self._app(extended, receive, send)
