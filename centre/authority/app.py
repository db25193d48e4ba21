"""The authority's HTTP side: EST (RFC 7030) as far as kiosks need it, and two paths of our own.

Bodies are bounded before they are read, and every refusal is a plain sentence. Work that touches
the database runs on threads, so that no request waits for another's disk.
"""

import base64
import binascii
import datetime
import logging
import ssl
from collections.abc import Callable

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from greenline.centre.authority.authority import Authority
from greenline.centre.authority.enrolment import enrol
from greenline.centre.authority.errors import (
    AuthorityError,
    CredentialsError,
    FolderError,
    RefusedError,
    RequestError,
)
from greenline.centre.authority.records import Issued
from greenline.centre.authority.renewal import place_of, register, renew
from greenline.centre.authority.requests import read_request
from greenline.centre.authority.revocation import revocation_lists
from greenline.protocol.enrolment import (
    EST_PATH,
    PLACE_PATH,
    REGISTER_PATH,
    Place,
    decode_registration,
)
from greenline.protocol.errors import MalformedError

log = logging.getLogger(__name__)

MOST_BODY_BYTES = 16384
_LISTS_LAST = datetime.timedelta(seconds=10)
_STATUS = (
    (RequestError, 400),
    (CredentialsError, 401),
    (RefusedError, 403),
    (FolderError, 503),
)
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="greenline enrolment"'}


def make_app(authority: Authority, now: Callable[[], datetime.datetime]) -> ASGIApp:
    """Return the application. now: an aware time in UTC."""
    ends = _Endpoints(authority, now)
    return Starlette(
        routes=[
            Route(f"{EST_PATH}/cacerts", ends.roots),
            Route(f"{EST_PATH}/simpleenroll", ends.enrol, methods=["POST"]),
            Route(f"{EST_PATH}/simplereenroll", ends.renew, methods=["POST"]),
            Route(f"{EST_PATH}/crl", ends.lists),
            Route(REGISTER_PATH, ends.register, methods=["POST"]),
            Route(PLACE_PATH, ends.place),
        ],
        exception_handlers={AuthorityError: _refuse, Exception: _fail},
    )


class _Endpoints:
    """What may be asked of one authority."""

    def __init__(self, authority: Authority, now: Callable[[], datetime.datetime]) -> None:
        self._authority = authority
        self._now = now
        self._lists = (now() - _LISTS_LAST, b"")

    async def roots(self, _request: Request) -> Response:
        found = await run_in_threadpool(self._authority.roots.trusted)
        return _certificates([root.certificate for root in found])

    async def lists(self, _request: Request) -> Response:
        # Making them writes to the disk: strangers must not be able to have that done at will.
        if self._now() - self._lists[0] >= _LISTS_LAST:
            made = await run_in_threadpool(revocation_lists, self._authority, self._now())
            self._lists = self._now(), made
        return Response(self._lists[1], media_type="application/x-pem-file")

    async def enrol(self, request: Request) -> Response:
        serial, code = _basic(request)
        wanted = read_request(await _body(request))
        issued = await run_in_threadpool(enrol, self._authority, serial, code, wanted, self._now())
        log.info("enrolled", extra={"serial": serial, "kiosk": issued.name})
        return _issued(issued)

    async def renew(self, request: Request) -> Response:
        der = _client_certificate(request)
        wanted = read_request(await _body(request))
        issued = await run_in_threadpool(renew, self._authority, der, wanted, self._now())
        log.info("renewed", extra={"kiosk": issued.name})
        return _issued(issued)

    async def register(self, request: Request) -> Response:
        der = _client_certificate(request)
        try:
            registration = decode_registration(await _body(request))
        except MalformedError as fault:
            raise RequestError(str(fault)) from fault
        place = await run_in_threadpool(register, self._authority, der, registration, self._now())
        log.info("registered", extra={"kiosk": place.kiosk})
        return _told(place)

    async def place(self, request: Request) -> Response:
        der = _client_certificate(request)
        return _told(await run_in_threadpool(place_of, self._authority, der, self._now()))


async def _refuse(request: Request, fault: Exception) -> Response:
    status = next((code for kind, code in _STATUS if isinstance(fault, kind)), 503)
    log.warning("refused", extra={"path": request.url.path, "reason": str(fault)})
    headers = _CHALLENGE if status == 401 and request.url.path.endswith("/simpleenroll") else None
    return PlainTextResponse(f"{fault}\n", status, headers)


async def _fail(request: Request, fault: Exception) -> Response:
    # The fault's own text may hold what was sent, so only its kind is told.
    log.error("failed", extra={"path": request.url.path, "fault": type(fault).__name__})
    return PlainTextResponse("a fault in the authority itself: see its log\n", 500)


async def _body(request: Request) -> bytes:
    received = b""
    async for chunk in request.stream():
        received += chunk
        if len(received) > MOST_BODY_BYTES:
            raise RequestError(f"a request here has at most {MOST_BODY_BYTES} bytes")
    return received


def _basic(request: Request) -> tuple[str, str]:
    """Return serial and code of HTTP Basic authentication (RFC 7617). Raises CredentialsError."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        plain = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        plain = ""
    serial, separator, code = plain.partition(":")
    if scheme.lower() != "basic" or not separator:
        raise CredentialsError("send the serial and its code as user and password (HTTP Basic)")
    return serial, code


def _client_certificate(request: Request) -> bytes:
    """Return the certificate of the TLS handshake, DER (ASGI's extension "tls")."""
    chain = request.scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", [])
    if not chain:
        raise CredentialsError("this needs the client certificate that was issued here")
    return ssl.PEM_cert_to_DER_cert(chain[0])


def _told(place: Place) -> Response:
    return Response(msgspec.json.encode(place), media_type="application/json")


def _issued(issued: Issued) -> Response:
    return _certificates([issued.certificate])


def _certificates(certificates: list[x509.Certificate]) -> Response:
    """Return a certs-only PKCS #7 message as EST has it (RFC 7030, 4.1.3 and 4.2.3)."""
    der = pkcs7.serialize_certificates(certificates, Encoding.DER)
    return Response(
        base64.encodebytes(der),
        headers={"Content-Transfer-Encoding": "base64"},
        media_type="application/pkcs7-mime; smime-type=certs-only",
    )
