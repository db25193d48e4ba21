"""The kiosk asks its own page: only one that really answers is up."""

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from greenline.cli.page_probe import PageProbe
from greenline.firmware.page.app import make_app
from tests.firmware.page.checkpoint import Desk


class Serving:
    """Serves an app on a probe's entrance until it is stopped."""

    def __init__(self, app: ASGIApp, probe: PageProbe) -> None:
        config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off",
                                timeout_graceful_shutdown=0)  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([probe.socket],))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture
def probe() -> Iterator[PageProbe]:
    made = PageProbe(iter(range(0, 1000, 10)).__next__)
    yield made
    made.close()


def asked(probe: PageProbe, app: ASGIApp) -> bool:
    serving = Serving(app, probe)
    try:
        return probe.answers()
    finally:
        serving.stop()


def test_the_kiosks_page_answers(probe: PageProbe) -> None:
    assert asked(probe, make_app(Desk()))
    assert not probe.answers(), "it has ended"


def test_a_page_that_nobody_serves_does_not_answer(probe: PageProbe) -> None:
    assert not probe.answers()


def page(_: Request) -> Response:
    return HTMLResponse("<!doctype html>")


def state(_: Request) -> Response:
    return JSONResponse({"phase": "ready"})


def broken(_: Request) -> Response:
    raise RuntimeError("a fault of this release")


def empty(_: Request) -> Response:
    return HTMLResponse("")


def other(_: Request) -> Response:
    return PlainTextResponse("no page")


def test_a_page_that_is_whole_is_up(probe: PageProbe) -> None:
    assert asked(probe, Starlette(routes=[Route("/", page), Route("/api/state", state)]))


@pytest.mark.parametrize(
    "routes",
    [
        [Route("/", page)],
        [Route("/api/state", state)],
        [Route("/", broken), Route("/api/state", state)],
        [Route("/", empty), Route("/api/state", state)],
        [Route("/", other), Route("/api/state", state)],
        [Route("/", page), Route("/api/state", broken)],
    ],
)
def test_one_of_which_a_part_does_not_answer_is_not(probe: PageProbe, routes: list[Route]) -> None:
    assert not asked(probe, Starlette(routes=routes))


def test_a_page_that_hangs_is_not_waited_for(probe: PageProbe) -> None:
    let_go = threading.Event()

    async def hung(request: Request) -> Response:
        let_go.wait(30)
        return HTMLResponse("x")

    serving = Serving(Starlette(routes=[Route("/", hung), Route("/api/state", state)]), probe)
    answered = probe.answers()
    let_go.set()
    serving.stop()

    assert not answered


def test_it_is_not_asked_at_each_change() -> None:
    now = [0.0]
    probe = PageProbe(lambda: now[0])
    serving = Serving(make_app(Desk()), probe)
    answered = [probe.answers()]
    serving.stop()
    answered.append(probe.answers())
    now[0] += 2.0
    answered.append(probe.answers())
    probe.close()

    assert answered == [True, True, False]
