"""A registry as text, read anew once a second at most.

So whoever reads it a thousand times a second costs the kiosk no more, and cannot time to less than
that when an answer came.
"""

import threading
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, generate_latest

FRESH_S = 1.0


class MetricsText:
    """Safe to share between threads. clock: monotonic seconds."""

    def __init__(
        self, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._text = b""

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format, as it was within the last second."""
        with self._lock:
            now = self._clock()
            if self._read_at is None or now - self._read_at >= FRESH_S:
                self._text = generate_latest(self._registry)
                self._read_at = now
            return self._text
