"""The kiosk's half of EST (RFC 7030): ask the authority for certificates, over TLS 1.3.

Used by `greenline kiosk enrol` and `renew`, which run for a moment; never by the kiosk process,
which has no network. The authority is known by the roots that were brought along, nothing else.
"""

import base64
import binascii
import http.client
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from greenline.firmware.errors import (
    AuthorityLostError,
    AuthorityRefusedError,
    ConfigurationError,
)
from greenline.protocol.enrolment import (
    EST_PATH,
    PLACE_PATH,
    REGISTER_PATH,
    Place,
    Registration,
    decode_place,
)
from greenline.protocol.errors import MalformedError

_USUAL_PORT = 8443
_TIMEOUT_S = 30.0
_MOST_ANSWER_BYTES = 65536
_PKCS10 = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64"}


@dataclass(frozen=True)
class AuthorityClient:
    """Who is asked. url: https://HOST:PORT; roots: PEM file of the roots that we trust.

    certificate: PEM file with our key and certificate, None before there is one.
    """

    url: str
    roots: Path
    certificate: Path | None = None

    def trusted_roots(self) -> list[x509.Certificate]:
        """Ask for the roots that count now, the oldest first."""
        found = _certificates(self._ask("GET", f"{EST_PATH}/cacerts"))
        # PKCS #7 knows a set of certificates: their order says nothing.
        return sorted(found, key=lambda root: root.not_valid_before_utc)

    def enrol(self, serial: str, code: str, request: bytes) -> x509.Certificate:
        """Ask for a first certificate. request: PKCS #10 in DER."""
        word = base64.b64encode(f"{serial}:{code}".encode()).decode()
        headers = {**_PKCS10, "Authorization": f"Basic {word}"}
        return self._sign("simpleenroll", request, headers)

    def renew(self, request: bytes) -> x509.Certificate:
        """Ask for the certificate that follows ours. request: PKCS #10 in DER."""
        return self._sign("simplereenroll", request, _PKCS10)

    def register(self, registration: Registration) -> Place:
        """Hand over our public keys; return what we must know of the site."""
        body = msgspec.json.encode(registration)
        return _place(self._ask("POST", REGISTER_PATH, body, {"Content-Type": "application/json"}))

    def place(self) -> Place:
        """Ask what we must know of the site, as it is now."""
        return _place(self._ask("GET", PLACE_PATH))

    def _sign(self, path: str, request: bytes, headers: dict[str, str]) -> x509.Certificate:
        body = base64.encodebytes(request)
        found = _certificates(self._ask("POST", f"{EST_PATH}/{path}", body, headers))
        if len(found) != 1:
            raise AuthorityLostError("the authority's answer is not one certificate")
        return found[0]

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> bytes:
        host, port = _address(self.url)
        connection = http.client.HTTPSConnection(
            host, port, timeout=_TIMEOUT_S, context=self._context()
        )
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            content = answer.read(_MOST_ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as fault:
            raise _say(fault, self.url, presented=self.certificate is not None) from fault
        finally:
            connection.close()
        if len(content) > _MOST_ANSWER_BYTES:
            raise AuthorityLostError("the authority's answer is too long to be one")
        if answer.status != http.HTTPStatus.OK:
            raise _refusal(answer.status, content)
        return content

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        try:
            context.load_verify_locations(self.roots)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate)
        except (OSError, ssl.SSLError) as fault:
            raise ConfigurationError(
                f"{self.roots} or {self.certificate} cannot be used ({fault}): bring the "
                "authority's roots (ca.pem) again, or enrol again"
            ) from fault
        return context


def _place(answer: bytes) -> Place:
    try:
        return decode_place(answer)
    except MalformedError as fault:
        raise AuthorityLostError(f"the authority's answer is not understood: {fault}") from fault


def _address(url: str) -> tuple[str, int]:
    """Return host and port. Raises ConfigurationError."""
    try:
        parts = urlsplit(url)
        port = parts.port or _USUAL_PORT
    except ValueError as fault:
        raise ConfigurationError(f"{url!r} is no address of an authority") from fault
    if parts.scheme != "https" or not parts.hostname or parts.path not in {"", "/"}:
        raise ConfigurationError(
            f"{url!r} is no address of an authority: give it as https://HOST:{_USUAL_PORT}"
        )
    return parts.hostname, port


def _certificates(answer: bytes) -> list[x509.Certificate]:
    """Read the base64 of a certs-only PKCS #7 message (RFC 7030, 4.1.3).

    Raises AuthorityLostError.
    """
    try:
        der = base64.b64decode(b"".join(answer.split()), validate=True)
        return pkcs7.load_der_pkcs7_certificates(der)
    except (
        ValueError, TypeError, binascii.Error, UnsupportedAlgorithm, x509.InvalidVersion,
    ) as fault:  # fmt: skip
        raise AuthorityLostError("the authority's answer holds no certificates") from fault


def pem_of(certificates: list[x509.Certificate]) -> bytes:
    """Return certificates as PEM, one after the other."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _refusal(status: int, content: bytes) -> Exception:
    words = content[:300].decode(errors="replace").strip().splitlines()[:1]
    said = words[0] if words else f"HTTP {status}"
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        return AuthorityLostError(f"the authority cannot answer now: {said}")
    return AuthorityRefusedError(f"the authority refused: {said}")


def _say(fault: Exception, url: str, *, presented: bool) -> Exception:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return AuthorityLostError(
            f"{url} is not the authority whose roots we have ({fault.verify_message}): check the "
            "address, this device's clock, and ca.pem"
        )
    # A server that does not accept a certificate says so, or just hangs up.
    hung_up = isinstance(fault, ConnectionResetError | BrokenPipeError | ssl.SSLEOFError)
    alert = isinstance(fault, ssl.SSLError) and "ALERT" in (fault.reason or "")
    if presented and (alert or hung_up):
        return AuthorityRefusedError(
            "the authority does not accept our certificate (it has expired, or its root was "
            "retired), or the connection broke: try again; if it stays so, ask the centre for a "
            "new code and enrol again"
        )
    return AuthorityLostError(
        f"the authority at {url} cannot be reached ({fault}): check the network and the address, "
        "then try again; nothing was lost"
    )
