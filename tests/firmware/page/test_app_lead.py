"""Without a browser: who may order what of a lead, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from greenline.firmware.store import Store
from greenline.protocol.wording import LEAD_REFUSALS
from tests.firmware.leads import LEAD
from tests.firmware.page.leads_desk import LeadsDesk
from tests.firmware.page.test_app_login import Visitor, told

PATH = "/api/lead"
WHO = "case-2026-0117"


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> LeadsDesk:
    return LeadsDesk(tmp_path, store)


@pytest.fixture
def visitor(desk: LeadsDesk) -> Visitor:
    return Visitor(desk)


def order(event: str, **more: object) -> dict[str, Any]:
    return {"event": event, "request_id": LEAD.hex(), **more}


LOOK = order("view", justification="decide")


def test_an_officer_looks_and_another_browser_sees_nothing(
    desk: LeadsDesk, visitor: Visitor
) -> None:
    visitor.login("4711")
    assert WHO not in str(visitor.state())

    assert visitor.post(PATH, LOOK).status_code == 202
    (lead,) = visitor.state()["leads"]
    assert (lead["stage"], lead["candidates"][0]["reference"]) == ("viewed", WHO)
    assert visitor.state()["checks"][0]["candidates"] == []
    assert WHO not in str(Visitor(desk).state())
    assert Visitor(desk).state()["leads"] == []


@pytest.mark.parametrize("operator", ["4713", "4714"])
def test_a_role_that_sees_no_results_has_no_leads(
    desk: LeadsDesk, visitor: Visitor, operator: str
) -> None:
    visitor.login(operator)

    assert visitor.post(PATH, LOOK).status_code == 403
    assert visitor.state()["leads"] == []
    assert desk.verified.audit.events == []


def test_who_has_not_logged_in_and_what_another_page_sends_is_refused(
    desk: LeadsDesk, visitor: Visitor
) -> None:
    assert visitor.post(PATH, LOOK).status_code == 401
    visitor.login("4711")
    assert visitor.post(PATH, LOOK, Origin="http://elsewhere").status_code == 403

    assert desk.verified.audit.events == []


@pytest.mark.parametrize(
    "wrong",
    [
        order("purge"),
        {"event": "view", "request_id": "junk"},
        {**LOOK, "by": "4712"},
        {**LOOK, "justification": "x" * 33},
        order("confirm", candidate=10),
        order("confirm", candidate=-1),
    ],
)
def test_what_is_no_order_is_not_understood(visitor: Visitor, wrong: dict[str, Any]) -> None:
    visitor.login("4711")

    assert told(visitor.post(PATH, wrong)) == (400, "the request is not understood")


def test_a_refusal_says_what_to_do_first(visitor: Visitor) -> None:
    visitor.login("4711")

    assert told(visitor.post(PATH, order("confirm"))) == (409, LEAD_REFUSALS["view-first"])
    visitor.post(PATH, LOOK)
    assert told(visitor.post(PATH, order("confirm"))) == (409, LEAD_REFUSALS["contact"])
    unknown = {**LOOK, "request_id": "ab" * 16}
    assert told(visitor.post(PATH, unknown)) == (409, LEAD_REFUSALS["unknown"])


def test_what_cannot_be_noted_is_said_and_not_done(desk: LeadsDesk, visitor: Visitor) -> None:
    visitor.login("4711")
    desk.verified.audit.full = True

    status, words = told(visitor.post(PATH, LOOK))

    assert (status, "Nothing was done" in words) == (503, True)
    assert WHO not in str(visitor.state())


def test_a_session_that_ended_takes_what_it_opened_along(desk: LeadsDesk, visitor: Visitor) -> None:
    visitor.login("4711")
    visitor.post(PATH, LOOK)
    visitor.post("/api/logout")
    other = Visitor(desk)
    other.login("4712")

    assert WHO not in str(other.state())
    assert visitor.post(PATH, order("reject", reason="other-person")).status_code == 401
    assert told(other.post(PATH, order("reject", reason="other-person"))) == (
        409, LEAD_REFUSALS["view-first"],
    )  # fmt: skip
