"""Without a browser: what each endpoint answers to whom, and what it refuses."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenline.firmware.case_orders import Stop
from greenline.firmware.page.app import make_app
from greenline.protocol.messages import Outcome
from tests.firmware.page.cases import CASES, CHOICES
from tests.firmware.page.checkpoint import CAPTURES, NOON_MS, Desk, Lens, answered
from tests.firmware.page.staffed import StaffedDesk
from tests.firmware.rolls import PINS, ROLES, sealed, without

ORIGIN = {"Origin": "http://localhost"}
ALL = ("4711", "4712", "4713", "4714")
CASE = "/api/case"
SEND, STOP = {"event": "send"}, {"event": "stop"}


class Visitor:
    """One browser with its cookies."""

    def __init__(self, desk: Desk) -> None:
        self._app = make_app(desk)
        self.cookies = httpx.Cookies()

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._ask(method, path, options))

    def post(self, path: str, order: object = None, **headers: str) -> httpx.Response:
        return self.ask("POST", path, json=order or {}, headers={**ORIGIN, **headers})

    def login(self, operator: str, pin: str | None = None) -> httpx.Response:
        order = {"operator": operator, "pin": PINS[operator] if pin is None else pin}
        return self.post("/api/login", order)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "/api/state").json()
        return found

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost", cookies=self.cookies
        ) as client:
            answer = await client.request(method, path, **options)
            self.cookies = client.cookies
            return answer


@pytest.fixture
def desk(tmp_path: Path) -> StaffedDesk:
    desk = StaffedDesk(tmp_path)
    desk.board.show_capture(CAPTURES["judging"])
    desk.board.show_check(answered("aa", NOON_MS, Outcome.CANDIDATES))
    return desk


@pytest.fixture
def visitor(desk: StaffedDesk) -> Visitor:
    return Visitor(desk)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_who_has_not_logged_in_sees_nothing_and_does_nothing(
    desk: StaffedDesk, visitor: Visitor
) -> None:
    desk.camera = Lens()
    desk.board.show_choices(CHOICES)
    desk.board.show_case(CASES["review"])
    state = visitor.state()

    assert (state["checks"], state["case"], state["capture"]["quality"]) == ([], None, None)
    assert state["session"] == {
        "required": True, "operator": "", "role": "", "locked": False, "may": [], "words": "",
    }  # fmt: skip
    answers = [
        visitor.post(CASE, SEND),
        visitor.post(CASE, STOP),
        visitor.post("/api/unlock", {"operator": "4711"}),
        visitor.ask("GET", "/api/camera"),
    ]
    assert [told(answer) for answer in answers] == [(401, "Log in first")] * 4
    assert desk.asked == []


def test_the_right_pin_gives_a_cookie_that_no_script_reads_and_no_foreign_page_sends(
    visitor: Visitor,
) -> None:
    answer = visitor.login("4711")

    assert (answer.status_code, answer.json()) == (200, {"logged_in": True})
    kept = answer.headers["set-cookie"]
    assert kept.startswith("greenline-session=")
    assert "; HttpOnly; Path=/; SameSite=strict" in kept
    assert len(visitor.cookies["greenline-session"]) == 43
    state = visitor.state()
    assert (state["session"]["operator"], len(state["checks"])) == ("4711", 1)


def test_a_wrong_pin_gives_words_and_no_cookie(visitor: Visitor) -> None:
    answer = visitor.login("4711", "000000")

    assert told(answer) == (403, "Operator or PIN is wrong.")
    assert "set-cookie" not in answer.headers
    for _ in range(4):
        answer = visitor.login("4711", "000000")
    assert told(answer) == (403, "Operator or PIN is wrong. Try again in 60 s.")
    assert told(visitor.login("4711")) == (403, "Too many wrong tries. Try again in 60 s.")


@pytest.mark.parametrize(
    ("path", "order", "action"),
    [
        (CASE, SEND, {"4711": 202, "4712": 202, "4713": 403, "4714": 403}),
        (CASE, STOP, {"4711": 202, "4712": 202, "4713": 403, "4714": 403}),
        (
            "/api/unlock",
            {"operator": "4711"},
            {"4711": 403, "4712": 409, "4713": 403, "4714": 403},
        ),
    ],
)
def test_each_role_may_ask_for_what_the_table_says(
    visitor: Visitor, path: str, order: dict[str, str], action: dict[str, int]
) -> None:
    found = {}
    for operator in ALL:
        visitor.login(operator)
        found[operator] = visitor.post(path, order).status_code

    assert found == action


def test_only_who_may_see_results_gets_them(visitor: Visitor) -> None:
    seen = {}
    for operator in ALL:
        visitor.login(operator)
        seen[ROLES[operator].value] = len(visitor.state()["checks"])

    assert seen == {"officer": 1, "supervisor": 1, "auditor": 0, "technician": 0}


def test_an_auditor_does_not_look_through_the_camera(desk: StaffedDesk, visitor: Visitor) -> None:
    found = {}
    for operator in ALL:  # there is none: 404 is what comes behind the guard
        visitor.login(operator)
        found[operator] = visitor.ask("GET", "/api/camera").status_code

    assert found == {"4711": 404, "4712": 404, "4713": 403, "4714": 404}


def test_another_browser_has_no_part_in_the_session(desk: StaffedDesk, visitor: Visitor) -> None:
    visitor.login("4711")
    other = Visitor(desk)

    assert told(other.post(CASE, SEND)) == (401, "Log in first")
    assert (other.state()["checks"], other.state()["session"]["operator"]) == ([], "")
    assert visitor.post(CASE, SEND).status_code == 202


def test_a_token_that_was_replaced_opens_nothing(desk: StaffedDesk, visitor: Visitor) -> None:
    visitor.login("4711")
    before = httpx.Cookies(visitor.cookies)
    visitor.login("4711")
    after, visitor.cookies = visitor.cookies, before
    assert told(visitor.post(CASE, SEND)) == (401, "Log in first")

    visitor.cookies = after
    assert visitor.post(CASE, SEND).status_code == 202


def test_a_cookie_that_is_brought_along_becomes_nobodys_session(visitor: Visitor) -> None:
    visitor.cookies.set("greenline-session", "x" * 43, domain="localhost.local")
    visitor.login("4711")

    assert visitor.cookies["greenline-session"] != "x" * 43


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:9999"},
        {"Origin": ""},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [CASE, "/api/login", "/api/logout", "/api/touch", "/api/unlock"])
def test_what_another_page_sends_is_refused(
    visitor: Visitor, path: str, headers: dict[str, str]
) -> None:
    visitor.login("4712")

    answer = visitor.post(path, {}, **headers)
    assert told(answer) == (403, "only the kiosk's own page may ask")
    assert visitor.state()["session"]["operator"] == "4712"


@pytest.mark.parametrize("path", [CASE, "/api/login", "/api/logout", "/api/unlock"])
def test_what_does_not_say_where_it_comes_from_is_refused(visitor: Visitor, path: str) -> None:
    answer = visitor.ask("POST", path, json={})

    assert told(answer) == (403, "only the kiosk's own page may ask")


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"operator": "4711"},
        {"operator": "4711", "pin": 829157},
        {"operator": "x" * 65, "pin": ""},
        {"operator": "4711", "pin": "829157", "role": "supervisor"},
        [],
    ],
    ids=str,
)
def test_a_login_that_cannot_be_meant_is_refused_and_costs_no_try(
    desk: StaffedDesk, visitor: Visitor, order: object
) -> None:
    answer = visitor.ask("POST", "/api/login", json=order, headers=ORIGIN)

    assert told(answer) == (400, "the request is not understood")
    assert desk.post.operators.kept.tries == {}


def test_logging_out_ends_the_session_and_takes_the_cookie_back(
    desk: StaffedDesk, visitor: Visitor
) -> None:
    visitor.login("4711")
    kept = httpx.Cookies(visitor.cookies)
    answer = visitor.post("/api/logout")

    assert (answer.status_code, answer.json()) == (200, {"logged_out": True})
    assert "greenline-session" not in visitor.cookies
    visitor.cookies = kept
    assert told(visitor.post(CASE, SEND)) == (401, "Log in first")
    assert desk.asked == [Stop()]


def test_a_revoked_operator_is_out_at_once(desk: StaffedDesk, visitor: Visitor) -> None:
    visitor.login("4711")
    desk.post.operators.receive(sealed(2, *without("4711")))

    assert told(visitor.post(CASE, SEND)) == (401, "Log in first")
    assert visitor.state()["checks"] == []


def test_it_locks_by_itself_and_touching_keeps_it_open(desk: StaffedDesk, visitor: Visitor) -> None:
    visitor.login("4711")
    for _ in range(3):
        desk.post.wait(100)
        assert visitor.post("/api/touch").json() == {"touched": True}
    desk.post.wait(120)

    assert visitor.post("/api/touch").json() == {"touched": False}
    state = visitor.state()
    assert (state["session"]["locked"], state["session"]["operator"]) == (True, "4711")
    assert (state["checks"], state["session"]["may"]) == ([], [])


def test_looking_at_the_state_keeps_nothing_open(desk: StaffedDesk, visitor: Visitor) -> None:
    visitor.login("4711")
    for _ in range(4):
        desk.post.wait(30)
        visitor.state()

    assert told(visitor.post(CASE, SEND)) == (401, "Log in first")


def test_a_supervisor_unlocks(desk: StaffedDesk, visitor: Visitor) -> None:
    for _ in range(5):
        visitor.login("4711", "000000")
    desk.post.wait(31)
    visitor.login("4712")

    assert visitor.post("/api/unlock", {"operator": "4711"}).json() == {"unlocked": True}
    assert told(visitor.post("/api/unlock", {"operator": "4711"})) == (409, "4711 does not wait")
    assert visitor.login("4711").status_code == 200


def test_a_disk_that_is_full_is_told_in_words(desk: StaffedDesk, visitor: Visitor) -> None:
    desk.post.audit.full = True

    status, words = told(visitor.login("4711"))
    assert status == 503
    assert words.startswith("Nobody can log in: ")


def test_where_nobody_logs_in_the_page_says_so_and_nothing_is_asked() -> None:
    from greenline.firmware.operators_absent import SHOWN  # noqa: PLC0415

    desk = Desk()
    desk.board.show_session(SHOWN)
    visitor = Visitor(desk)

    assert visitor.state()["session"]["words"] == "Nobody logs in on this kiosk"
    assert visitor.post(CASE, SEND).status_code == 202
    assert visitor.login("4711").status_code == 403
