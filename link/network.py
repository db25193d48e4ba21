"""Tells when a network comes up, so that a link that waits tries at once.

The kernel says so itself, to anybody: linux/rtnetlink.h, groups RTMGRP_*, messages RTM_NEW*. Where
it cannot be heard (another system, a sandbox without AF_NETLINK) waits last as long as they would.
"""

import errno
import logging
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Self

log = logging.getLogger(__name__)

_LINK, _IPV4_ADDRESS, _IPV4_ROUTE, _IPV6_ADDRESS, _IPV6_ROUTE = 0x1, 0x10, 0x40, 0x100, 0x400
_GROUPS = _LINK | _IPV4_ADDRESS | _IPV4_ROUTE | _IPV6_ADDRESS | _IPV6_ROUTE
_NEW_LINK, _NEW_ADDRESS, _NEW_ROUTE = 16, 20, 24
_RUNNING = 0x40
_HEADER = struct.Struct("=IHHII")
_LINK_FLAGS = struct.Struct("=8xI")
_CHUNK = 65536

_SETTLE_S = 0.3
"""An address comes a moment before its route."""
_BETWEEN_S = 5.0
"""A network that flaps wakes nobody more often."""


def came_up(datagram: bytes) -> bool:
    """Return whether a netlink datagram tells of a link, address or route that is there now."""
    for kind, body in _messages(datagram):
        if kind in (_NEW_ADDRESS, _NEW_ROUTE):
            return True
        if kind == _NEW_LINK and len(body) >= _LINK_FLAGS.size:
            (flags,) = _LINK_FLAGS.unpack_from(body)
            if flags & _RUNNING:
                return True
    return False


class Network:
    """Waits that end early. Use it in one thread; wake() from any, or a signal handler.

    clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reader, self._writer = socket.socketpair()
        self._writer.settimeout(0)
        self._kernel = _listen()
        self._woken_at = -_BETWEEN_S
        self._news = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its sockets."""
        for each in (self._reader, self._writer, self._kernel):
            if each is not None:
                each.close()

    def wake(self) -> None:
        """End a wait, or the next one."""
        try:
            self._writer.send(b"x")
        except OSError:
            return  # it is being closed, or there is a wake-up in it already

    def wait(self, seconds: float, *, early: bool) -> bool:
        """Wait; return True when a network came up meanwhile. early: that ends the wait."""
        self._news = self.changed()  # while the last try went on, too
        until = self._clock() + seconds
        sooner: float | None = None
        while (left := (sooner or until) - self._clock()) > 0:
            if self._news and early and sooner is None:
                soon = max(self._clock() + _SETTLE_S, self._woken_at + _BETWEEN_S)
                sooner = min(soon, until)
            elif self._hear(left):
                return False
        if sooner is None or sooner == until:
            return False
        self._woken_at = self._clock()
        return True

    def changed(self) -> bool:
        """Return whether addresses, routes or links have changed since this was asked last."""
        found = False
        while self._kernel is not None:
            try:
                found = came_up(self._kernel.recv(_CHUNK)) or found
            except BlockingIOError:
                return found
            except OSError:  # more came than fits: something has changed
                return True
        return found

    def _hear(self, seconds: float) -> bool:
        """Listen so long to the kernel; return whether wake() was called."""
        listening = [each for each in (self._reader, self._kernel) if each is not None]
        heard = select.select(listening, [], [], seconds)[0]
        if self._kernel in heard:
            self._news = self.changed() or self._news
        if self._reader in heard:
            self._reader.recv(_CHUNK)
            return True
        return False


def still_ours(address: str) -> bool:
    """Return whether an IP address is one of this device's; True where that cannot be told."""
    if address.startswith("fe80"):  # of one interface, and means nothing without its name
        return True
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as fault:
            return fault.errno != errno.EADDRNOTAVAIL
    return True


def _listen() -> socket.socket | None:
    try:
        kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    except (OSError, AttributeError) as fault:
        log.info("networks not watched", extra={"reason": str(fault)})
        return None
    try:
        kernel.bind((0, _GROUPS))
        kernel.settimeout(0)
    except OSError as fault:
        kernel.close()
        log.info("networks not watched", extra={"reason": str(fault)})
        return None
    return kernel


def _messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of each netlink message; what is cut short ends it."""
    at = 0
    while len(datagram) - at >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size:
            return
        yield kind, datagram[at + _HEADER.size : at + length]
        at += (length + 3) & ~3
