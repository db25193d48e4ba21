"""The officer's page without a browser: what its endpoints answer, and what they refuse."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from greenline.firmware.page.app import make_app
from tests.firmware.page.checkpoint import CAPTURES, HEADERS, Desk, drawn

JSON = {"Content-Type": "application/json"}


class Client:
    """Asks the page without a server."""

    def __init__(self, desk: Desk) -> None:
        self._app = make_app(desk)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, options))

    def post(self, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, options))

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, **options)


@pytest.fixture
def client(desk: Desk) -> Client:
    return Client(desk)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def security(answer: httpx.Response) -> dict[str, str]:
    return {name: answer.headers.get(name, "missing") for name in HEADERS}


def test_the_state_is_the_boards(client: Client, desk: Desk) -> None:
    desk.board.show_capture(CAPTURES["again"])

    assert client.get("/api/state").json() == drawn(desk)


def test_a_check_is_started_for_the_finger_named_or_for_any(client: Client, desk: Desk) -> None:
    named = client.post("/api/check", json={"finger": 7})
    unnamed = client.post("/api/check", content=b"", headers=JSON)

    assert [named.status_code, unnamed.status_code] == [202, 202]
    assert desk.asked == [7, 0]


def test_a_check_is_cancelled(client: Client, desk: Desk) -> None:
    assert client.post("/api/cancel", content=b"{}", headers=JSON).status_code == 202
    assert desk.asked == ["cancel"]


def test_a_kiosk_that_is_not_ready_says_so(client: Client, desk: Desk) -> None:
    desk.ready = False

    answer = client.post("/api/check", json={})

    assert told(answer) == (409, "The kiosk is not ready for another check yet")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "kiosk", ""])
def test_a_foreign_host_is_refused_even_for_reading(client: Client, desk: Desk, host: str) -> None:
    answers = [
        client.get(path, headers={"Host": host})
        for path in ("/", "/page.js", "/api/state", "/api/events")
    ]
    answers.append(client.post("/api/check", json={}, headers={"Host": host}))

    assert [answer.status_code for answer in answers] == [400] * 5
    assert desk.asked == []


def test_the_port_does_not_make_a_host_foreign(client: Client) -> None:
    for host in ("127.0.0.1:8801", "localhost:8080"):
        assert client.get("/api/state", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
@pytest.mark.parametrize("path", ["/api/check", "/api/cancel"])
def test_what_a_foreign_page_may_send_without_asking_is_refused(
    client: Client, desk: Desk, path: str, kind: str
) -> None:
    answer = client.post(path, content=b"{}", headers={"Content-Type": kind})

    assert told(answer) == (415, "send JSON")
    assert desk.asked == []


def test_a_charset_does_not_make_json_foreign(client: Client) -> None:
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/api/check", content=b"{}", headers=kind).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 1024,
        b'{"finger": 11}',
        b'{"finger": -1}',
        b'{"finger": "2"}',
        b'{"finger": 1e99}',
        b'{"finger": 1, "purpose": "other"}',
        b'{"x":' * 200,
        b'{"\xff": 1}',
        b'{"\\ud800": 1}',
    ],
    ids=repr,
)
def test_a_body_that_cannot_be_meant_is_refused_in_words(
    client: Client, desk: Desk, body: bytes
) -> None:
    status, words = told(client.post("/api/check", content=body, headers=JSON))

    assert (status, words.partition(":")[0]) == (400, "the request is not understood")
    assert desk.asked == []


def test_a_body_too_long_to_be_meant_is_refused(client: Client, desk: Desk) -> None:
    body = json.dumps({"finger": 1}).ljust(1025).encode()

    assert told(client.post("/api/check", content=body, headers=JSON)) == (
        413, "the request is too long",
    )  # fmt: skip
    assert client.post("/api/check", content=body[:1024], headers=JSON).status_code == 202
    assert desk.asked == [1]


@pytest.mark.parametrize("path", ["/api/check", "/api/cancel"])
def test_reading_starts_and_stops_nothing(client: Client, desk: Desk, path: str) -> None:
    assert client.get(path).status_code == 404
    assert desk.asked == []


@pytest.mark.parametrize(
    "path", ["/..%2f..%2fkiosk.py", "/%2e%2e/app.py", "/../app.py", "/static/", "/api/other"]
)
def test_nothing_but_the_pages_files_can_be_read(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


class BrokenDesk(Desk):
    """A kiosk whose own fault reaches the page."""

    def start_check(self, finger: int) -> bool:
        raise OSError("the disk went away")


def test_every_answer_has_the_security_headers(client: Client, desk: Desk) -> None:
    desk.ready = False
    answers = [
        client.get("/"),
        client.get("/page.js"),
        client.get("/api/state"),
        client.get("/nothing-there"),
        client.get("/api/check"),
        client.get("/", headers={"Host": "evil.example"}),
        client.post("/api/check", content=b"{", headers=JSON),
        client.post("/api/check", content=b"{}"),
        client.post("/api/check", json={}),
        client.post("/api/cancel", json={}),
        Client(BrokenDesk()).post("/api/check", json={}),
    ]

    assert [answer.status_code for answer in answers] == [
        200, 200, 200, 404, 404, 400, 400, 415, 409, 202, 500,
    ]  # fmt: skip
    assert [security(answer) for answer in answers] == [HEADERS] * 11


def test_a_fault_of_the_kiosk_tells_nothing_of_its_inside() -> None:
    answer = Client(BrokenDesk()).post("/api/check", json={})

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
