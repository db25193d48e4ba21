"""Asks the kiosk's own page, as a browser does, whether it answers: for the update's health file.

A thread that still runs proves nothing: what a bad release breaks is the event loop, a route, or
the files of the page. So the page is really fetched, over a second entrance to the same server. Not
over its port: that may lie outside of the network namespace in which the kiosk is locked up
(systemd's PrivateNetwork with a socket that is passed in), where we cannot reach it ourselves.
"""

import contextlib
import http.client
import socket
import time
from collections.abc import Callable
from typing import Final

_TIMEOUT_S: Final = 2.0
_ASKED_EVERY_S: Final = 2.0
_MOST_BYTES: Final = 1 << 20
_ASKED: Final = {"/": "text/html", "/api/state": "application/json"}
"""The page itself, and what it draws, by the kind of content that comes back."""


class PageProbe:
    """One entrance and who asks there. clock: monotonic seconds. Give `socket` to serve()."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind("")  # a name that the kernel chooses, in no file system
        self.socket.listen(4)
        self._address = self.socket.getsockname()
        self._asked_s = float("-inf")
        self._answers = False

    def answers(self) -> bool:
        """Tell whether the page answers; asked anew every two seconds at most. One thread."""
        if self._clock() - self._asked_s >= _ASKED_EVERY_S:
            self._answers = all(self._fetched(*each) for each in _ASKED.items())
            self._asked_s = self._clock()
        return self._answers

    def close(self) -> None:
        """Close the entrance."""
        self.socket.close()

    def _fetched(self, path: str, kind: str) -> bool:
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as asking:
            asking.settimeout(_TIMEOUT_S)
            try:
                asking.connect(self._address)
                connection = http.client.HTTPConnection("127.0.0.1")
                connection.sock = asking
                connection.request("GET", path, headers={"Connection": "close"})
                answer = connection.getresponse()
                body = answer.read(_MOST_BYTES)
            except (OSError, http.client.HTTPException):
                return False
        told = (answer.getheader("content-type") or "").partition(";")[0]
        return answer.status == http.HTTPStatus.OK and told == kind and bool(body)
