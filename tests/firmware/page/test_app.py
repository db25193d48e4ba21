"""The officer's page without a browser: what its endpoints answer, and what they refuse."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from greenline.firmware import case_orders as orders
from greenline.firmware.case_door import NotAllowedError
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_orders import CaseOrder
from greenline.firmware.errors import StoreError
from greenline.firmware.page.app import make_app
from tests.firmware.page.checkpoint import CAPTURES, HEADERS, Desk, drawn

JSON = {"Content-Type": "application/json"}
CASE = "/api/case"
STOP = {"event": "stop"}
ORDERS: list[tuple[dict[str, Any], CaseOrder]] = [
    ({"event": "open", "purpose": "border-check"}, orders.Open("border-check")),
    ({"event": "adult", "answer": "under_18"}, orders.Adult("under_18")),
    ({"event": "notice", "language": "sr-Latn"}, orders.Notice("sr-Latn")),
    ({"event": "refuse", "reason": "unwell"}, orders.Refuse("unwell")),
    ({"event": "plan", "fingers": 4, "missing": {"3": "other"}}, orders.Plan(4, {"3": "other"})),
    ({"event": "capture", "finger": 7}, orders.Capture(7)),
    ({"event": "missing", "finger": 8, "reason": "bandaged"}, orders.Missing(8, "bandaged")),
    ({"event": "use", "finger": 10, "reason": "injury"}, orders.Use(10, "injury")),
    ({"event": "send"}, orders.Send()),
    ({"event": "close"}, orders.Close()),
    (STOP, orders.Stop()),
]


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


@pytest.mark.parametrize(("body", "order"), ORDERS, ids=lambda each: str(each)[:20])
def test_each_order_of_a_case_reaches_the_kiosk(
    client: Client, desk: Desk, body: dict[str, Any], order: CaseOrder
) -> None:
    assert client.post(CASE, json=body).status_code == 202
    assert desk.asked == [order]


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        (NotAllowedError("Your role may not do this"), 403, "Your role may not do this"),
        (NotNowError("There is no case"), 409, "There is no case"),
        (StoreError("the card is full"), 503, "Not done: the card is full"),
    ],
    ids=repr,
)
def test_what_the_kiosk_refuses_is_told_in_its_words(
    client: Client, desk: Desk, refusal: Exception, status: int, words: str
) -> None:
    desk.refusal = refusal

    assert told(client.post(CASE, json=STOP)) == (status, words)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "kiosk", ""])
def test_a_foreign_host_is_refused_even_for_reading(client: Client, desk: Desk, host: str) -> None:
    answers = [
        client.get(path, headers={"Host": host})
        for path in ("/", "/page.js", "/api/state", "/api/events")
    ]
    answers.append(client.post(CASE, json=STOP, headers={"Host": host}))

    assert [answer.status_code for answer in answers] == [400] * 5
    assert desk.asked == []


def test_the_port_does_not_make_a_host_foreign(client: Client) -> None:
    for host in ("127.0.0.1:8801", "localhost:8080"):
        assert client.get("/api/state", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_what_a_foreign_page_may_send_without_asking_is_refused(
    client: Client, desk: Desk, kind: str
) -> None:
    answer = client.post(CASE, content=json.dumps(STOP), headers={"Content-Type": kind})

    assert told(answer) == (415, "send JSON")
    assert desk.asked == []


def test_a_charset_does_not_make_json_foreign(client: Client) -> None:
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post(CASE, content=json.dumps(STOP), headers=kind).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 1024,
        b"",
        b"{}",
        b'{"event": "check"}',
        b'{"event": "capture", "finger": 11}',
        b'{"event": "capture", "finger": 0}',
        b'{"event": "capture", "finger": "2"}',
        b'{"event": "capture", "finger": 1e99}',
        b'{"event": "open", "purpose": ""}',
        b'{"event": "open", "purpose": "border-check", "name": "a person"}',
        b'{"event": "adult", "answer": "perhaps"}',
        b'{"event": "send", "finger": 1}',
        b'{"x":' * 200,
        b'{"\xff": 1}',
        b'{"\\ud800": 1}',
    ],
    ids=repr,
)
def test_a_body_that_cannot_be_meant_is_refused_in_words(
    client: Client, desk: Desk, body: bytes
) -> None:
    status, words = told(client.post(CASE, content=body, headers=JSON))

    assert (status, words.partition(":")[0]) == (400, "the request is not understood")
    assert desk.asked == []


def test_a_body_too_long_to_be_meant_is_refused(client: Client, desk: Desk) -> None:
    body = json.dumps(STOP).ljust(1025).encode()

    assert told(client.post(CASE, content=body, headers=JSON)) == (
        413, "the request is too long",
    )  # fmt: skip
    assert client.post(CASE, content=body[:1024], headers=JSON).status_code == 202
    assert desk.asked == [orders.Stop()]


@pytest.mark.parametrize("path", [CASE, "/api/check", "/api/cancel"])
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

    def order_case(self, order: CaseOrder) -> None:
        raise OSError("the disk went away")


def test_every_answer_has_the_security_headers(client: Client, desk: Desk) -> None:
    desk.refusal = NotNowError("There is no case")
    answers = [
        client.get("/"),
        client.get("/page.js"),
        client.get("/api/state"),
        client.get("/nothing-there"),
        client.get(CASE),
        client.get("/", headers={"Host": "evil.example"}),
        client.post(CASE, content=b"{", headers=JSON),
        client.post(CASE, content=b"{}"),
        client.post(CASE, json=STOP),
        Client(Desk()).post(CASE, json=STOP),
        Client(BrokenDesk()).post(CASE, json=STOP),
    ]

    assert [answer.status_code for answer in answers] == [
        200, 200, 200, 404, 404, 400, 400, 415, 409, 202, 500,
    ]  # fmt: skip
    assert [security(answer) for answer in answers] == [HEADERS] * 11


def test_a_fault_of_the_kiosk_tells_nothing_of_its_inside() -> None:
    answer = Client(BrokenDesk()).post(CASE, json=STOP)

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")
