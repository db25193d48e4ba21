"""A socket that http.client reads from, and that gives up on a peer that drips.

http.client reads a reply's headers byte by byte and knows only a timeout for each read: a header
that comes one byte a second would be read for ever. Each read here is counted (pace.py).
"""

import io
import socket
from typing import Any, Final, Literal

from greenline.ota.pace import Pace


class PacedSocket:
    """What http.client needs of a socket."""

    def __init__(self, inner: socket.socket, pace: Pace, silence_s: float) -> None:
        """silence_s: no byte for so long raises TimeoutError."""
        self._inner: Final = inner
        self._pace: Final = pace
        self._silence_s: Final = silence_s

    def makefile(self, mode: Literal["rb"]) -> io.BufferedReader:
        """Return a file to read a reply from; the socket is closed with the last of them."""
        raw = self._inner.makefile(mode, buffering=0)
        return io.BufferedReader(_PacedFile(raw, self._inner, self._pace, self._silence_s))

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._inner.sendall(data)

    def close(self) -> None:
        """Close the socket when no file of it is open any more."""
        self._inner.close()


class _PacedFile(io.RawIOBase):
    def __init__(
        self, raw: io.RawIOBase, inner: socket.socket, pace: Pace, silence_s: float
    ) -> None:
        super().__init__()
        self._raw = raw
        self._inner = inner
        self._pace = pace
        self._silence_s = silence_s

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        self._inner.settimeout(min(self._silence_s, self._pace.left_s()))
        count = self._raw.readinto(into) or 0
        self._pace.heard(count)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
