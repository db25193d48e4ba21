"""Whether a transfer is fast enough to be one. Pure: the time comes in from outside.

A server, or somebody in between, that sends four bytes a second keeps a socket's timeout happy for
ever. So what arrives is counted over a window, and the whole has a deadline.
"""

from collections.abc import Callable
from typing import Final

from greenline.ota.errors import LostError

Monotonic = Callable[[], float]
"""Seconds that only go on, as time.monotonic."""


class TooSlowError(LostError):
    """Bytes come, but too few of them."""


class DeadlineError(LostError):
    """The time for this run is over; the next one goes on where it ends."""


class Pace:
    """Counts what arrives. Not safe to share between threads."""

    def __init__(
        self, least_per_second: float, window_s: float, deadline_s: float, clock: Monotonic
    ) -> None:
        """least_per_second: bytes, over each window; deadline_s: for all that is to be read."""
        self._least: Final = least_per_second * window_s
        self._window_s: Final = window_s
        self._clock: Final = clock
        self._ends: Final = clock() + deadline_s
        self._last = clock()
        self._spent_s = 0.0
        self._heard = 0

    def begin(self) -> None:
        """Begin a request: the time since the one before is not the other side's."""
        self.left_s()
        self._last = self._clock()

    def heard(self, count: int) -> None:
        """Count bytes. Raises TooSlowError at the end of a window that was too empty."""
        self.left_s()
        now = self._clock()
        self._spent_s += now - self._last
        self._last = now
        self._heard += count
        if self._spent_s < self._window_s:
            return
        heard, spent_s = self._heard, self._spent_s
        self._spent_s = 0
        self._heard = 0
        if heard < self._least:
            raise TooSlowError(f"{heard} bytes in {spent_s:.0f} s: the link is too slow")

    def left_s(self) -> float:
        """Return the seconds to the deadline. Raises DeadlineError when there are none."""
        left = self._ends - self._clock()
        if left <= 0:
            raise DeadlineError("the time for this run is over; the next run goes on from here")
        return left
