"""What others see of a site: a relay that keeps all bytes, a reader at the broker, and a search."""

import base64
import datetime
import selectors
import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.cli.keyfiles import write_secret
from greenline.cli.site import KIOSK, MATCHER, Site
from greenline.link.settings import LinkSettings

JPEG, WSQ = b"\xff\xd8\xff", b"\xff\xa0\xff"
MAGICS = {
    "ISO record": [b"FMR\0", b"FIR\0", b"FAC\0"],
    "PNG": [b"\x89PNG\r\n\x1a\n"],
    "JPEG": [JPEG + bytes([marker]) for marker in (0xDB, 0xE0, 0xE1, 0xE2, 0xFE)],
    "WSQ": [WSQ + bytes([marker]) for marker in (0xA2, 0xA4, 0xA5, 0xA8)],
}
_WINDOW = 24


class Relay:
    """Passes a Unix socket's bytes on in both directions, unchanged, and keeps them all."""

    def __init__(self, listen_at: Path, forward_to: Path) -> None:
        self._forward_to = forward_to
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(listen_at))
        self._server.listen()
        self._closing, self._closed = socket.socketpair()
        self._kept: list[bytes] = []
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def seen(self) -> bytes:
        """Return all that went through so far."""
        return b"".join(self._kept)

    def stop(self) -> None:
        self._closed.send(b"x")
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            others: dict[socket.socket, socket.socket] = {}
            for each in (self._server, self._closing):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._closing in ready:
                    break
                for one in ready:
                    assert isinstance(one, socket.socket)
                    if one is self._server:
                        self._connect(selector, others)
                    elif one in others:
                        self._pass_on(one, selector, others)
            for one in (*others, self._server, self._closing, self._closed):
                one.close()

    def _connect(
        self, selector: selectors.BaseSelector, others: dict[socket.socket, socket.socket]
    ) -> None:
        near, _ = self._server.accept()
        far = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            far.connect(str(self._forward_to))
        except OSError:  # nobody there yet: the client tries again
            near.close()
            far.close()
            return
        others[near], others[far] = far, near
        for each in (near, far):
            selector.register(each, selectors.EVENT_READ)

    def _pass_on(
        self,
        one: socket.socket,
        selector: selectors.BaseSelector,
        others: dict[socket.socket, socket.socket],
    ) -> None:
        other = others[one]
        try:
            data = one.recv(65536)
            self._kept.append(data)
            other.sendall(data)
        except OSError:
            data = b""
        if not data:
            for each in (one, other):
                selector.unregister(each)
                del others[each]
                each.close()


def certify_anew(site: Site, *readers: str) -> dict[str, LinkSettings]:
    """Give a site another root, and a link to clients that may read everything at its broker."""
    now = datetime.datetime.now(datetime.UTC)
    authority = CertificateAuthority.create("Test root", now, days=2)
    (site.folder / "ca.pem").write_bytes(authority.credential.certificate_pem)
    _keep(site, "broker", authority.issue_server(["127.0.0.1"], now, days=1))
    _keep(site, "uplink", authority.issue_client(KIOSK, now, days=1))
    _keep(site, "matcher-link", authority.issue_client(MATCHER, now, days=1))
    access = site.folder / "access.conf"
    links = {}
    for name in readers:
        _keep(site, name, authority.issue_client(name, now, days=1))
        access.write_text(f"{access.read_text()}\nuser {name}\ntopic read #\n")
        links[name] = LinkSettings(
            host="127.0.0.1",
            client_id=name,
            ca=site.folder / "ca.pem",
            certificate=site.folder / f"{name}.pem",
            key=site.folder / f"{name}.key",
            port=site.broker_port,
        )
    return links


def _keep(site: Site, name: str, credential: Credential) -> None:
    (site.folder / f"{name}.pem").write_bytes(credential.certificate_pem)
    write_secret(site.folder / f"{name}.key", credential.key_pem)


@dataclass(frozen=True)
class Secrets:
    """What nobody may see, as any part of it would look: raw, in hex, in base64."""

    bodies: tuple[bytes, ...]
    words: tuple[bytes, ...]

    def found_in(self, seen: bytes) -> list[str]:
        """Return what of them stands in these bytes."""
        found = [name for name, magics in MAGICS.items() if any(each in seen for each in magics)]
        found += [word.decode() for word in self.words if any(w in seen for w in ways(word))]
        upper = seen.upper()
        for number, body in enumerate(self.bodies):
            for piece in pieces(body):
                if (
                    any(each in seen for each in ways(piece))
                    or piece.hex().upper().encode() in upper
                ):
                    found.append(f"body {number}")
                    break
        return found


def pieces(body: bytes) -> Iterator[bytes]:
    """Yield pieces of a body so that any stretch of twice their length holds a whole one."""
    for at in range(0, len(body) - _WINDOW + 1, _WINDOW):
        yield body[at : at + _WINDOW]


def ways(data: bytes) -> Iterable[bytes]:
    """Yield how data could be written: raw, in hex, in base64 at each of its three offsets."""
    yield data
    yield data.hex().encode()
    for offset in range(3):
        # The first and last characters depend on what stands beside.
        yield base64.b64encode(bytes(offset) + data)[4 if offset else 0 : -4]
