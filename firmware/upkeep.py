"""What will stop a kiosk in days rather than now: told on its page while somebody can still act.

Looks at two files now and then, those that `greenline kiosk renew` replaces: the certificate of
the link, and the matcher's public keys. It needs no network and changes nothing.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography import x509

from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity
from greenline.protocol.wording import CERTIFICATE_ENDED, CERTIFICATE_ENDS, MATCHER_HAS_NEW_KEYS

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 600.0
_SOON_MS = 14 * 24 * 3600 * 1000


class Notices(Protocol):
    """Where it is told."""

    def show_notice(self, notice: str, *, shown: bool) -> None:
        """Show what must be known of this kiosk, or do so no more."""


class Upkeep:
    """Looks at the files at once and every ten minutes, between start() and stop().

    certificate: PEM file; None: not known. matcher: the file, and loaded what was read from it at
    the start. now_ms: what is believed of the time, Unix milliseconds.
    """

    def __init__(
        self,
        notices: Notices,
        certificate: Path | None,
        matcher: Path,
        loaded: Identity,
        now_ms: Callable[[], int],
    ) -> None:
        self._notices = notices
        self._certificate = certificate
        self._matcher = matcher
        self._loaded = loaded
        self._now_ms = now_ms
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def look(self) -> None:
        """Show what is due, and no more what is not."""
        left_ms = self._left_ms()
        ended = left_ms is not None and left_ms <= 0
        soon = left_ms is not None and 0 < left_ms < _SOON_MS
        self._notices.show_notice(CERTIFICATE_ENDED, shown=ended)
        self._notices.show_notice(CERTIFICATE_ENDS, shown=soon)
        self._notices.show_notice(MATCHER_HAS_NEW_KEYS, shown=self._has_new_keys())

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                # The last resort of this thread: what it tells is a help, and stops nothing.
                log.exception("upkeep failed")
            if self._stopping.wait(_LOOK_EVERY_S):
                return

    def _left_ms(self) -> int | None:
        """Return how long the certificate holds; None when it cannot be read."""
        if self._certificate is None:
            return None
        try:
            held = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        except (OSError, ValueError, x509.InvalidVersion) as fault:
            log.warning("certificate not read", extra={"reason": type(fault).__name__})
            return None
        return int(held.not_valid_after_utc.timestamp() * 1000) - self._now_ms()

    def _has_new_keys(self) -> bool:
        """Say whether the matcher's file is another than this kiosk works with."""
        try:
            return Identity.from_json(self._matcher.read_bytes()) != self._loaded
        except (OSError, ProtocolError):
            return False  # the next start says so
