"""The outbox: final answers on their way to the broker, each until the broker has it.

The ledger is the truth; the outbox only knows which of its answers are waiting and which are on
the wire. It is filled from the ledger on each new link, and now and then as a safeguard.
"""

import threading
from collections.abc import Callable

from greenline.link.connection import NotConnectedError
from greenline.matcher.ledger import Ledger

Publish = Callable[[bytes, str, bytes], None]
"""Hands (request id, kiosk, envelope) to the link, or raises NotConnectedError."""


class Outbox:
    """Sends answers. Safe to share between threads.

    The lock is never held while publish is called: the link calls back with locks of its own held.
    """

    def __init__(self, ledger: Ledger, publish: Publish) -> None:
        self._ledger = ledger
        self._publish = publish
        self._lock = threading.Lock()
        self._waiting: dict[bytes, None] = {}
        self._on_the_wire: set[bytes] = set()
        self._settled = 0

    @property
    def busy(self) -> bool:
        """Whether answers wait for room in the link's window."""
        with self._lock:
            return bool(self._waiting)

    def link_up(self) -> None:
        """Begin anew on a new link: what was on the wire of the old one goes again.

        Raises DatabaseError: then refill() makes up for it.
        """
        with self._lock:
            self._on_the_wire.clear()
            self._settled += 1
        self.refill()

    def refill(self) -> None:
        """Send whatever the ledger says the broker does not have. Raises DatabaseError."""
        for request_id in self._ledger.undelivered():
            self._add(request_id)
        self._send()

    def send(self, request_id: bytes) -> None:
        """Send an answer that the ledger holds. Raises DatabaseError."""
        self._add(request_id)
        self._send()

    def settle(self, request_id: bytes, *, taken: bool) -> None:
        """Note that the broker took or refused an answer. Raises DatabaseError."""
        try:
            if taken:
                self._ledger.delivered(request_id)
        finally:
            with self._lock:
                self._on_the_wire.discard(request_id)
                self._settled += 1
        self._send()

    def room_made(self) -> None:
        """Note that something else than an answer has left the wire. Raises DatabaseError."""
        with self._lock:
            self._settled += 1
        self._send()

    def _add(self, request_id: bytes) -> None:
        with self._lock:
            if request_id not in self._on_the_wire:
                self._waiting[request_id] = None

    def _send(self) -> None:
        """Send as long as the link takes it; the rest goes when one is settled."""
        while True:
            with self._lock:
                request_id = next(iter(self._waiting), None)
                settled = self._settled
            if request_id is None:
                return
            stored = self._ledger.undelivered_answer(request_id)
            if not self._take(request_id, keep=stored is not None) or stored is None:
                continue
            try:
                self._publish(request_id, *stored)
            except NotConnectedError:
                # If room was made since, whoever made it may have found nothing waiting.
                if self._put_back(request_id) == settled:
                    return

    def _take(self, request_id: bytes, *, keep: bool) -> bool:
        """Move an answer to the wire; False when another thread was faster."""
        with self._lock:
            if request_id not in self._waiting:
                return False
            del self._waiting[request_id]
            if keep:
                self._on_the_wire.add(request_id)
            return True

    def _put_back(self, request_id: bytes) -> int:
        """Let an answer wait again; return how many were settled or links came up so far."""
        with self._lock:
            self._on_the_wire.discard(request_id)
            self._waiting[request_id] = None
            return self._settled
