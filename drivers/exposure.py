"""When a camera that regulates itself has done so: its pictures have stopped changing brightness.

The one sign that every camera gives. Pure but for the pictures it is fed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.errors import BadTransferError, PortTimeoutError
from greenline.drivers.port import Clock

LONGEST_S = 2.5  # a webcam takes up to about two seconds after its start

_STEADY_S = 0.4
_TOLERANCE = 2.0  # of 255 levels: noise moves the mean of a whole picture by less


class Settling:
    """Judges the pictures of one camera in their order."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, taken_s: float, brightness: float) -> bool:
        """Say whether the brightness (0-255) has stayed the same for long enough."""
        self._seen.append((taken_s, brightness))
        # One picture from before the span stays, so that the span is really covered.
        while len(self._seen) > 1 and self._seen[1][0] <= taken_s - _STEADY_S:
            self._seen.popleft()
        levels = [level for _, level in self._seen]
        covered = taken_s - self._seen[0][0] >= _STEADY_S
        return covered and max(levels) - min(levels) <= _TOLERANCE


@dataclass(frozen=True, eq=False)
class Taken:
    """A picture as it came from the camera. taken_s: when it arrived. settled: it was steady."""

    pixels: NDArray[np.uint8]
    taken_s: float
    settled: bool


def settled(next_pixels: Callable[[], NDArray[np.uint8]], clock: Clock, limit: float) -> Taken:
    """Take pictures until their brightness is steady; return the last one.

    limit: time on the clock when the last one is taken as it is. When the camera's own deadline
    comes first, the last one that came is taken as well; with none, its fault goes to the caller.
    """
    settling = Settling()
    last: Taken | None = None
    while last is None or last.taken_s < limit:
        try:
            pixels = next_pixels()
        except (PortTimeoutError, BadTransferError):
            if last is None:
                raise
            break
        now = clock()
        last = Taken(pixels, now, settling.add(now, brightness(pixels)))
        if last.settled:
            break
    return last


def brightness(pixels: NDArray[np.uint8]) -> float:
    """Return the mean of every eighth pixel each way, 0-255."""
    return float(pixels[::8, ::8].mean())
