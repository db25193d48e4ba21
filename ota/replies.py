"""What an HTTP reply to one request means. Pure: no socket, no clock. RFC 9110, sections 13 to 15.

A file is asked for from some byte on (Range), with If-Range when a strong ETag is known, so that a
file that has changed in between comes as a whole. What else may answer: a proxy that ignores the
range, a login page of the network (a captive portal), a redirect.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

from greenline.ota.errors import LostError
from greenline.ota.source import MissingError

_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_NUMBER = re.compile(r"[0-9]{1,19}")
_PAGE: Final = (b"<!doctype html", b"<html", b"<head", b"<script", b"<meta")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MISSING: Final = frozenset({403, 404, 410})


class PortalError(LostError):
    """A page for people answers instead of the update server: somebody has to log in, or pay."""


class ChangedError(LostError):
    """The file is another than at the beginning: read it from its first byte."""


class Headers(Protocol):
    """A reply's headers, by name in any case."""

    def get(self, name: str, default: str, /) -> str:
        """Return a header, or the default."""


@dataclass(frozen=True)
class Wanted:
    """What was asked for. start: the first byte; mark: the strong ETag of what is there already."""

    url: str
    start: int = 0
    mark: str = ""

    def headers(self) -> dict[str, str]:
        """Return the request's own headers."""
        plain = {"Accept-Encoding": "identity", "Cache-Control": "no-transform"}
        if not self.start:
            return plain
        ranged = {**plain, "Range": f"bytes={self.start}-"}
        return {**ranged, "If-Range": self.mark} if self.mark else ranged


@dataclass(frozen=True)
class Body:
    """A reply that brings bytes.

    start: where they belong; length: how many come, None: as many as there are; total: those of the
    whole file; mark: its strong ETag, or nothing.
    """

    start: int
    length: int | None
    total: int | None
    mark: str


@dataclass(frozen=True)
class Redirect:
    """The same server has it elsewhere."""

    url: str


def understand(wanted: Wanted, status: int, headers: Headers) -> Body | Redirect:
    """Return what a reply brings. Raises MissingError, PortalError, ChangedError, LostError."""
    if status in _REDIRECTS:
        return _redirect(wanted.url, headers.get("Location", ""))
    if status == HTTPStatus.NETWORK_AUTHENTICATION_REQUIRED:
        raise PortalError(_portal(wanted.url))
    if status in _MISSING:
        raise MissingError(f"{wanted.url}: the server has no such file (it answers {status})")
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise ChangedError(f"{wanted.url}: the file is shorter than it was")
    if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        raise LostError(f"{wanted.url}: the server answers {status}")
    if headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
        raise PortalError(_portal(wanted.url))
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise LostError(f"{wanted.url}: somebody in between has repacked it")
    return _body(wanted, status, headers)


def check_beginning(wanted: Wanted, beginning: bytes) -> None:
    """Refuse a login page that says it is something else. Raises PortalError."""
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGE):
        raise PortalError(_portal(wanted.url))


def _body(wanted: Wanted, status: int, headers: Headers) -> Body:
    mark = headers.get("ETag", "")
    mark = "" if mark.startswith("W/") else mark  # a weak one does not vouch for bytes
    if status == HTTPStatus.OK:
        length = _length(wanted, headers)
        return Body(0, length, length, mark)
    found = _RANGE.fullmatch(headers.get("Content-Range", ""))
    if found is None or int(found[1]) != wanted.start or int(found[2]) < wanted.start:
        raise ChangedError(f"{wanted.url}: the server answers with another range")
    if wanted.mark and mark != wanted.mark:
        raise ChangedError(f"{wanted.url}: the file has changed in between")
    total = None if found[3] == "*" else int(found[3])
    return Body(wanted.start, int(found[2]) - wanted.start + 1, total, mark)


def _length(wanted: Wanted, headers: Headers) -> int | None:
    """Return what a reply says of its length; None when it comes in pieces with an end of its own.

    One that ends with the connection is not taken: where it was cut could not be told from its end.
    """
    length = headers.get("Content-Length", "")
    if _NUMBER.fullmatch(length):
        return int(length)
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        raise LostError(f"{wanted.url}: the server does not say how long it is")
    return None


def _redirect(url: str, location: str) -> Redirect:
    try:
        target = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(target)
        same = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
    except ValueError:
        same = False
    if not location or not same or not new.path.isascii() or not target.isprintable():
        raise PortalError(f"{url}: another server is named instead. " + _portal(url))
    return Redirect(target)


def _portal(url: str) -> str:
    host = urlsplit(url).hostname
    return f"a page for people answers instead of {host}: this network may want a login first"
