"""Each way in which no connection comes about has words of its own: real sockets, real TLS."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.cli.children import Child
from greenline.cli.site import KIOSK, MATCHER, Site
from greenline.link.ended import failed
from greenline.link.reasons import Reaction
from greenline.link.settings import LinkSettings
from tests.link.conftest import StartLink
from tests.link.scripted_broker import ScriptedBroker

RESULT_TOPIC = f"greenline/1/result/{KIOSK}"
NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)

# paho leaves the socket of a failed TLS handshake to the garbage collector, which closes it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def told(kiosk_settings: LinkSettings, start_link: StartLink) -> Callable[..., str]:
    """Return what a link with changed settings says when no connection comes about."""

    def tell(**changed: object) -> str:
        kiosk = start_link(msgspec.structs.replace(kiosk_settings, **changed), [RESULT_TOPIC])
        return str(kiosk.heard.next("down")[1])

    return tell


class Stranger:
    """Something else on the port: says the same to everybody and hangs up."""

    def __init__(self, words: bytes) -> None:
        self._words = words
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(timeout=20)

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self._listening.accept()
            except OSError:
                return  # closed
            with visitor:
                visitor.recv(4096)
                visitor.sendall(self._words)


@pytest.fixture
def stranger(request: pytest.FixtureRequest) -> Iterator[Stranger]:
    stranger = Stranger(request.param)
    yield stranger
    stranger.close()


@pytest.fixture
def authority(site: Site) -> CertificateAuthority:
    """A new authority for a site's broker; the site's own key is not kept."""
    authority = CertificateAuthority.create("Greenline demo root", NOW - 9 * DAY)
    (site.folder / "ca.pem").write_bytes(authority.credential.certificate_pem)
    return authority


@pytest.fixture
def serve(site: Site) -> Iterator[Callable[[Credential], int]]:
    """Serve with a certificate; returns the port."""
    running: list[ScriptedBroker] = []

    def start(credential: Credential) -> int:
        (site.folder / "broker.pem").write_bytes(credential.certificate_pem)
        (site.folder / "broker.key").write_bytes(credential.key_pem)
        running.append(ScriptedBroker(site.folder))
        return running[-1].port

    yield start
    for each in running:
        each.close()


def test_a_name_that_nobody_knows(told: Callable[..., str]) -> None:
    assert told(host="no-such-broker.invalid").startswith("the broker's name cannot be resolved")


def test_a_port_where_nobody_is(told: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]

    assert told(port=free) == "there is no broker at this address"


@pytest.mark.parametrize(
    "stranger",
    [
        b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n<html>Welcome</html>",
        b"<!doctype html><html><body>Please log in</body></html>",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
    ],
    indirect=True,
)
def test_a_login_page_of_the_network_or_anything_else_on_the_port(
    stranger: Stranger, told: Callable[..., str]
) -> None:
    assert told(port=stranger.port) == (
        "what answers at this address is no broker: a login page of the network, or the wrong port"
    )


@pytest.mark.parametrize("stranger", [b""], indirect=True)
def test_somebody_who_hangs_up_without_a_word(stranger: Stranger, told: Callable[..., str]) -> None:
    assert told(port=stranger.port) == "the connection was cut"


def test_somebody_who_says_nothing_at_all(told: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]

        assert told(port=port, connect_timeout_s=0.3) == "the broker does not answer"


def test_a_broker_of_another_authority(
    broker: Child, told: Callable[..., str], tmp_path: Path
) -> None:
    stranger = CertificateAuthority.create("Somebody else", NOW)
    other = tmp_path / "other-ca.pem"
    other.write_bytes(stranger.credential.certificate_pem)

    words = told(ca=other)

    assert words.startswith("the broker's certificate is not one we trust")
    assert words.endswith("a login page of the network, or broker.ca is the wrong file")


def test_a_broker_whose_certificate_has_expired(
    authority: CertificateAuthority, serve: Callable[[Credential], int], told: Callable[..., str]
) -> None:
    port = serve(authority.issue_server(["127.0.0.1"], NOW - 8 * DAY, days=2))

    words = told(port=port)

    assert words.startswith("the broker's certificate has expired, or this device's clock is wrong")
    assert f"{NOW:%Y-%m-%d}" in words


def test_a_clock_that_is_behind(
    authority: CertificateAuthority, serve: Callable[[Credential], int], told: Callable[..., str]
) -> None:
    port = serve(authority.issue_server(["127.0.0.1"], NOW + 8 * DAY, days=2))

    words = told(port=port)

    assert words.startswith("the broker's certificate is not valid yet, or this device's clock")


def test_a_broker_of_another_name(
    authority: CertificateAuthority, serve: Callable[[Credential], int], told: Callable[..., str]
) -> None:
    port = serve(authority.issue_server(["broker.example.org"], NOW, days=2))

    assert told(port=port).startswith("what answers has a certificate for another name")


def test_our_own_certificate_has_expired(
    site: Site,
    authority: CertificateAuthority,
    serve: Callable[[Credential], int],
    told: Callable[..., str],
) -> None:
    port = serve(authority.issue_server(["127.0.0.1"], NOW, days=2))
    old = authority.issue_client(KIOSK, NOW - 8 * DAY, days=2)
    pair = site.folder / "old.pem"
    pair.write_bytes(old.key_pem + old.certificate_pem)

    words = told(port=port, certificate=pair, key=pair)

    assert words == "this device's certificate has expired: renew it, or call a technician"


def test_our_own_certificate_is_of_somebody_the_broker_does_not_know(
    site: Site, broker: Child, told: Callable[..., str], tmp_path: Path
) -> None:
    forged = CertificateAuthority.create("Another root", NOW).issue_client(MATCHER, NOW)
    pair = tmp_path / "forged.pem"
    pair.write_bytes(forged.key_pem + forged.certificate_pem)

    words = told(certificate=pair, key=pair)

    assert words.startswith("the broker does not know who signed this device's certificate")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SSLV3_ALERT_CERTIFICATE_REVOKED", "this device's certificate was revoked"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "the broker wants a certificate of this device"),
        ("TLSV1_ALERT_ACCESS_DENIED", "the broker refused our certificate"),
    ],
)
def test_what_the_brokers_tls_says_of_us(name: str, words: str) -> None:
    fault = ssl.SSLError(1, f"[SSL: {name}]")
    fault.reason = name

    found = failed(fault, NOW)

    assert found.words.startswith(words)
    assert found.reaction is Reaction.TECHNICIAN


def test_what_nobody_has_thought_of_is_told_as_the_system_says_it() -> None:
    assert failed(OSError("no route to host"), NOW).words == (
        "no connection to the broker (no route to host)"
    )
