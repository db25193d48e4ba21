"""PKCS #10 requests as EST carries them: bounded, checked, and nothing in them taken on trust.

Of a request only the public key is used. The name comes from the allow-list, all the rest from us.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from greenline.centre.authority.errors import RequestError

MOST_REQUEST_BYTES = 8192


@dataclass(frozen=True)
class KeyRequest:
    """A P-256 key whose owner signed the request. name: the common name asked for, or empty."""

    key: ec.EllipticCurvePublicKey
    name: str

    @property
    def encoded(self) -> bytes:
        """The key as SubjectPublicKeyInfo in DER."""
        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


_NO_REQUEST = (
    ValueError, TypeError, binascii.Error, UnsupportedAlgorithm, InvalidSignature,
    x509.InvalidVersion,
)  # fmt: skip


def read_request(body: bytes) -> KeyRequest:
    """Read the base64 of a PKCS #10 request in DER (RFC 7030, 4.2.1). Raises RequestError."""
    if len(body) > MOST_REQUEST_BYTES:
        raise RequestError(f"a certificate request has at most {MOST_REQUEST_BYTES} bytes")
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
        request = x509.load_der_x509_csr(der)
        key = request.public_key()
        signed = request.is_signature_valid
        name = _common_name(request.subject)
    except _NO_REQUEST as fault:
        raise RequestError("this is not a certificate request: base64 of PKCS #10, DER") from fault
    if not signed:
        raise RequestError("the certificate request is not signed with its own key")
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise RequestError("the key of a certificate request must be on the curve P-256")
    return KeyRequest(key, name)


def _common_name(subject: x509.Name) -> str:
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""
