"""Renewing at a real authority; whatever is cut short, the old pair serves and a retry ends it."""

import base64
import datetime
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from greenline.centre.authority.enrolment import allow, enrol
from greenline.centre.authority.records import alarms
from greenline.centre.certificates import CertificateAuthority
from greenline.firmware.errors import (
    AuthorityLostError,
    AuthorityRefusedError,
    ConfigurationError,
)
from greenline.firmware.est import AuthorityClient
from greenline.firmware.renewal import Pair, Signs, pending_key, renew, request_for
from tests.centre.authority.asking import KIOSK, SERIAL, SITE, DeviceKeys
from tests.centre.authority.serving import Running, running

DAY = datetime.timedelta(days=1)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as found:
        yield found


@dataclass
class Enrolled:
    """A kiosk with a certificate of some age."""

    files: Pair
    client: AuthorityClient
    now: datetime.datetime

    def renew(self, authority: Signs | None = None) -> bool:
        return renew(self.files, authority or self.client, self.now).new

    @property
    def written(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.files.pair.parent.iterdir()}


@dataclass
class Losing:
    """An authority whose answer to a renewal is lost on the way, so many times."""

    client: AuthorityClient
    times: int
    made: list[x509.Certificate] = field(default_factory=list)

    def trusted_roots(self) -> list[x509.Certificate]:
        return self.client.trusted_roots()

    def renew(self, request: bytes) -> x509.Certificate:
        self.made.append(self.client.renew(request))
        if len(self.made) <= self.times:
            raise AuthorityLostError("the answer was lost")
        return self.made[-1]


def kiosk(served: Running, days: int, folder: str = "kiosk") -> Enrolled:
    """Enrol a kiosk so many days ago."""
    keys, then = DeviceKeys(), served.clock.now - days * DAY
    code = allow(served.authority, SERIAL, KIOSK, then)
    issued = enrol(served.authority, SERIAL, code, keys.request(), then)
    own = served.folder / folder
    own.mkdir()
    files = Pair(own / "uplink.pem", own / "ca.pem")
    files.pair.write_bytes(keys.transport_pem + issued.certificate.public_bytes(Encoding.PEM))
    files.roots.write_bytes(served.authority.roots.bundle())
    client = AuthorityClient(served.url, files.roots, files.pair)
    return Enrolled(files, client, served.clock.now)


def usable(files: Pair) -> x509.Certificate:
    """Check that key and certificate fit, as TLS does; return the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(files.pair)
    context.load_verify_locations(files.roots)
    return files.certificate()


def test_before_day_30_nothing_is_done_and_nobody_asked(served: Running) -> None:
    young = kiosk(served, 29)
    before = young.written
    nobody = AuthorityClient("https://127.0.0.1:1", young.files.roots)

    assert young.renew(nobody) is False
    assert young.written == before


def test_from_day_30_on_the_pair_is_replaced_as_one_file(served: Running) -> None:
    due = kiosk(served, 30)
    old = usable(due.files)

    assert due.renew() is True

    new = usable(due.files)
    assert new.not_valid_after_utc == due.now + 90 * DAY
    assert new.public_key() != old.public_key(), "a new key each time"
    assert due.files.pair.stat().st_mode & 0o777 == 0o600
    assert set(due.written) == {"uplink.pem", "ca.pem"}
    assert due.renew() is False


def test_after_a_lost_answer_the_same_certificate_comes_again(served: Running) -> None:
    due = kiosk(served, 40)
    before = usable(due.files)
    losing = Losing(due.client, times=2)

    for _ in range(2):
        with pytest.raises(AuthorityLostError):
            due.renew(losing)
        assert usable(due.files) == before
    assert due.renew(losing) is True

    assert losing.made[0] == losing.made[1] == losing.made[2] == usable(due.files)
    assert alarms(served.authority.database) == []


@pytest.mark.parametrize("name", ["ca.pem", "uplink.pem"])
def test_a_file_that_cannot_be_written_leaves_the_old_pair_and_a_retry_ends_it(
    served: Running, name: str
) -> None:
    due = kiosk(served, 40)
    before = usable(due.files)
    obstacle = due.files.pair.with_name(f"{name}.new")
    obstacle.mkdir()

    with pytest.raises(OSError, match="Is a directory"):
        due.renew()
    assert usable(due.files) == before

    obstacle.rmdir()
    assert due.renew() is True
    assert usable(due.files) != before
    assert alarms(served.authority.database) == []


def test_what_a_power_cut_left_at_the_very_end_is_cleared_away(served: Running) -> None:
    due = kiosk(served, 40)
    due.renew()
    due.files.next_key.write_bytes(b"the key that has its certificate by now")

    assert due.renew() is False
    assert set(due.written) == {"uplink.pem", "ca.pem"}


def test_a_next_key_that_was_cut_is_made_anew(served: Running) -> None:
    due = kiosk(served, 40)
    due.files.next_key.write_bytes(b"")

    assert due.renew() is True
    usable(due.files)


def test_a_renewal_during_a_rotation_brings_the_new_root_along(served: Running) -> None:
    due = kiosk(served, 40)
    served.authority.roots.add(SITE.name, SITE.hosts, served.clock.now)
    assert due.files.roots.read_bytes() != served.authority.roots.bundle()

    assert due.renew() is True

    assert due.files.roots.read_bytes() == served.authority.roots.bundle()
    newest = served.authority.roots.trusted()[-1].certificate
    usable(due.files).verify_directly_issued_by(newest)


def test_an_expired_certificate_is_told_its_way_back_without_asking(served: Running) -> None:
    over = kiosk(served, 90)

    with pytest.raises(
        AuthorityRefusedError, match=r"was over on .*: ask the centre for a new code"
    ):
        over.renew(AuthorityClient("https://127.0.0.1:1", over.files.roots))


def test_a_certificate_that_is_not_for_our_key_is_not_taken(served: Running) -> None:
    due = kiosk(served, 40)
    before = due.written

    class Impostor(Losing):
        def renew(self, request: bytes) -> x509.Certificate:
            other = ec.generate_private_key(ec.SECP256R1())
            return self.client.renew(request_for(other, KIOSK))

    with pytest.raises(AuthorityLostError, match="for another key"):
        due.renew(Impostor(due.client, 0))
    del before["uplink.pem"]
    assert {name: due.written[name] for name in before} == before


def test_a_certificate_of_a_root_that_is_not_named_is_not_taken(served: Running) -> None:
    due = kiosk(served, 40)
    before = usable(due.files)
    other = CertificateAuthority.create("Other", due.now).credential.certificate

    class Forgetful(Losing):
        def trusted_roots(self) -> list[x509.Certificate]:
            return [other]

    with pytest.raises(AuthorityLostError, match="of a root that it does not name"):
        due.renew(Forgetful(due.client, 0))
    assert usable(due.files) == before


def test_the_client_says_in_plain_words_why_nothing_came(served: Running) -> None:
    due = kiosk(served, 40)
    stranger = served.folder / "stranger.pem"
    stranger.write_bytes(CertificateAuthority.create("X", due.now).credential.certificate_pem)

    for url, roots, kind, words in (
        ("https://127.0.0.1:1", due.files.roots, AuthorityLostError, "cannot be reached"),
        (served.url, stranger, AuthorityLostError, "is not the authority whose roots we have"),
        (served.url.replace("127.0.0.1", "localhost"), due.files.roots, None, ""),
        ("http://127.0.0.1", due.files.roots, ConfigurationError, "is no address of an authority"),
        ("https://h:x", due.files.roots, ConfigurationError, "is no address of an authority"),
        (served.url, served.folder / "no", ConfigurationError, "bring the authority's roots"),
    ):
        client = AuthorityClient(url, roots)
        if kind is None:
            assert len(client.trusted_roots()) == 1
            continue
        with pytest.raises(kind, match=words):
            client.trusted_roots()


def test_a_refusal_is_passed_on_with_the_authoritys_words(served: Running) -> None:
    client = AuthorityClient(served.url, served.roots)
    key = ec.generate_private_key(ec.SECP256R1())

    with pytest.raises(AuthorityRefusedError, match="refused: this serial and code open nothing"):
        client.enrol("serial", "code", request_for(key, "serial"))


def test_a_certificate_that_the_server_does_not_let_in_is_told(served: Running) -> None:
    over = kiosk(served, 91)

    with pytest.raises(AuthorityRefusedError, match="does not accept our certificate"):
        over.client.renew(request_for(ec.generate_private_key(ec.SECP256R1()), KIOSK))


@pytest.mark.parametrize(
    "kept", [b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAAwAA==\n", b"\xff" * 40, b""]
)
def test_a_waiting_key_that_cannot_be_read_is_made_anew(tmp_path: Path, kept: bytes) -> None:
    path = tmp_path / "next-key"
    whole = ec.generate_private_key(ec.SECP256R1())
    locked = whole.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    path.write_bytes(kept or locked)

    made = pending_key(path)

    assert pending_key(path).private_numbers() == made.private_numbers()
    assert made.private_numbers() != whole.private_numbers()


def test_a_certificate_of_a_version_that_there_is_not_is_told(tmp_path: Path) -> None:
    root = CertificateAuthority.create("X", datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))
    version = bytes.fromhex("a003020102")
    der = root.credential.certificate.public_bytes(Encoding.DER)
    lines = base64.encodebytes(der.replace(version, version[:-1] + b"\x05"))
    path = tmp_path / "uplink.pem"
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n")

    with pytest.raises(ConfigurationError, match="enrol this device again"):
        Pair(path, path).certificate()
