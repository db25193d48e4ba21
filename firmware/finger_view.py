"""The picture of a finger while it is taken, for the officer's page: live, small, soon gone.

Kept in memory alone, and only while somebody watches; blank as soon as the finger is over. The
capture thread shows, the page's threads watch. It never lies on the board, and the traveller's view
has none.
"""

import io
import threading
from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image

from greenline.prints.frame import Frame

_MOST: Final = (200, 240)  # pixels on the page
_PAPER: Final = 255


def _jpeg(frame: Frame, height: int) -> bytes:
    missing = max(0, height - frame.height)
    whole = np.pad(frame.pixels, ((0, missing), (0, 0)), constant_values=_PAPER)
    image, out = Image.fromarray(whole), io.BytesIO()
    image.thumbnail(_MOST)
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


_BLANK: Final = _jpeg(Frame(np.full((240, 200), _PAPER, np.uint8), 500.0), 240)


class FingerView:
    """Holds the newest picture. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: set[Callable[[], None]] = set()
        self._newest = _BLANK

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call watcher, on the capture thread, after each picture; returns how to end it."""
        with self._lock:
            self._watchers.add(watcher)
        return lambda: self._leave(watcher)

    def newest(self) -> bytes:
        """Return the newest picture as a JPEG file; a blank one when no finger is being taken."""
        return self._newest

    def show(self, frame: Frame, height: int = 0) -> None:
        """Show what there is of a picture. height: rows that it will have."""
        if self._watchers:
            self._change(_jpeg(frame, height))

    def forget(self) -> None:
        """Show nothing any more."""
        if self._newest is not _BLANK:
            self._change(_BLANK)

    def _change(self, newest: bytes) -> None:
        with self._lock:
            # Whoever has left while it was made must not be what keeps it here.
            self._newest = newest if self._watchers else _BLANK
            watchers = list(self._watchers)
        for each in watchers:
            each()

    def _leave(self, watcher: Callable[[], None]) -> None:
        with self._lock:
            self._watchers.discard(watcher)
            if not self._watchers:
                self._newest = _BLANK
