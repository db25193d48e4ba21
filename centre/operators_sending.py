"""Sends the lists of operators to their kiosks through the broker, the way that results go.

The broker keeps a list for a kiosk that is away, once it has been there. Each is given to the
broker once; what it did not take is told, and published again as a new list.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from greenline.link.connection import NotConnectedError
from greenline.link.link import Link, full_jitter
from greenline.link.settings import LinkSettings
from greenline.protocol.topics import result_topic


@dataclass(frozen=True)
class Letter:
    """A sealed list. expiry_s: how long the broker may keep it."""

    kiosk: str
    envelope: bytes
    expiry_s: int


class Sending:
    """Gives letters to the broker, and listens to its link. Used once."""

    def __init__(
        self,
        settings: LinkSettings,
        letters: list[Letter],
        patience_s: float,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        self._left = {letter.kiosk: letter for letter in letters}
        self._waiting = list(letters)
        self._patience_s = patience_s
        self._told = "no broker was reached in time"
        self._refused: dict[str, str] = {}
        self._link = Link(settings, [], self, jitter)

    def run(self) -> dict[str, str]:
        """Send everything; return by kiosk why its letter was not taken: empty, all were.

        Raises LinkError when the certificate files cannot be used.
        """
        if self._left:
            giving_up = threading.Timer(self._patience_s, self._link.stop)
            giving_up.daemon = True
            giving_up.start()
            try:
                self._link.run()
            finally:
                giving_up.cancel()
        return {**dict.fromkeys(self._left, self._told), **self._refused}

    def link_up(self, window: int) -> None:  # noqa: ARG002  # the link's interface
        """Send what the broker does not have yet (called by the link)."""
        self._waiting = list(self._left.values())
        self._send()

    def link_down(self, reason: str) -> None:
        """Remember why (called by the link), which tries again until patience ends."""
        self._told = reason

    def published(self, token: bytes, refusal: str) -> None:
        """Note that the broker took a letter, or why not (called by the link)."""
        kiosk = token.decode()
        self._left.pop(kiosk, None)
        if refusal:
            self._refused[kiosk] = refusal
        if self._left:
            self._send()
        else:
            self._link.stop()

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        """Nothing is subscribed, so nothing arrives."""

    def _send(self) -> None:
        while self._waiting:
            letter = self._waiting[0]
            try:
                self._link.publish(
                    letter.kiosk.encode(),
                    result_topic(letter.kiosk),
                    letter.envelope,
                    letter.expiry_s,
                )
            except NotConnectedError:
                return  # the window is full: the next that is taken makes room
            self._waiting.pop(0)
