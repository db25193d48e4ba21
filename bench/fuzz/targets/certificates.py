"""Certificates and requests for them: at the authority, and in the files of a kiosk."""

import base64
import datetime
import functools

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from bench.fuzz import samples
from bench.fuzz.files import through_file
from bench.fuzz.target import Prepared, Target
from bench.fuzz.targets.keys import OIDS, other_keys
from greenline.centre.authority.errors import RequestError
from greenline.centre.authority.requests import KeyRequest, read_request
from greenline.centre.certificates import CertificateAuthority, Credential
from greenline.firmware import est
from greenline.firmware.errors import AuthorityLostError, ConfigurationError
from greenline.firmware.renewal import Pair, pending_key
from greenline.protocol.errors import ProtocolError

_NOW = datetime.datetime(2027, 1, 15, tzinfo=datetime.UTC)


def _csr_der() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, samples.KIOSK)])
    )
    key = samples.signer().key
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def _csr() -> Prepared:
    """As base64, and below it."""

    def decode(data: bytes) -> KeyRequest:
        return read_request(data if data.isascii() else base64.encodebytes(data))

    return Prepared(
        decode,
        (_csr_der(), base64.encodebytes(_csr_der())),
        lambda _data, found: (found.encoded, found.name),
        OIDS + other_keys(),
    )


@functools.cache
def authority() -> CertificateAuthority:
    return CertificateAuthority.create("fuzzed root 1", _NOW)


def _est() -> Prepared:
    certificate = authority().credential.certificate
    der = pkcs7.serialize_certificates([certificate], Encoding.DER)

    def decode(data: bytes) -> list[x509.Certificate]:
        return est._certificates(base64.encodebytes(data))

    def check(_data: bytes, found: list[x509.Certificate]) -> None:
        est.pem_of(sorted(found, key=lambda root: root.not_valid_before_utc))

    return Prepared(decode, (der,), check, OIDS)


def _credential() -> Prepared:
    """A certificate of an authority's folder, changed below its PEM; the key fits the valid one."""
    credential = authority().credential
    der = credential.certificate.public_bytes(Encoding.DER)

    def decode(data: bytes) -> Credential:
        lines = base64.encodebytes(data)
        return Credential.from_pem(
            b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n",
            credential.key_pem,
        )

    return Prepared(decode, (der,), None, OIDS + other_keys())


def _pem(what: bytes, der: bytes) -> bytes:
    lines = base64.encodebytes(der)
    return b"-----BEGIN " + what + b"-----\n" + lines + b"-----END " + what + b"-----\n"


def _pair() -> Prepared:
    """A kiosk's own certificate as it lies on the card, changed below its PEM."""
    der = authority().credential.certificate.public_bytes(Encoding.DER)
    read = through_file(lambda path: Pair(path, path).certificate())
    return Prepared(lambda data: read(_pem(b"CERTIFICATE", data)), (der,), None, OIDS)


def _waiting_key() -> Prepared:
    """A key that waits for its certificate: another is made for one that cannot be read."""
    other = ec.derive_private_key(11, ec.SECP256R1())
    seed = samples.signer().key.private_bytes(
        Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    read = through_file(lambda path: pending_key(path, lambda: other))
    kinds = (b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"EC PRIVATE KEY")
    return Prepared(lambda data: read(_pem(kinds[len(data) % 3], data)), (seed,), None, OIDS)


TARGETS = (
    Target("certificate-request", _csr, (RequestError,)),
    Target("authority-answer", _est, (AuthorityLostError,)),
    Target("credential", _credential, (ProtocolError,)),
    Target("certificate-file", _pair, (ConfigurationError,)),
    Target("waiting-key", _waiting_key, ()),
)
