"""Whether an answer comes too late for the person it is about: who was checked may have left.

Judged by running time and by sessions, never by a clock that could be set. Only the officer's page
shows it; nothing that the traveller can see, hear or time depends on it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

LATE_AFTER_S = 120.0


@dataclass(frozen=True)
class _Taken:
    at_s: float
    session: int


class Lateness:
    """Safe to share between threads. clock: monotonic seconds. late_after_s: see kiosk.toml."""

    def __init__(self, clock: Callable[[], float], late_after_s: float = LATE_AFTER_S) -> None:
        self._clock = clock
        self._late_after_s = late_after_s
        self._lock = threading.Lock()
        self._taken: dict[str, _Taken] = {}
        self._session = 0

    def taken(self, request_id: str) -> None:
        """Note that a request has just become durable."""
        with self._lock:
            self._taken[request_id] = _Taken(self._clock(), self._session)

    def session_ended(self) -> None:
        """Note that whoever worked here does so no more: what was taken until now was theirs."""
        with self._lock:
            self._session += 1

    def since_ms(self, request_id: str) -> float:
        """Return the milliseconds since a request of this run became durable; 0 if unknown."""
        with self._lock:
            taken = self._taken.get(request_id)
        return 0.0 if taken is None else (self._clock() - taken.at_s) * 1000

    def is_late(self, request_id: str) -> bool:
        """Say whether an answer that comes now is late; one to an earlier run's request always."""
        with self._lock:
            taken = self._taken.get(request_id)
            if taken is None or taken.session != self._session:
                return True
        return self._clock() - taken.at_s > self._late_after_s

    def was_late(self, created_ms: int, arrived_ms: int) -> bool:
        """Say whether an answer of an earlier run was late. Unix milliseconds, as believed then."""
        return arrived_ms - created_ms > self._late_after_s * 1000

    def forget(self, request_id: str) -> None:
        """Forget a request that waits no more."""
        with self._lock:
            self._taken.pop(request_id, None)
