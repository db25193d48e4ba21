"""The event stream that the officer's page follows, from a real server."""

import http.client
import json
import threading
from collections.abc import Callable
from typing import Any

from greenline.firmware.board import Board
from tests.firmware.page.checkpoint import CAPTURES, HEADERS, Desk, drawn
from tests.firmware.page.serving import Server


class Stream:
    """The event stream as a browser reads it, line by line."""

    def __init__(self, server: Server) -> None:
        host, port = server.url.removeprefix("http://").rstrip("/").split(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=10)
        self._connection.request("GET", "/api/events")
        self.answer = self._connection.getresponse()

    def line(self) -> str:
        return self.answer.readline().decode().rstrip("\n")

    def state(self) -> dict[str, Any]:
        while not (line := self.line()).startswith("data: "):
            pass
        found: dict[str, Any] = json.loads(line.removeprefix("data: "))
        return found

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


def test_the_event_stream_has_the_security_headers_and_begins_with_the_state(
    server: Server, desk: Desk
) -> None:
    stream = Stream(server)

    found = {name: stream.answer.headers.get(name, "missing") for name in HEADERS}
    assert found == HEADERS
    assert stream.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert [stream.line(), stream.line()] == ["retry: 1000", ""]
    assert stream.state() == drawn(desk)
    stream.close()


def test_each_change_reaches_all_who_follow(server: Server, desk: Desk) -> None:
    streams = [Stream(server), Stream(server)]
    assert {stream.state()["capture"]["phase"] for stream in streams} == {"starting"}

    desk.board.show_capture(CAPTURES["reading"])

    seen = [stream.state()["capture"] for stream in streams]
    assert seen == [drawn(desk)["capture"]] * 2
    for stream in streams:
        stream.close()


class WatchedBoard(Board):
    """A board that says how many follow it."""

    def __init__(self) -> None:
        super().__init__("kiosk-07", 20)
        self._changed = threading.Condition()
        self._following = 0

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        forget = super().listen(listener)
        self._count(1)

        def forget_and_count() -> None:
            forget()
            self._count(-1)

        return forget_and_count

    def wait_until_followed_by(self, number: int) -> int:
        """Return how many follow, once it is this number; another one when it never is."""
        with self._changed:
            self._changed.wait_for(lambda: self._following == number, timeout=5)
            return self._following

    def _count(self, change: int) -> None:
        with self._changed:
            self._following += change
            self._changed.notify_all()


def test_who_went_away_is_forgotten_with_the_next_change(server: Server, desk: Desk) -> None:
    board = desk.board = WatchedBoard()
    streams = [Stream(server), Stream(server)]
    for stream in streams:
        stream.state()
    assert board.wait_until_followed_by(2) == 2

    streams[0].close()
    board.show_capture(CAPTURES["ready"])

    assert board.wait_until_followed_by(1) == 1
    assert streams[1].state()["capture"]["phase"] == "ready"
    streams[1].close()
