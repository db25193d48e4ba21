"""Rows 23 to 25: what a link, a server or somebody in between does to a download."""

import datetime
import random
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greenline.ota.errors import LostError, RefusedError
from greenline.ota.https import HttpsSource, LinkTerms
from greenline.ota.pace import DeadlineError, TooSlowError
from greenline.ota.reasons import Reason
from greenline.ota.replies import PortalError
from greenline.ota.source import MissingError
from tests.ota.server import PORTAL, ReadersClock, UpdateServer, serving

PATH = "chunks/ab/file.zst"
DATA = random.Random(5).randbytes(100_000)
QUICK = LinkTerms(silence_s=5, pauses_s=(1, 2))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[UpdateServer]:
    whole = tmp_path / "published" / PATH
    whole.parent.mkdir(parents=True)
    whole.write_bytes(DATA)
    with serving(tmp_path / "published") as running:
        yield running


class Opened:
    """A source with clocks of its own; `pauses` are those that it would have made."""

    def __init__(self, url: str, terms: LinkTerms = QUICK) -> None:
        self.clock = ReadersClock()
        self.pauses: list[float] = []
        self.source = HttpsSource(url, terms, self.clock, self.pauses.append)


@pytest.fixture
def opened(server: UpdateServer) -> Iterator[Opened]:
    made = Opened(server.url)
    yield made
    made.source.close()


def test_a_file_comes_as_it_is(server: UpdateServer, opened: Opened) -> None:
    assert opened.source.read(PATH, len(DATA)) == DATA
    assert opened.source.read(PATH, len(DATA)) == DATA
    assert server.connections == 1
    assert opened.pauses == []


@pytest.mark.parametrize("every", [700, 4096, 99_999])
def test_a_cut_line_is_gone_on_with_from_the_byte_that_was_reached(
    server: UpdateServer, opened: Opened, every: int
) -> None:
    server.behaviour.drop_after = every
    assert opened.source.read(PATH, len(DATA)) == DATA
    assert [asked.start for asked in server.asked] == list(range(0, len(DATA), every))
    assert server.sent == len(DATA)
    assert server.connections == len(server.asked)


def test_a_server_without_ranges_serves_when_the_line_holds(
    server: UpdateServer, opened: Opened
) -> None:
    server.behaviour.knows_ranges = False
    server.behaviour.drop_after = 40_000
    server.behaviour.drops_left = 3
    assert opened.source.read(PATH, len(DATA)) == DATA
    assert len(server.asked) == 4


def test_a_file_that_changed_is_read_from_its_beginning(
    server: UpdateServer, opened: Opened
) -> None:
    server.behaviour.drop_after = 40_000
    server.behaviour.drops_left = 1
    new = DATA[::-1]

    def change() -> None:
        if len(server.asked) == 2:
            (server.folder / PATH).write_bytes(new)

    server.before_reply = change
    assert opened.source.read(PATH, len(DATA)) == new


def test_a_range_with_another_mark_is_not_joined(server: UpdateServer, opened: Opened) -> None:
    marks = iter(f'"{number}"' for number in range(1000))
    server.behaviour.tags = lambda _: next(marks)
    server.behaviour.drop_after = 40_000
    server.behaviour.drops_left = 2
    assert opened.source.read(PATH, len(DATA)) == DATA
    # Each time the whole file, since its mark was another.
    assert server.sent == 2 * 40_000 + len(DATA)


def test_a_server_without_marks_is_gone_on_with_for_what_never_changes(
    server: UpdateServer, opened: Opened
) -> None:
    server.behaviour.tags = None
    server.behaviour.drop_after = 40_000
    assert opened.source.read(PATH, len(DATA)) == DATA
    assert server.sent == len(DATA)


def test_a_timestamp_without_a_mark_is_read_from_its_beginning(
    server: UpdateServer, opened: Opened
) -> None:
    (server.folder / "metadata").mkdir()
    (server.folder / "metadata/timestamp.json").write_bytes(DATA[:9000])
    server.behaviour.tags = None
    server.behaviour.drop_after = 5000
    server.behaviour.drops_left = 2
    assert opened.source.read("metadata/timestamp.json", 9000) == DATA[:9000]
    assert [asked.start for asked in server.asked] == [0, 0, 0]


def test_a_server_that_sends_parts_of_its_own_size_is_asked_for_the_next(
    server: UpdateServer, opened: Opened
) -> None:
    server.behaviour.drop_after = 10_000
    server.behaviour.drops_left = 1
    server.behaviour.at_most = 30_000
    assert opened.source.read(PATH, len(DATA)) == DATA
    assert opened.pauses == [1]


def test_a_line_that_brings_nothing_is_given_up(server: UpdateServer, opened: Opened) -> None:
    server.behaviour.drop_after = 0
    with pytest.raises(LostError, match="cut"):
        opened.source.read(PATH, len(DATA))
    assert len(server.asked) == QUICK.tries
    assert opened.pauses == [1, 2, 2, 2, 2]


def test_a_dead_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    opened = Opened(f"http://127.0.0.1:{port}/")
    with pytest.raises(LostError, match="connection was lost"):
        opened.source.read(PATH, 10)


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        terms = LinkTerms(silence_s=0.05, tries=2)
        opened = Opened(f"http://127.0.0.1:{port}/", terms)
        with pytest.raises(LostError, match="silent"):
            opened.source.read(PATH, 10)
        opened.source.close()


@pytest.mark.parametrize("headers", [False, True])
def test_a_drip_is_given_up(server: UpdateServer, opened: Opened, headers: bool) -> None:
    server.behaviour.slice_bytes = 4
    server.behaviour.before_slice = lambda gone: opened.clock.drip(1, gone)
    server.behaviour.drips_headers = headers
    with pytest.raises(TooSlowError):
        opened.source.read(PATH, len(DATA))
    assert server.sent < 10_000


def test_the_deadline_ends_a_run(server: UpdateServer) -> None:
    opened = Opened(server.url, LinkTerms(deadline_s=100, least_per_second=1, silence_s=5))
    server.behaviour.slice_bytes = 1000
    server.behaviour.before_slice = lambda gone: opened.clock.drip(10, gone)
    with pytest.raises(DeadlineError):
        opened.source.read(PATH, len(DATA))
    opened.source.close()


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", ""])
def test_a_login_page_is_recognised(server: UpdateServer, opened: Opened, kind: str) -> None:
    server.behaviour.body = b"\xef\xbb\xbf\r\n" + PORTAL
    server.behaviour.headers = {"Content-Type": kind} if kind else {}
    with pytest.raises(PortalError, match="login"):
        opened.source.read(PATH, len(DATA))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["http://login.example/", "https://127.0.0.1/", "//10.0.0.1/", "http://[", ""]
)
def test_a_redirect_to_another_server_is_a_login_page(
    server: UpdateServer, opened: Opened, status: int, location: str
) -> None:
    server.behaviour.status = status
    server.behaviour.headers = {"Location": location}
    with pytest.raises(PortalError):
        opened.source.read(PATH, len(DATA))


def test_network_authentication_required_is_a_login_page(
    server: UpdateServer, opened: Opened
) -> None:
    server.behaviour.status = 511
    with pytest.raises(PortalError):
        opened.source.read(PATH, len(DATA))


def test_a_redirect_on_the_same_server_is_followed(server: UpdateServer, opened: Opened) -> None:
    server.behaviour.status = 302
    server.behaviour.only_below = "/old"
    server.behaviour.headers = {"Location": "/" + PATH}
    server.behaviour.body = b""
    assert opened.source.read("old/file.zst", len(DATA)) == DATA


def test_redirects_in_a_circle_end(server: UpdateServer, opened: Opened) -> None:
    server.behaviour.status = 302
    server.behaviour.headers = {"Location": "/" + PATH}
    with pytest.raises(LostError, match="circles"):
        opened.source.read(PATH, len(DATA))


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_file_is_told_at_once(server: UpdateServer, opened: Opened, status: int) -> None:
    server.behaviour.status = status
    with pytest.raises(MissingError):
        opened.source.read(PATH, len(DATA))
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 429, 500, 503, 204])
def test_a_server_in_trouble_is_asked_again(
    server: UpdateServer, opened: Opened, status: int
) -> None:
    server.behaviour.status = status
    with pytest.raises(LostError):
        opened.source.read(PATH, len(DATA))
    assert len(server.asked) == QUICK.tries


def test_a_larger_file_is_refused_before_it_is_read(server: UpdateServer, opened: Opened) -> None:
    with pytest.raises(RefusedError) as caught:
        opened.source.read(PATH, len(DATA) - 1)
    assert caught.value.code == Reason.BROKEN_CHUNK


def test_what_has_no_told_end_is_not_taken(server: UpdateServer, opened: Opened) -> None:
    server.behaviour.says_length = False
    with pytest.raises(LostError, match="how long"):
        opened.source.read(PATH, len(DATA))


def test_a_repacked_file_is_not_taken(server: UpdateServer, opened: Opened) -> None:
    server.behaviour.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(LostError, match="repacked"):
        opened.source.read(PATH, len(DATA))


def test_each_connection_begins_with_the_name(server: UpdateServer) -> None:
    """So that it may mean another address after each drop, as where a modem dials anew."""
    port = int(server.url.rsplit(":", 1)[1].rstrip("/"))
    opened = Opened(f"http://localhost:{port}/")
    server.behaviour.drop_after = 40_000
    assert opened.source.read(PATH, len(DATA)) == DATA
    assert server.connections == 3
    opened.source.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://updates.example/",
        "ftp://updates.example/",
        "https://",
        "https://user:pin@updates.example/",
        "https://updates.example/?a=b",
        "https://updates.example:99999/",
        "updates.example",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"updates\.example|https|Port"):
        Opened(url)


def test_a_server_with_a_strangers_certificate_is_not_asked(
    server: UpdateServer, certificate: tuple[Path, Path]
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        ending = threading.Thread(target=_shake_hands, args=(listening, context))
        ending.start()
        opened = Opened(f"https://127.0.0.1:{port}/", LinkTerms(tries=1))
        with pytest.raises(LostError, match="certificate"):
            opened.source.read(PATH, 10)
        ending.join()


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listening.accept()
    with connection, pytest.raises(ssl.SSLError):
        context.wrap_socket(connection, server_side=True)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stranger")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    paths = tmp_path / "server.pem", tmp_path / "server.key"
    paths[0].write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return paths
