"""Who may read and delete what on the pages of the office; over the real store, log and logins."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from greenline.firmware.audit import AuditLog
from greenline.firmware.board import Board
from greenline.firmware.page.guard import COOKIE
from greenline.firmware.page.office import OfficeRoutes
from greenline.firmware.store import Pending, Store
from greenline.protocol.audit_details import Kind
from tests.firmware.audit_logs import Place
from tests.firmware.conftest import KIOSK, Clock, Parties
from tests.firmware.page.offices import Premises, Sensor, make_office
from tests.firmware.rolls import PINS, Post, sealed
from tests.firmware.stores import open_store

ORIGIN = {"Origin": "http://localhost"}
OFFICER, SUPERVISOR, AUDITOR, TECHNICIAN = "4711", "4712", "4713", "4714"
REQUEST = b"r" * 16
PURGE = {"request_id": REQUEST.hex(), "reason": "minor"}


class Kiosk:
    """The parts that the routes ask, on a card."""

    def __init__(
        self, folder: Path, store: Store, log: AuditLog, parties: Parties, place: Place
    ) -> None:
        self.board = Board(KIOSK, 20)
        self.post = Post(folder)
        self.post.also_show = self.board.show_session
        self.post.operators.receive(sealed(1))
        self.access = self.post.sessions
        self.store = store
        self.sensor = Sensor()
        self.office = make_office(
            Premises(folder, store, log, parties, place), self.board, self.post, self.sensor
        )


class Visitor:
    """A browser. login(): with the PIN."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk = kiosk
        self._app = Starlette(routes=OfficeRoutes(kiosk).routes())
        self._token = ""

    def login(self, operator: str) -> None:
        found = self.kiosk.access.login(operator, PINS[operator])
        assert isinstance(found, str)
        self._token = found

    def get(self, path: str, **headers: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, {"headers": headers}))

    def post(self, path: str, order: object, **headers: str) -> httpx.Response:
        options = {"json": order, "headers": {**ORIGIN, **headers}}
        return asyncio.run(self._ask("POST", path, options))

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", cookies={COOKIE: self._token}
        ) as client:
            return await client.request(method, path, **options)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "audit")


@pytest.fixture
def visitor(tmp_path: Path, clock: Clock, parties: Parties, place: Place) -> Iterator[Visitor]:
    with (
        contextlib.closing(open_store(tmp_path / "kiosk.store", clock)) as store,
        contextlib.closing(place.open()) as log,
    ):
        store.add_request(Pending(REQUEST, 0, 1, 72 * 3_600_000), b"a sealed request")
        yield Visitor(Kiosk(tmp_path, store, log, parties, place))


READS = {
    "/api/office/supervisor": {SUPERVISOR},
    "/api/office/technician": {TECHNICIAN},
    "/api/office/audit": {AUDITOR},
}


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("who", [OFFICER, SUPERVISOR, AUDITOR, TECHNICIAN, None])
def test_each_page_is_for_its_role_alone(visitor: Visitor, path: str, who: str | None) -> None:
    if who is not None:
        visitor.login(who)
    expected = 401 if who is None else 200 if who in READS[path] else 403
    assert visitor.get(path).status_code == expected
    if expected == 200:
        assert visitor.get(path, **{"sec-fetch-site": "cross-site"}).status_code == 403


def test_the_supervisor_reads_what_waits_and_nothing_of_a_person(visitor: Visitor) -> None:
    visitor.login(SUPERVISOR)
    told = visitor.get("/api/office/supervisor").json()

    (waiting,) = told["waiting"]
    assert (waiting["request_id"], waiting["state"]) == (REQUEST.hex(), "queued")
    assert (told["more"], told["fingers"], told["clean_every"]) == (0, [], 9)
    assert told["ended"] == {"sent": 12, "minor": 1, "refused": 0, "stopped": 0, "timeout": 0}
    assert visitor.post("/api/office/cleaned", {}).status_code == 200


def test_the_technician_reads_how_the_device_is(visitor: Visitor) -> None:
    visitor.login(TECHNICIAN)
    told = visitor.get("/api/office/technician").json()

    facts = {each["name"]: each["words"] for each in told["facts"]}
    assert facts["Software"] == "test 1"
    assert facts["Minutiae model"] == "model/abc"
    assert facts["Store"].startswith("requests waiting: 1, ")
    assert facts["Certificate of the link"] == "not known here"
    assert [each["well"] for each in told["link"]] == [False, None, None, None, None]
    assert visitor.post("/api/purge", PURGE).status_code == 403
    assert visitor.post("/api/office/cleaned", {}).status_code == 403


def test_a_technician_alone_tests_the_sensor_and_reads_why_not(visitor: Visitor) -> None:
    visitor.login(SUPERVISOR)
    assert visitor.post("/api/office/trial", {}).status_code == 403
    visitor.kiosk.access.logout(visitor._token)
    visitor.login(TECHNICIAN)

    visitor.kiosk.sensor.ready = False
    refused = visitor.post("/api/office/trial", {})
    assert (refused.status_code, refused.json()["error"]) == (
        409, "The sensor is not ready for a test",
    )  # fmt: skip
    visitor.kiosk.sensor.ready = True
    assert visitor.post("/api/office/trial", {}).status_code == 202
    told = visitor.get("/api/office/technician").json()
    assert (told["trial"]["going"], told["trial"]["quality"]) == (True, None)


def test_a_page_that_reads_by_itself_keeps_nobody_logged_in(visitor: Visitor) -> None:
    visitor.login(SUPERVISOR)
    post = visitor.kiosk.post
    post.wait(post.idle_s - 1)
    assert visitor.get("/api/office/supervisor").status_code == 200
    post.wait(2)
    visitor.kiosk.access.tend()

    assert visitor.get("/api/office/supervisor").status_code == 401


@pytest.mark.parametrize("who", [OFFICER, SUPERVISOR])
def test_who_checks_may_have_a_case_deleted_and_it_is_noted_who_did(
    visitor: Visitor, place: Place, who: str
) -> None:
    visitor.login(who)
    done = visitor.post("/api/purge", PURGE)

    assert done.status_code == 202
    assert done.json() == {
        "request_id": REQUEST.hex(), "reason": "minor", "who": who, "here": True,
        "everywhere": False,
    }  # fmt: skip
    assert visitor.kiosk.store.pending() == []
    (event,) = [each for each in place.events() if each.kind is Kind.ERASE]
    assert (event.who, event.details["reason"]) == (who, "minor")


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"request_id": "ab", "reason": "minor"},
        {"request_id": REQUEST.hex(), "reason": "because"},
        {"request_id": REQUEST.hex().upper(), "reason": "minor", "name": "x"},
    ],
)
def test_an_order_that_is_none_deletes_nothing(visitor: Visitor, order: object) -> None:
    visitor.login(OFFICER)
    assert visitor.post("/api/purge", order).status_code == 400
    assert visitor.post("/api/purge", PURGE, Origin="http://evil").status_code == 403
    assert len(visitor.kiosk.store.pending()) == 1


def test_what_cannot_be_noted_is_not_deleted_and_the_officer_reads_why(
    visitor: Visitor, tmp_path: Path
) -> None:
    visitor.login(OFFICER)
    visitor.kiosk.office.audit.close()
    (tmp_path / "audit").rename(tmp_path / "elsewhere")
    (tmp_path / "audit").write_bytes(b"")

    refused = visitor.post("/api/purge", PURGE)

    assert refused.status_code == 503
    assert refused.json()["error"].startswith("Not deleted: ")
    assert len(visitor.kiosk.store.pending()) == 1


def test_an_auditor_searches_and_exports_and_that_is_noted_too(
    visitor: Visitor, place: Place
) -> None:
    visitor.login(OFFICER)
    visitor.post("/api/purge", PURGE)
    visitor.kiosk.access.logout(visitor._token)
    visitor.login(AUDITOR)

    answer = visitor.get("/api/office/audit?kind=erase")

    assert answer.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    (row,) = [json.loads(line) for line in answer.text.splitlines()]
    assert (row["kind"], row["who"]) == ("erase", OFFICER)
    newest = [
        json.loads(line) for line in visitor.get("/api/office/audit?most=1").text.splitlines()
    ]
    assert [(each["kind"], each["who"]) for each in newest] == [("disclose", AUDITOR)]


@pytest.mark.parametrize("search", ["most=0", "most=10001", "since_ms=x", "template=1"])
def test_a_search_that_is_none_is_refused(visitor: Visitor, search: str) -> None:
    visitor.login(AUDITOR)
    assert visitor.get(f"/api/office/audit?{search}").status_code == 400
