"""X.509 certificates for the links between kiosk, broker and matcher (RFC 5280, P-256).

They secure the transport only: what is inside an envelope has keys of its own. The demo makes its
certificates with these functions on the spot.
"""

import datetime
import ipaddress
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from greenline.protocol.topics import check_name

_CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Credential:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

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
    def create(cls, name: str, now: datetime.datetime, days: int = 3650) -> Self:
        """Make a new root. now: an aware time in UTC."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = (
            _builder(subject, key.public_key(), now, now + datetime.timedelta(days=days))
            .issuer_name(subject)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        return cls(Credential(builder.sign(key, hashes.SHA256()), key))

    def issue_client(self, name: str, now: datetime.datetime, days: int = 90) -> Credential:
        """Issue a certificate whose common name is the broker's user name for this client.

        It never outlives the authority. Raises MalformedError when name may not be one.
        """
        return self._issue(check_name(name), now, days, ExtendedKeyUsageOID.CLIENT_AUTH, [])

    def issue_server(self, hosts: list[str], now: datetime.datetime, days: int = 90) -> Credential:
        """Issue a certificate for a broker reached by these host names or addresses.

        It never outlives the authority.
        """
        names = [_general_name(host) for host in hosts]
        return self._issue(hosts[0], now, days, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def _issue(
        self,
        name: str,
        now: datetime.datetime,
        days: int,
        usage: x509.ObjectIdentifier,
        alternatives: list[x509.GeneralName],
    ) -> Credential:
        key = ec.generate_private_key(ec.SECP256R1())
        end = min(
            now + datetime.timedelta(days=days),
            self.credential.certificate.not_valid_after_utc,
        )
        builder = (
            _builder(_name(name), key.public_key(), now, end)
            .issuer_name(self.credential.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self.credential.key.public_key()
                ),
                critical=False,
            )
        )
        if alternatives:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternatives), critical=False
            )
        return Credential(builder.sign(self.credential.key, hashes.SHA256()), key)


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
        .not_valid_before(now - _CLOCK_SKEW)
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
