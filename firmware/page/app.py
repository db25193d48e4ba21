"""The officer's page, served on the loopback interface by the kiosk process.

The page draws the board's state as it is pushed to it; all it can do is log in, order what happens
to a case and look through the camera, and guard.py is asked each time. asyncio lives here alone:
board and camera call from other threads, which only set an event.
"""

import asyncio
import contextlib
import importlib.resources
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from greenline.firmware.board import Board
from greenline.firmware.case_door import NotAllowedError
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_orders import CaseOrder, action_of
from greenline.firmware.errors import StoreError
from greenline.firmware.office import Office
from greenline.firmware.operators_roles import Action
from greenline.firmware.page.entry import Entry, read_with
from greenline.firmware.page.guard import Access, refuse_to, token_of, visible
from greenline.firmware.page.headers import LOOPBACK_ONLY, SecurityHeaders
from greenline.firmware.page.lead import LeadDesk, LeadRoute
from greenline.firmware.page.metrics import metrics_route
from greenline.firmware.page.office import OfficeRoutes
from greenline.firmware.page.traveller import traveller_routes

_HEARTBEAT_S = 15.0
_RECONNECT_MS = 1000
_BOUNDARY = b"picture"
_HEAD = b"--%b\r\nContent-Type: image/jpeg\r\n\r\n" % _BOUNDARY

_case_orders: msgspec.json.Decoder[CaseOrder] = msgspec.json.Decoder(CaseOrder)


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
    def leads(self) -> LeadDesk:
        """Where leads are verified."""

    @property
    def office(self) -> Office:
        """What supervisor, auditor and technician read."""

    @property
    def finger(self) -> Preview | None:
        """What the sensor sees while a finger is taken; None when that is shown to nobody here."""

    @property
    def camera(self) -> Preview | None:
        """What the camera sees; None when the kiosk has none."""

    def now_ms(self) -> int:
        """Return what the kiosk believes of the time, Unix milliseconds."""

    def metrics(self) -> bytes:
        """Return what Prometheus may read."""

    def order_case(self, order: CaseOrder) -> None:
        """Do what is ordered. Raises NotAllowedError, NotNowError, StoreError."""


def make_app(kiosk: Checkpoint) -> ASGIApp:
    """Return the application of one kiosk's page."""
    static = importlib.resources.files("greenline.firmware.page") / "static"
    endpoints = _Endpoints(kiosk)
    page = Starlette(
        routes=[
            Route("/api/state", endpoints.state),
            Route("/api/events", endpoints.events),
            Route("/api/camera", endpoints.look),
            Route("/api/finger", endpoints.finger),
            Route("/api/case", endpoints.case, methods=["POST"]),
            *Entry(kiosk.access).routes(),
            LeadRoute(kiosk).route(),
            *traveller_routes(lambda: kiosk.board),
            *OfficeRoutes(kiosk).routes(),
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
        return self._preview(request, Action.LOOK, self._kiosk.camera, "This kiosk has no camera")

    async def finger(self, request: Request) -> Response:
        words = "No picture of a finger is shown here"
        return self._preview(request, Action.CHECK, self._kiosk.finger, words)

    def _preview(
        self, request: Request, action: Action, preview: Preview | None, none: str
    ) -> Response:
        # A foreign page must not switch the camera on, though it would never see the picture.
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return JSONResponse({"error": "only the kiosk's own page may look"}, 403)
        if (refusal := refuse_to(request, self._kiosk.access, action)) is not None:
            return refusal
        if preview is None:
            return JSONResponse({"error": none}, 404)
        return StreamingResponse(
            _look(preview, request, self._kiosk.access),
            media_type=f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}",
        )

    async def case(self, request: Request) -> Response:
        kiosk = self._kiosk
        order = await read_with(request, kiosk.access, _case_orders)
        if isinstance(order, Response):
            return order
        if (refusal := refuse_to(request, kiosk.access, action_of(order))) is not None:
            return refusal
        try:
            # Not here: it may wait for the card.
            await run_in_threadpool(kiosk.order_case, order)
        except NotAllowedError as refused:
            return JSONResponse({"error": str(refused)}, 403)
        except NotNowError as refused:
            return JSONResponse({"error": str(refused)}, 409)
        except StoreError as fault:
            return JSONResponse({"error": f"Not done: {fault}"}, 503)
        return JSONResponse({"done": True}, 202)


async def _look(camera: Preview, request: Request, access: Access) -> AsyncIterator[bytes]:
    """Yield the camera's pictures, each as it comes, as long as the browser takes them."""
    with _changes(camera.watch) as changed:
        yield _HEAD
        while access.holds(token_of(request)) and not await request.is_disconnected():
            changed.clear()
            picture = camera.newest()
            if picture is not None:
                # The next one's head behind it: a browser shows a picture when that has come.
                yield b"%b\r\n%b" % (picture, _HEAD)
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
