"""How many cases were opened within the last hour: no kiosk is for checking masses.

Kept in memory: a restart begins anew, which only whoever may restart the device can do.
"""

from collections import deque
from collections.abc import Callable

_HOUR_S = 3600.0


class CaseRate:
    """Counts. most: within an hour. clock: seconds, monotonic."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._opened: deque[float] = deque()

    def opened(self) -> None:
        """Note that one was opened."""
        self._opened.append(self._clock())

    def is_full(self) -> bool:
        """Say whether the next one needs a reason."""
        ago = self._clock() - _HOUR_S
        while self._opened and self._opened[0] <= ago:
            self._opened.popleft()
        return len(self._opened) >= self._most
