"""The simulated sensor's own web page: a person "presses" a print with a click.

It belongs to the simulator, not to the kiosk, whose page knows nothing of it. The caller serves
the app (uvicorn, on the loopback address: it has no login).
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from PIL import Image
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenline.prints.frame import Frame

_STATIC = Path(__file__).parent / "static"
_MAX_BODY = 4096
_TILE = (120, 150)  # pixels that a picture in the grid may have at most, width and height
_HEADERS = {
    b"content-security-policy": b"default-src 'none'; script-src 'self'; style-src 'self'; "
    b"img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}


class PrintShelf(Protocol):
    """The prints that can be pressed.

    A name may be "person/finger": the page shows the fingers of a person together.
    """

    def names(self) -> Sequence[str]:
        """Return all names in the order to show them, each once."""

    def impression(self, name: str) -> Frame:
        """Return an impression of this finger, with noise of its own: another one at each call.

        Never the one that was enrolled. Raises LookupError when there is no such name. It may
        take its time, and be called from several threads.
        """


class Pressable(Protocol):
    """A simulated sensor that a finger can be laid on, from another thread than its line's."""

    def press(self, frame: Frame) -> None:
        """Lay a finger on the sensor; it stays until lift()."""

    def lift(self) -> None:
        """Take the finger away."""

    @property
    def seen(self) -> Frame | None:
        """What lies on the sensor now, as the sensor sees it; None without a finger."""

    def status(self) -> dict[str, str]:
        """Describe the sensor for a person: label to value, in the order to show them."""


class PressOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /api/press. name: one of the shelf's names."""

    name: str


def make_app(sensor: Pressable, shelf: PrintShelf) -> Starlette:
    """Return the page for this sensor and these prints."""
    desk = Desk(sensor, shelf)
    routes = [
        Route("/", _index),
        Route("/api/prints", desk.prints),
        Route("/api/prints/picture", desk.print_picture),
        Route("/api/press", desk.press, methods=["POST"]),
        Route("/api/lift", desk.lift, methods=["POST"]),
        Route("/api/state", desk.state),
        Route("/api/sensor/picture", desk.sensor_picture),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(_WithHeaders)])


class Desk:
    """The page's endpoints: one sensor, one shelf, and which print lies on the sensor."""

    def __init__(self, sensor: Pressable, shelf: PrintShelf) -> None:
        self._sensor = sensor
        self._shelf = shelf
        self._name: str | None = None
        self._presses = 0
        self._tiles: dict[str, bytes] = {}

    def prints(self, _: Request) -> Response:
        """GET /api/prints: the names."""
        return JSONResponse({"prints": list(self._shelf.names())})

    def print_picture(self, request: Request) -> Response:
        """GET /api/prints/picture?name=...: a small picture for the grid, the same each time."""
        name = request.query_params.get("name", "")
        if name not in self._tiles:
            if name not in self._shelf.names():
                return _no_such_print(name)
            self._tiles[name] = _png(self._shelf.impression(name), _TILE)
        return Response(self._tiles[name], media_type="image/png")

    async def press(self, request: Request) -> Response:
        """POST /api/press {"name": ...}: lay this finger on the sensor."""
        # A page from elsewhere cannot send this type without being asked first (CORS).
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return _refuse(415, "The request must be JSON.")
        body = await _body(request)
        if body is None:
            return _refuse(413, "The request is too long.")
        try:
            order = msgspec.json.decode(body, type=PressOrder)
        except msgspec.DecodeError as error:
            return _refuse(400, f"The request must be like {{'name': '...'}}: {error}.")
        return await run_in_threadpool(self._press, order.name)

    def lift(self, _: Request) -> Response:
        """POST /api/lift: take the finger away."""
        self._sensor.lift()
        return JSONResponse(self._state())

    def state(self, _: Request) -> Response:
        """GET /api/state: what the page shows besides the prints."""
        return JSONResponse(self._state())

    def sensor_picture(self, _: Request) -> Response:
        """GET /api/sensor/picture: what the sensor sees now."""
        seen = self._sensor.seen
        if seen is None:
            return _refuse(404, "No finger lies on the sensor.")
        return Response(_png(seen), media_type="image/png")

    def _press(self, name: str) -> Response:
        if name not in self._shelf.names():
            return _no_such_print(name)
        self._sensor.press(self._shelf.impression(name))
        self._name = name
        self._presses += 1
        return JSONResponse(self._state())

    def _state(self) -> dict[str, object]:
        finger = self._sensor.seen is not None
        return {
            "finger": finger,
            "print": self._name if finger else None,
            "presses": self._presses,
            "status": self._sensor.status(),
        }


class _WithHeaders:
    """Adds the same headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] not in _HEADERS]
                message["headers"] = [*kept, *_HEADERS.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _index(_: Request) -> Response:
    return FileResponse(_STATIC / "index.html")


async def _body(request: Request) -> bytes | None:
    """Return the whole body; None when it is longer than any that can be meant."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY:
            return None
    return body


def _png(frame: Frame, at_most: tuple[int, int] | None = None) -> bytes:
    picture = Image.fromarray(frame.pixels)
    if at_most is not None:
        picture.thumbnail(at_most)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _no_such_print(name: str) -> Response:
    return _refuse(404, f"There is no print called {name[:80]!r}.")


def _refuse(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status)
