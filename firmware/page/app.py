"""The officer's page, served on the loopback interface by the kiosk process.

The page draws the board's state as it is pushed to it; all it can do is log in, start a check,
cancel it and look through the camera, and guard.py is asked each time. asyncio lives here alone:
board and camera call from other threads, which only set an event.
"""

import asyncio
import contextlib
import importlib.resources
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from greenline.firmware.board import Board
from greenline.firmware.operators_roles import Action
from greenline.firmware.page.entry import Entry, read_order
from greenline.firmware.page.guard import Access, refuse_foreign, refuse_to, token_of, visible
from greenline.firmware.page.headers import LOOPBACK_ONLY, SecurityHeaders
from greenline.firmware.page.metrics import metrics_route

_HEARTBEAT_S = 15.0
_RECONNECT_MS = 1000
_BOUNDARY = b"picture"


class Preview(Protocol):
    """A camera that runs while somebody watches."""

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call watcher after each picture; returns how to end it."""

    def newest(self) -> bytes | None:
        """Return the newest picture as a JPEG file; None when there is none to show now."""


class Checkpoint(Protocol):
    """What the page may ask of the kiosk."""

    board: Board

    @property
    def access(self) -> Access:
        """Who is logged in."""

    @property
    def camera(self) -> Preview | None:
        """What the camera sees; None when the kiosk has none."""

    def now_ms(self) -> int:
        """Return what the kiosk believes of the time, Unix milliseconds."""

    def metrics(self) -> bytes:
        """Return what Prometheus may read."""

    def start_check(self, finger: int) -> bool:
        """Open a check; False when the kiosk is not ready for it."""

    def cancel_check(self) -> None:
        """End the capture that is going on."""


class _StartCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    finger: Annotated[int, Meta(ge=0, le=10)] = 0


def make_app(kiosk: Checkpoint) -> ASGIApp:
    """Return the application of one kiosk's page."""
    static = importlib.resources.files("greenline.firmware.page") / "static"
    endpoints = _Endpoints(kiosk)
    page = Starlette(
        routes=[
            Route("/api/state", endpoints.state),
            Route("/api/events", endpoints.events),
            Route("/api/camera", endpoints.look),
            Route("/api/check", endpoints.start, methods=["POST"]),
            Route("/api/cancel", endpoints.cancel, methods=["POST"]),
            *Entry(kiosk.access).routes(),
            metrics_route(kiosk.metrics),
            Mount("/", StaticFiles(directory=str(static), html=True)),
        ],
        middleware=[LOOPBACK_ONLY],
    )
    # Outside of everything: refusals and faults get the headers too.
    return SecurityHeaders(page)


class _Endpoints:
    """What the page asks of one kiosk."""

    def __init__(self, kiosk: Checkpoint) -> None:
        self._kiosk = kiosk

    async def state(self, request: Request) -> Response:
        return Response(self._visible(request), media_type="application/json")

    async def events(self, request: Request) -> Response:
        return StreamingResponse(self._follow(request), media_type="text/event-stream")

    def _visible(self, request: Request) -> bytes:
        kiosk = self._kiosk
        state = visible(kiosk.board.state(), request, kiosk.access)
        # Ages are counted by the page from here on, by no clock that could be set.
        return msgspec.json.encode(msgspec.structs.replace(state, now_ms=kiosk.now_ms()))

    async def _follow(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the state as server-sent events, at once and after each change."""
        board = self._kiosk.board
        with board.page(), _changes(board.listen) as changed:
            yield b"retry: %d\n\n" % _RECONNECT_MS
            while not await request.is_disconnected():
                changed.clear()
                yield b"data: " + self._visible(request) + b"\n\n"
                wait_s = min(_HEARTBEAT_S, self._kiosk.access.tend())
                try:
                    await asyncio.wait_for(changed.wait(), wait_s)
                except TimeoutError:
                    yield b": still here\n\n"

    async def look(self, request: Request) -> Response:
        # A foreign page must not switch the camera on, though it would never see the picture.
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return JSONResponse({"error": "only the kiosk's own page may look"}, 403)
        if (refusal := refuse_to(request, self._kiosk.access, Action.LOOK)) is not None:
            return refusal
        if self._kiosk.camera is None:
            return JSONResponse({"error": "This kiosk has no camera"}, 404)
        return StreamingResponse(
            _look(self._kiosk.camera, request, self._kiosk.access),
            media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}",
        )

    async def start(self, request: Request) -> Response:
        asked = await read_order(request, self._kiosk.access, _StartCheck)
        if isinstance(asked, Response):
            return asked
        if (refusal := refuse_to(request, self._kiosk.access, Action.CHECK)) is not None:
            return refusal
        if not self._kiosk.start_check(asked.finger):
            return JSONResponse({"error": "The kiosk is not ready for another check yet"}, 409)
        return JSONResponse({"started": True}, 202)

    async def cancel(self, request: Request) -> Response:
        # The body says nothing, so it is not read.
        if (refusal := refuse_foreign(request, self._kiosk.access)) is not None:
            return refusal
        if (refusal := refuse_to(request, self._kiosk.access, Action.STOP)) is not None:
            return refusal
        self._kiosk.cancel_check()
        return JSONResponse({"cancelled": True}, 202)


async def _look(camera: Preview, request: Request, access: Access) -> AsyncIterator[bytes]:
    """Yield the camera's pictures, each as it comes, as long as the browser takes them."""
    with _changes(camera.watch) as changed:
        while access.holds(token_of(request)) and not await request.is_disconnected():
            changed.clear()
            picture = camera.newest()
            if picture is not None:
                yield b"--%b\r\nContent-Type: image/jpeg\r\n\r\n%b\r\n" % (_BOUNDARY, picture)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), _HEARTBEAT_S)


@contextlib.contextmanager
def _changes(listen: Callable[[Callable[[], None]], Callable[[], None]]) -> Iterator[asyncio.Event]:
    """Give an event that is set after each change, which other threads tell of."""
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()

    def wake() -> None:
        # The loop may have ended between the last event and forget(): nobody is left to wake.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(changed.set)

    forget = listen(wake)
    try:
        yield changed
    finally:
        forget()
