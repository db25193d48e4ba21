"""The page in cog, the browser of the device: WebKit of Debian 12 knows less than Chromium."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenline.firmware.case_state import CaseStage
from greenline.firmware.page.app import make_app
from greenline.protocol.messages import Outcome
from tests.firmware.page.cases import CASES, CHOICES
from tests.firmware.page.checkpoint import CAPTURES, NOON_MS, Desk, answered, lead
from tests.firmware.page.serving import Server

COG = ("cog", "--platform=headless", "--enable-write-console-messages-to-stdout=1")


class Overheard:
    """An app of which is known what it has sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._sent = b""
        self._more = threading.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            await send(message)
            if scope["type"] == "http" and scope["path"] == "/api/events":
                with self._more:
                    self._sent += message.get("body", b"")
                    self._more.notify_all()

        await self._app(scope, receive, note)

    def has_sent(self, what: bytes) -> bool:
        with self._more:
            return self._more.wait_for(lambda: what in self._sent, timeout=30)


@pytest.mark.skipif(shutil.which("cog") is None, reason="cog is not installed: apt-get install cog")
def test_every_state_is_drawn_without_a_complaint(desk: Desk, tmp_path: Path) -> None:
    app = Overheard(make_app(desk))
    server = Server(app)
    server.start()
    desk.board.show_choices(CHOICES)
    told = tmp_path / "told"
    with told.open("w") as out:
        cog = subprocess.Popen(
            [*COG, server.url], stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        )  # fmt: skip
    try:
        for change in changes(desk):
            change()
            assert app.has_sent(b'"version":%d,' % desk.board.state().version)
        # It asks for the picture of the finger once it has drawn all that came before.
        desk.board.show_case(CASES["capture"])
        assert desk.finger.watched_by(1)
    finally:
        cog.terminate()
        cog.wait()
        server.stop()

    assert [line for line in told.read_text().splitlines() if "CONSOLE" in line] == []


def changes(desk: Desk) -> list[Callable[[], None]]:
    board = desk.board
    cases = [case for case in CASES.values() if case.stage is not CaseStage.CAPTURE]
    return [
        *(partial(board.show_capture, shown) for shown in CAPTURES.values()),
        *(partial(board.show_case, case) for case in cases),
        partial(board.show_case, None, "minor"),
        partial(board.show_case, None),
        partial(board.show_check, answered("a", NOON_MS, Outcome.CANDIDATES)),
        partial(board.show_leads, (lead("a"),)),
        partial(board.show_check, answered("b", NOON_MS + 1, Outcome.NONE)),
    ]
