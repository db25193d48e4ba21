"""A running authority on a free port, over real TLS, and plain clients to try it with."""

import contextlib
import datetime
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from greenline.centre.authority.app import make_app
from greenline.centre.authority.authority import Authority, create, opened
from greenline.centre.authority.serving import Identification, Patience, Server
from tests.centre.authority.asking import SITE, Clock, DeviceKeys, matcher_identity

PATIENCE = Patience(handshake_s=1.0, connection_s=3.0)


@dataclass
class Running:
    """An authority that is 200 days old, and serves at the true time unless told otherwise."""

    authority: Authority
    port: int
    clock: Clock
    identification: Identification
    folder: Path
    said: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def roots(self) -> Path:
        path = self.folder / "roots.pem"
        path.write_bytes(self.authority.roots.bundle())
        return path

    def context(self, pair: Path | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.roots)
        if pair is not None:
            context.load_cert_chain(pair)
        return context

    def pair(self, keys: DeviceKeys, certificate_pem: bytes) -> Path:
        path = self.folder / "pair.pem"
        path.write_bytes(keys.transport_pem + certificate_pem)
        return path

    def ask(
        self, method: str, path: str, body: bytes | None = None, pair: Path | None = None,
        **headers: str,
    ) -> tuple[int, bytes, http.client.HTTPMessage]:  # fmt: skip
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=15, context=self.context(pair)
        )
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers


@contextlib.contextmanager
def running(folder: Path, patience: Patience = PATIENCE) -> Iterator[Running]:
    true_now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    create(folder / "authority", SITE, true_now - datetime.timedelta(days=200))
    clock = Clock(true_now)
    with opened(folder / "authority") as authority:
        authority.set_matcher(matcher_identity())
        identification = Identification(authority, clock)
        server = Server(make_app(authority, clock), identification, patience)
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        serving = threading.Thread(target=server.run, args=(listening,))
        serving.start()
        try:
            port = listening.getsockname()[1]
            yield Running(authority, port, clock, identification, folder)
        finally:
            server.stop()
            serving.join(timeout=20)
            listening.close()
        assert not serving.is_alive()
