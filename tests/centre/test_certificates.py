"""The certificates say who may be what, and for how long; OpenSSL and a verifier agree."""

import base64
import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.protocol.errors import KeyFormatError, MalformedError

NOW = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.UTC)
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@pytest.fixture
def authority() -> CertificateAuthority:
    return CertificateAuthority.create("Test root", NOW, days=100)


def common_name(certificate: x509.Certificate) -> str:
    (attribute,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attribute.value)


def usages(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def verify_server(authority: CertificateAuthority, credential: Credential, host: str) -> None:
    """Check as a client does that knows nothing but our root. Raises VerificationError."""
    root = Store([authority.credential.certificate])
    try:
        subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    verifier = PolicyBuilder().store(root).time(NOW + DAY).build_server_verifier(subject)
    verifier.verify(credential.certificate, [])


def test_the_root_signs_itself_and_may_sign_no_further_authority(
    authority: CertificateAuthority,
) -> None:
    root = authority.credential.certificate

    root.verify_directly_issued_by(root)
    limits = root.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage)
    assert (limits.critical, limits.value) == (True, x509.BasicConstraints(ca=True, path_length=0))
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.digital_signature) == (True, False)
    assert common_name(root) == "Test root"


def test_a_server_is_trusted_under_its_names_and_no_other(authority: CertificateAuthority) -> None:
    server = authority.issue_server(["127.0.0.1", "localhost", "broker.example"], NOW)

    for host in ("127.0.0.1", "localhost", "broker.example"):
        verify_server(authority, server, host)
    for host in ("127.0.0.2", "other.example"):
        with pytest.raises(VerificationError):
            verify_server(authority, server, host)
    assert usages(server.certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_client_carries_its_name_and_cannot_pose_as_a_server(
    authority: CertificateAuthority,
) -> None:
    client = authority.issue_client("kiosk-01", NOW)

    client.certificate.verify_directly_issued_by(authority.credential.certificate)
    assert common_name(client.certificate) == "kiosk-01"
    assert usages(client.certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(VerificationError):
        verify_server(authority, client, "kiosk-01")


def test_nobody_but_the_root_signs(authority: CertificateAuthority) -> None:
    for credential in (
        authority.issue_client("kiosk-01", NOW),
        authority.issue_server(["localhost"], NOW),
    ):
        extensions = credential.certificate.extensions
        limits = extensions.get_extension_for_class(x509.BasicConstraints)
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        assert (limits.critical, limits.value.ca) == (True, False)
        assert (usage.value.key_cert_sign, usage.value.digital_signature) == (False, True)


def test_a_root_of_the_same_name_is_another_root(authority: CertificateAuthority) -> None:
    impostor = CertificateAuthority.create("Test root", NOW, days=100)
    forged = impostor.issue_server(["localhost"], NOW)

    with pytest.raises(VerificationError):
        verify_server(authority, forged, "localhost")
    with pytest.raises(InvalidSignature):
        forged.certificate.verify_directly_issued_by(authority.credential.certificate)


def test_a_certificate_holds_for_its_days_and_a_clock_that_is_an_hour_late(
    authority: CertificateAuthority,
) -> None:
    client = authority.issue_client("kiosk-01", NOW, days=30).certificate
    root = authority.credential.certificate

    assert (client.not_valid_before_utc, client.not_valid_after_utc) == (NOW - HOUR, NOW + 30 * DAY)
    assert (root.not_valid_before_utc, root.not_valid_after_utc) == (NOW - HOUR, NOW + 100 * DAY)


def test_no_certificate_outlives_its_root(authority: CertificateAuthority) -> None:
    late = NOW + 60 * DAY

    client = authority.issue_client("kiosk-01", late, days=90).certificate

    assert client.not_valid_after_utc == authority.credential.certificate.not_valid_after_utc


def test_an_expired_root_issues_nothing(authority: CertificateAuthority) -> None:
    with pytest.raises(ValueError, match="not valid after date must be after"):
        authority.issue_client("kiosk-01", NOW + 102 * DAY)


@pytest.mark.parametrize("name", ["", "Kiosk", "kiosk/01", "kiosk+", "#", "kiosk 1", "k\n", "-k"])
def test_a_name_that_could_mean_something_to_the_broker_gets_no_certificate(
    authority: CertificateAuthority, name: str
) -> None:
    with pytest.raises(MalformedError, match="is not a name"):
        authority.issue_client(name, NOW)


def test_keys_are_p_256_and_each_certificate_has_its_own_key_and_number(
    authority: CertificateAuthority,
) -> None:
    credentials = [authority.issue_client("kiosk-01", NOW) for _ in range(2)]

    assert [credential.key.curve.name for credential in credentials] == ["secp256r1"] * 2
    assert len({credential.certificate.serial_number for credential in credentials}) == 2
    assert len({credential.key.private_numbers().private_value for credential in credentials}) == 2


def test_what_is_written_as_pem_is_what_was_issued(authority: CertificateAuthority) -> None:
    client = authority.issue_client("kiosk-01", NOW)

    key = load_pem_private_key(client.key_pem, password=None)

    assert x509.load_pem_x509_certificate(client.certificate_pem) == client.certificate
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == client.certificate.public_key()
    ssl.create_default_context(cadata=authority.credential.certificate_pem.decode())


def test_what_is_no_certificate_or_no_key_is_refused(authority: CertificateAuthority) -> None:
    good = authority.issue_client("kiosk-01", NOW)
    der = good.certificate.public_bytes(Encoding.DER)
    curve, version = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("a003020102")
    for known, strange in ((curve, curve[:-1] + b"\x7f"), (version, version[:-1] + b"\x05")):
        lines = base64.encodebytes(der.replace(known, strange))
        pem = b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n"
        with pytest.raises(KeyFormatError):
            Credential.from_pem(pem, good.key_pem)

    assert Credential.from_pem(good.certificate_pem, good.key_pem).certificate == good.certificate
