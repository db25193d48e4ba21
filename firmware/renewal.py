"""Renewing the link's certificate: a job of minutes, started by a timer, that may die anywhere.

Key and certificate lie in one file, which is replaced as a whole, so the old pair serves until the
new one is complete. The next key is on the disk before anybody is asked: after a lost answer the
authority is asked for the same certificate again, and gives it.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from greenline.firmware.errors import AuthorityLostError, AuthorityRefusedError, ConfigurationError
from greenline.firmware.est import pem_of
from greenline.link.files import remove_file, replace_file
from greenline.protocol.enrolment import renewable_from

_SECRET = 0o600


class Signs(Protocol):
    """The authority, as far as a renewal needs it."""

    def trusted_roots(self) -> list[x509.Certificate]:
        """Return the roots that count now."""

    def renew(self, request: bytes) -> x509.Certificate:
        """Return the certificate that follows ours."""


@dataclass(frozen=True)
class Pair:
    """The link's files. pair: key and certificate in one PEM file; roots: what is trusted."""

    pair: Path
    roots: Path

    @property
    def next_key(self) -> Path:
        """Where the key lies that has no certificate yet."""
        return self.pair.with_name(f"{self.pair.name}.next-key")

    def certificate(self) -> x509.Certificate:
        """Return the certificate that we have. Raises ConfigurationError."""
        try:
            return x509.load_pem_x509_certificate(self.pair.read_bytes())
        except (OSError, ValueError, x509.InvalidVersion) as fault:
            raise ConfigurationError(
                f"{self.pair} cannot be used ({fault}): enrol this device again"
            ) from fault


@dataclass(frozen=True)
class Renewed:
    """What came of it. until: its end; due: when to renew next; new: it was renewed now."""

    until: datetime.datetime
    due: datetime.datetime
    new: bool


def renew(files: Pair, authority: Signs, now: datetime.datetime) -> Renewed:
    """Renew the certificate when it is time. Raises FirmwareError, OSError; the old pair stays."""
    held = files.certificate()
    due = renewable_from(held.not_valid_before_utc, held.not_valid_after_utc)
    if now >= held.not_valid_after_utc:
        raise AuthorityRefusedError(
            f"our certificate's time was over on {held.not_valid_after_utc:%Y-%m-%d}: ask the "
            "centre for a new code and enrol again"
        )
    if now < due:
        remove_file(files.next_key)  # of a renewal that was cut short at its very end
        return Renewed(held.not_valid_after_utc, due, new=False)
    return _renew(files, authority, held)


def _renew(files: Pair, authority: Signs, held: x509.Certificate) -> Renewed:
    key = pending_key(files.next_key)
    roots = authority.trusted_roots()
    made = authority.renew(request_for(key, _name(held)))
    check_issued(made, key, roots)
    # First the roots: a certificate of a root that we do not know ourselves would help nobody.
    replace_file(files.roots, pem_of(roots))
    replace_file(files.pair, key_pem(key) + pem_of([made]), _SECRET)
    remove_file(files.next_key)
    due = renewable_from(made.not_valid_before_utc, made.not_valid_after_utc)
    return Renewed(made.not_valid_after_utc, due, new=True)


def pending_key(
    path: Path,
    make: Callable[[], ec.EllipticCurvePrivateKey] = lambda: ec.generate_private_key(
        ec.SECP256R1()
    ),
) -> ec.EllipticCurvePrivateKey:
    """Return the key that waits for its certificate, made and written down the first time."""
    if path.exists():
        try:
            found = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            found = None
        if isinstance(found, ec.EllipticCurvePrivateKey):
            return found
    key = make()
    replace_file(path, key_pem(key), _SECRET)
    return key


def request_for(key: ec.EllipticCurvePrivateKey, name: str) -> bytes:
    """Return a PKCS #10 request in DER."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def check_issued(
    made: x509.Certificate, key: ec.EllipticCurvePrivateKey, roots: list[x509.Certificate]
) -> None:
    """Refuse a certificate that is not for our key or not of these roots.

    Raises AuthorityLostError: what is there stays, and a later try may do better.
    """
    if made.public_key() != key.public_key():
        raise AuthorityLostError("the authority sent a certificate for another key")
    if not any(_signed_by(made, root) for root in roots):
        raise AuthorityLostError("the authority sent a certificate of a root that it does not name")


def _signed_by(made: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        made.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as unencrypted PKCS #8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(certificate: x509.Certificate) -> str:
    (attribute,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attribute.value)
