"""X.509 certificates for the links between kiosk, broker and matcher (RFC 5280, P-256).

They secure the transport only: what is inside an envelope has keys of its own. The demo makes its
certificates with these functions on the spot.
"""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from greenline.protocol.enrolment import CLOCK_SKEW
from greenline.protocol.errors import KeyFormatError
from greenline.protocol.topics import check_name

_SERVER = "Greenline server"


@dataclass(frozen=True)
class Credential:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def from_pem(cls, certificate: bytes, key: bytes) -> Self:
        """Read what certificate_pem and key_pem wrote. Raises KeyFormatError."""
        try:
            found = x509.load_pem_x509_certificate(certificate)
            private = serialization.load_pem_private_key(key, password=None)
            public = found.public_key()
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as fault:
            raise KeyFormatError("this is not a certificate and its private key in PEM") from fault
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise KeyFormatError("the private key of a certificate must be on the curve P-256")
        if private.public_key() != public:
            raise KeyFormatError("the private key is not the certificate's")
        return cls(found, private)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as unencrypted PKCS #8 PEM: for a file that only its owner reads."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


class CertificateAuthority:
    """Signs certificates for kiosks, matchers and brokers of one site."""

    def __init__(self, credential: Credential) -> None:
        self.credential = credential

    @classmethod
    def create(
        cls, name: str, now: datetime.datetime, days: int = 3650, hosts: Sequence[str] = ()
    ) -> Self:
        """Make a new root. now: an aware time in UTC.

        hosts: the only servers that it may vouch for (RFC 5280, 4.2.1.10); without any, all.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = (
            _builder(subject, key.public_key(), now, now + datetime.timedelta(days=days))
            .issuer_name(subject)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        if hosts:
            builder = builder.add_extension(_limits(hosts), critical=True)
        return cls(Credential(builder.sign(key, hashes.SHA256()), key))

    def issue_client(self, name: str, now: datetime.datetime, days: int = 90) -> Credential:
        """Make a key and its certificate, whose common name is this client's name at the broker.

        It never outlives the authority. Raises MalformedError when name may not be one.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        return Credential(self.sign_client(key.public_key(), name, now, days), key)

    def issue_server(
        self, hosts: Sequence[str], now: datetime.datetime, days: int = 90
    ) -> Credential:
        """Make a key and its certificate for a server reached by these host names or addresses.

        It never outlives the authority.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        # The names are in the extension. One with dots here would be held against the root's limits
        # as if it were a DNS name, also when it is an address.
        builder = self._prepare(_SERVER, key.public_key(), now, days).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        signed = builder.add_extension(names, critical=False)
        return Credential(signed.sign(self.credential.key, hashes.SHA256()), key)

    def sign_client(
        self, key: ec.EllipticCurvePublicKey, name: str, now: datetime.datetime, days: int = 90
    ) -> x509.Certificate:
        """Sign a client's certificate for a key that was made elsewhere, as issue_client() does."""
        builder = self._prepare(check_name(name), key, now, days).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        return builder.sign(self.credential.key, hashes.SHA256())

    def _prepare(
        self, name: str, key: ec.EllipticCurvePublicKey, now: datetime.datetime, days: int
    ) -> x509.CertificateBuilder:
        end = min(
            now + datetime.timedelta(days=days),
            self.credential.certificate.not_valid_after_utc,
        )
        return (
            _builder(_name(name), key, now, end)
            .issuer_name(self.credential.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self.credential.key.public_key()
                ),
                critical=False,
            )
        )


def _builder(
    subject: x509.Name,
    public: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _limits(hosts: Sequence[str]) -> x509.NameConstraints:
    """Return what keeps a root from vouching for any other server."""
    names = [_general_name(host) for host in hosts]
    permitted: list[x509.GeneralName] = [
        # A domain that can never be (RFC 2606): without it, no DNS name at all would be limited.
        x509.DNSName("invalid"),
        *(name for name in names if isinstance(name, x509.DNSName)),
    ]
    addresses = [name.value for name in names if isinstance(name, x509.IPAddress)]
    permitted += [x509.IPAddress(ipaddress.ip_network(address)) for address in addresses]
    every = ("0.0.0.0/0", "::/0")
    excluded = [x509.IPAddress(ipaddress.ip_network(network)) for network in every]
    return x509.NameConstraints(permitted, None if addresses else excluded)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
