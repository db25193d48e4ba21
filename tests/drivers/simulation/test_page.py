"""The simulated sensor's page, from its endpoints."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette

from greenline.drivers.simulation.page import make_app
from greenline.drivers.simulation.sensor_area import on_sensor
from greenline.drivers.simulation.zfm_kinds import R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.prints.frame import Frame

INDEX = "Amina/right index"
NOBODY = {"finger": False, "print": None, "presses": 0, "status": ZfmModule(R503).status()}


class Shelf:
    """Two prints; each impression is a little lighter than the one before."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self.taken = 0

    def names(self) -> list[str]:
        return [INDEX, "Boris/left thumb"]

    def impression(self, name: str) -> Frame:
        if name not in self.names():
            raise LookupError(name)
        self.taken += 1
        lighter = np.minimum(self._frame.pixels, 255 - 17 * self.taken) + np.uint8(17 * self.taken)
        return Frame(lighter, self._frame.dpi)


@pytest.fixture
def module() -> ZfmModule:
    return ZfmModule(R503)


@pytest.fixture
def shelf(make_print: Callable[[ModuleKind], Frame]) -> Shelf:
    return Shelf(make_print(R503))


class Client:
    """Asks the page without a server. (Starlette's own client wants a package we do not use.)"""

    def __init__(self, page: Starlette) -> None:
        self._page = page

    def get(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, options))

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._page)
        async with httpx.AsyncClient(transport=transport, base_url="http://sensor") as client:
            return await client.request(method, path, **options)


@pytest.fixture
def client(module: ZfmModule, shelf: Shelf) -> Client:
    return Client(make_app(module, shelf))


def pixels(png: bytes) -> list[list[int]]:
    return np.asarray(Image.open(io.BytesIO(png))).tolist()


def test_the_names_are_listed(client: Client, shelf: Shelf) -> None:
    assert client.get("/api/prints").json() == {"prints": shelf.names()}


def test_nothing_lies_on_the_sensor_at_first(client: Client) -> None:
    assert client.get("/api/state").json() == NOBODY
    missing = client.get("/api/sensor/picture")
    assert (missing.status_code, missing.json()) == (
        404, {"error": "No finger lies on the sensor."},
    )  # fmt: skip


def test_a_click_lays_a_finger_on_the_sensor_until_it_is_lifted(
    client: Client, module: ZfmModule
) -> None:
    pressed = client.post("/api/press", json={"name": INDEX})
    assert (pressed.status_code, pressed.json()) == (
        200, {**NOBODY, "finger": True, "print": INDEX, "presses": 1},
    )  # fmt: skip
    assert module.seen is not None
    picture = client.get("/api/sensor/picture")
    assert picture.headers["content-type"] == "image/png"
    assert pixels(picture.content) == module.seen.pixels.tolist()
    assert client.post("/api/lift").json() == {**NOBODY, "presses": 1}
    assert module.seen is None


def test_each_press_is_an_impression_of_its_own(
    client: Client, module: ZfmModule, make_print: Callable[[ModuleKind], Frame]
) -> None:
    seen = []
    for _ in range(2):
        client.post("/api/press", json={"name": INDEX})
        assert module.seen is not None
        seen.append(module.seen.pixels)
    again = Shelf(make_print(R503))
    wanted = [on_sensor(again.impression(INDEX), 192, 192, 508.0).pixels for _ in range(2)]
    np.testing.assert_array_equal(seen, wanted)
    assert not np.array_equal(*wanted)


def test_the_small_pictures_of_the_grid_stay_the_same(client: Client, shelf: Shelf) -> None:
    first, second = (
        client.get("/api/prints/picture", params={"name": INDEX}).content for _ in range(2)
    )
    assert first == second
    assert Image.open(io.BytesIO(first)).size == (120, 120)
    assert shelf.taken == 1


@pytest.mark.parametrize(
    ("body", "kind", "status", "sentence"),
    [
        (b'{"name": "Nobody"}', "application/json", 404, "There is no print called 'Nobody'."),
        (b'{"name": 5}', "application/json", 400, "The request must be like"),
        (b'{"finger": "x"}', "application/json", 400, "The request must be like"),
        (b'{"name": "x", "more": 1}', "application/json", 400, "The request must be like"),
        (b"{", "application/json", 400, "The request must be like"),
        (b"\xff\xfe", "application/json", 400, "The request must be like"),
        (b"[" * 5000, "application/json", 413, "The request is too long."),
        (b'{"name": "Nobody"}', "text/plain", 415, "The request must be JSON."),
    ],
)
def test_bad_orders_are_refused_with_a_sentence(
    client: Client, body: bytes, kind: str, status: int, sentence: str
) -> None:
    answer = client.post("/api/press", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["error"].startswith(sentence)
    assert client.get("/api/state").json() == NOBODY


def test_a_picture_of_no_print_is_refused(client: Client) -> None:
    answer = client.get("/api/prints/picture", params={"name": "N" * 500})
    assert (answer.status_code, answer.json()) == (
        404, {"error": f"There is no print called '{'N' * 80}'."},
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/press", "/api/lift"])
def test_looking_presses_nothing(client: Client, path: str) -> None:
    assert client.get(path).status_code == 405


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/static/page.css", "text/css"),
        ("/static/page.js", "javascript"),
        ("/static/icon.svg", "image/svg+xml"),
    ],
)
def test_the_page_brings_all_it_needs_and_allows_nothing_else(
    client: Client, path: str, kind: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert kind in answer.headers["content-type"]
    assert answer.headers["content-security-policy"].startswith(
        "default-src 'none'; script-src 'self'"
    )
    without_namespace = answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in without_namespace.replace("https", "http")
