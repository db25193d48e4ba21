"""The enrolment server over real TLS: EST for any client, and no way to hold it up."""

import base64
import contextlib
import datetime
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from greenline.centre.authority.enrolment import allow, enrol
from greenline.centre.authority.records import AlarmKind, Issued, alarms
from greenline.centre.authority.revocation import Reason, revoke
from greenline.centre.certificates import CertificateAuthority
from greenline.protocol.enrolment import decode_place
from tests.centre.authority.asking import KIOSK, SERIAL, SITE, DeviceKeys
from tests.centre.authority.serving import Running, running

EST = "/.well-known/est"
REGISTER = "/greenline/register"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as found:
        yield found


def basic(serial: str, code: str) -> str:
    return "Basic " + base64.b64encode(f"{serial}:{code}".encode()).decode()


def certificates(body: bytes) -> list[x509.Certificate]:
    return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))


def pem(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.PEM)


def enrolled_days_ago(served: Running, keys: DeviceKeys, days: int) -> Issued:
    then = served.clock.now - datetime.timedelta(days=days)
    return enrol(
        served.authority, SERIAL, allow(served.authority, SERIAL, KIOSK, then), keys.request(), then
    )


def test_a_device_enrols_with_its_serial_and_code(served: Running) -> None:
    keys = DeviceKeys()
    code = allow(served.authority, SERIAL, KIOSK, served.clock.now)

    status, body, headers = served.ask(
        "POST", f"{EST}/simpleenroll", keys.body(), Authorization=basic(SERIAL, code)
    )

    assert status == 200
    assert headers["Content-Type"].startswith("application/pkcs7-mime; smime-type=certs-only")
    assert headers["Content-Transfer-Encoding"] == "base64"
    (certificate,) = certificates(body)
    assert certificate.public_key() == keys.transport.public_key()


def test_the_roots_and_the_revocation_lists_are_for_everybody(served: Running) -> None:
    status, body, _ = served.ask("GET", f"{EST}/cacerts")
    assert (status, certificates(body)) == (200, [served.authority.roots.trusted()[0].certificate])

    status, body, _ = served.ask("GET", f"{EST}/crl")
    assert status == 200
    assert list(x509.load_pem_x509_crl(body)) == []


def test_lists_are_made_every_ten_seconds_however_often_they_are_asked_for(
    served: Running,
) -> None:
    first = served.ask("GET", f"{EST}/crl")[1]
    enrolled_days_ago(served, DeviceKeys(), 0)
    revoke(served.authority, KIOSK, Reason.LOST, served.clock.now)
    assert served.ask("GET", f"{EST}/crl")[1] == first

    served.clock.now += datetime.timedelta(seconds=10)

    assert len(list(x509.load_pem_x509_crl(served.ask("GET", f"{EST}/crl")[1]))) == 1


def test_openssl_and_curl_enrol_and_renew_as_any_est_client_does(
    served: Running, tmp_path: Path
) -> None:
    """A foreign implementation on the other side, step by step as RFC 7030 has it."""

    def run(*command: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            command, input=given, capture_output=True, check=True, cwd=tmp_path
        ).stdout

    def request(key: str) -> bytes:
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        der = run("openssl", "req", "-new", "-key", key, "-subj", f"/CN={KIOSK}", "-outform", "DER")
        return base64.encodebytes(der)

    def curl(path: str, given: bytes, *options: str) -> bytes:
        return run(
            "curl", "--silent", "--show-error", "--fail", "--cacert", str(served.roots),
            "--header", "Content-Type: application/pkcs10", "--data-binary", "@-", *options,
            f"{served.url}{EST}/{path}", given=given,
        )  # fmt: skip

    def read(answer: bytes) -> bytes:
        der = base64.b64decode(answer)
        return run("openssl", "pkcs7", "-inform", "DER", "-print_certs", given=der)

    served.clock.now -= datetime.timedelta(days=40)
    code = allow(served.authority, SERIAL, KIOSK, served.clock.now)
    first = read(curl("simpleenroll", request("one.key"), "--user", f"{SERIAL}:{code}"))
    (tmp_path / "one.pem").write_bytes(first)
    served.clock.now += datetime.timedelta(days=40)
    second = read(
        curl("simplereenroll", request("two.key"), "--cert", "one.pem", "--key", "one.key")
    )
    (tmp_path / "two.pem").write_bytes(second)

    assert b"CN = kiosk-07" in first
    verified = run(
        "openssl", "verify", "-purpose", "sslclient", "-CAfile", str(served.roots), "two.pem"
    )
    assert verified == b"two.pem: OK\n"
    assert x509.load_pem_x509_certificate(second).public_key() == (
        x509.load_der_x509_csr(
            run("openssl", "req", "-new", "-key", "two.key", "-subj", "/CN=x", "-outform", "DER")
        ).public_key()
    )


def test_a_wrong_code_is_told_in_a_sentence_and_counted(served: Running) -> None:
    allow(served.authority, SERIAL, KIOSK, served.clock.now)

    status, body, headers = served.ask(
        "POST", f"{EST}/simpleenroll", DeviceKeys().body(), Authorization=basic(SERIAL, "WRONG")
    )

    assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="greenline enrolment"')
    assert body == b"this serial and code open nothing here: ask the centre for a code\n"


@pytest.mark.parametrize(
    ("path", "body", "authorization", "status", "words"),
    [
        ("simpleenroll", b"x", "", 401, b"send the serial and its code"),
        ("simpleenroll", b"x", "Basic ???", 401, b"send the serial and its code"),
        ("simpleenroll", b"x", "Bearer abc", 401, b"send the serial and its code"),
        ("simpleenroll", b"x", basic(SERIAL, "c"), 400, b"this is not a certificate request"),
        ("simpleenroll", b"", basic(SERIAL, "c"), 400, b"this is not a certificate request"),
        ("simpleenroll", b"A" * 100_000, basic(SERIAL, "c"), 400, b"at most 16384 bytes"),
        ("simplereenroll", b"x", "", 401, b"this needs the client certificate"),
        ("fullcmc", b"x", "", 404, b"Not Found"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_sentence(
    served: Running, path: str, body: bytes, authorization: str, status: int, words: bytes
) -> None:
    found, said, _ = served.ask("POST", f"{EST}/{path}", body, Authorization=authorization)

    assert (found, words in said) == (status, True), said


def test_a_device_registers_its_keys_and_hears_of_its_site(served: Running) -> None:
    keys = DeviceKeys()
    held = enrolled_days_ago(served, keys, 0)
    body = msgspec.json.encode(keys.registration(held.fingerprint))

    status, said, _ = served.ask("POST", REGISTER, body, served.pair(keys, pem(held)))

    assert status == 200
    assert decode_place(said).kiosk == KIOSK
    for junk in (b"", b"{}", b"[" * 5000, b"\xff", body[:-2]):
        status, said, _ = served.ask("POST", REGISTER, junk, served.pair(keys, pem(held)))
        assert (status, b"this is not a registration" in said) == (400, True)
    assert served.ask("POST", REGISTER, body)[0] == 401, "without a certificate"


def test_a_revoked_certificate_is_refused_by_the_server_itself(served: Running) -> None:
    keys = DeviceKeys()
    held = enrolled_days_ago(served, keys, 40)
    pair = served.pair(keys, pem(held))
    revoke(served.authority, KIOSK, Reason.STOLEN, served.clock.now)

    status, body, _ = served.ask("POST", f"{EST}/simplereenroll", DeviceKeys().body(), pair)

    assert (status, body) == (401, b"this certificate was revoked: ask the centre\n")
    assert [alarm.kind for alarm in alarms(served.authority.database)] == [AlarmKind.REVOKED_USED]


def test_an_expired_certificate_does_not_get_through_the_handshake(served: Running) -> None:
    keys = DeviceKeys()
    held = enrolled_days_ago(served, keys, 91)

    with pytest.raises((ssl.SSLError, ConnectionError)):
        served.ask("POST", f"{EST}/simplereenroll", b"x", served.pair(keys, pem(held)))


def test_a_certificate_of_another_root_does_not_get_through_the_handshake(served: Running) -> None:
    """Of the same name, even."""
    other = CertificateAuthority.create("Test site root 1", served.clock.now)
    forged = other.issue_client(KIOSK, served.clock.now)
    pair = served.folder / "forged.pem"
    pair.write_bytes(forged.key_pem + forged.certificate_pem)

    with pytest.raises((ssl.SSLError, ConnectionError)):
        served.ask("POST", f"{EST}/simplereenroll", b"x", pair)


def test_a_server_certificate_is_none_for_a_client(served: Running) -> None:
    _, signer = served.authority.roots.for_servers()
    server = signer.issue_server(["localhost"], served.clock.now)
    pair = served.folder / "server-pair.pem"
    pair.write_bytes(server.key_pem + server.certificate_pem)

    with pytest.raises((ssl.SSLError, ConnectionError)):
        served.ask("POST", f"{EST}/simplereenroll", b"x", pair)


def test_nothing_older_than_tls_1_3_is_spoken(served: Running) -> None:
    context = served.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        contextlib.closing(socket.create_connection(("127.0.0.1", served.port), 15)) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_kiosk_that_knows_other_roots_does_not_talk_to_it(served: Running) -> None:
    other = CertificateAuthority.create("Test site root 1", served.clock.now).credential
    context = ssl.create_default_context(cadata=other.certificate_pem.decode())
    with (
        contextlib.closing(socket.create_connection(("127.0.0.1", served.port), 15)) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_new_root_is_taken_up_while_the_server_runs(served: Running) -> None:
    served.clock.now -= datetime.timedelta(days=40)
    served.authority.roots.add(SITE.name, SITE.hosts, served.clock.now)
    keys = DeviceKeys()
    held = enrolled_days_ago(served, keys, 0)
    served.clock.now += datetime.timedelta(days=40)
    pair = served.pair(keys, pem(held))
    assert held.generation == 2
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served.ask("POST", f"{EST}/simplereenroll", DeviceKeys().body(), pair)

    served.identification.refresh()  # as it does every ten seconds

    status, _, _ = served.ask("POST", f"{EST}/simplereenroll", DeviceKeys().body(), pair)
    assert status == 200


def test_silent_slow_and_garbage_clients_hold_nobody_up_and_are_cut_off(served: Running) -> None:
    with contextlib.ExitStack() as ending:
        silent = [_connect(served, ending) for _ in range(100)]
        for _ in range(30):
            _connect(served, ending).sendall(b"\x00garbage, and no TLS\r\n\r\n" * 20)
        slow = [_secure(served, _connect(served, ending), ending) for _ in range(30)]
        for each in slow:
            each.sendall(b"POST " + f"{EST}/simpleenroll".encode() + b" HTTP/1.1\r\nHost: x\r\n")
        started = time.monotonic()

        keys = DeviceKeys()
        code = allow(served.authority, SERIAL, KIOSK, served.clock.now)
        status, _, _ = served.ask(
            "POST", f"{EST}/simpleenroll", keys.body(), Authorization=basic(SERIAL, code)
        )

        assert status == 200
        assert time.monotonic() - started < 5
        # They end by the server's patience (1 s, 3 s): reading comes to its end.
        assert {_last_word(each) for each in silent} == {b""}
        assert {_last_word(each) for each in slow} == {b""}


def test_a_body_that_never_ends_is_cut_off(served: Running) -> None:
    with contextlib.ExitStack() as ending:
        each = _secure(served, _connect(served, ending), ending)
        head = f"POST {EST}/simpleenroll HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        each.sendall(head.encode() + f"Authorization: {basic(SERIAL, 'x')}\r\n\r\n".encode())
        each.sendall(b"10\r\n" + b"A" * 16 + b"\r\n")

        assert _last_word(each) == b""


def _connect(served: Running, ending: contextlib.ExitStack) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", served.port), timeout=15)
    ending.callback(plain.close)
    return plain


def _secure(served: Running, plain: socket.socket, ending: contextlib.ExitStack) -> ssl.SSLSocket:
    secure = served.context().wrap_socket(plain, server_hostname="127.0.0.1")
    ending.callback(secure.close)
    return secure


def _last_word(each: socket.socket) -> bytes:
    """Read to the end; a connection that is cut has none."""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        return each.recv(1000)
    return b""
