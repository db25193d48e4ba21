"""A possible match is verified by two people: both at the kiosk, or one at the centre."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from greenline.centre.operators import Register
from greenline.cli.audit import app as audit
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.demo_run import orders_to_capture
from greenline.cli.operators_asking import opened_register
from greenline.cli.operators_publish import publish
from greenline.cli.review import app as review
from greenline.cli.review_keys import EXAMINATIONS, read_public_key
from greenline.cli.site import Site
from greenline.firmware.config import KioskConfig
from greenline.matcher.config import MatcherConfig
from greenline.protocol.operators import Role
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint
from tests.line.test_operators import PINS, Browser, browser, register, run

__all__ = ["register"]

EXAMINER = "4720"
OFFICER, SECOND, BOSS = "4711", "4713", "4712"
CONTACT = {"source": "list-owner", "reference": "AB-2026/117"}
EVERYTHING = ("broker", "matcher", "kiosk", "uplink")

State = dict[str, Any]


@pytest.fixture
def staff(register: Path) -> Path:
    """Beside officer and supervisor a second officer."""
    with opened_register(register) as opened:
        add(opened.register, SECOND, Role.OFFICER)
    return register


def add(to: Register, operator: str, role: Role) -> None:
    to.add(operator, role, ["kiosk-*"], "391704", given_out=False, by=BOSS)


def reviewed(site: Site, register: Path) -> tuple[Path, Path]:
    """Let an examiner work at the centre; return the review's folder and the examiner's key."""
    folder, key = site.folder / "review", site.folder / "examiner.key"
    run(review, "create", "--folder", folder)
    run(review, "key", "--to", key)
    with opened_register(register) as opened:
        add(opened.register, EXAMINER, Role.EXAMINER)
        opened.register.enter_key(EXAMINER, read_public_key(Path(f"{key}.pub")), BOSS)
    settings = read_configuration(site.matcher_config, MatcherConfig)
    changed = msgspec.structs.replace(settings, review=folder / EXAMINATIONS, evidence=True)
    write_configuration(site.matcher_config, changed)
    return folder, key


def send(site: Site, register: Path, review_folder: Path | None = None) -> None:
    link = site.folder / "operators-link.toml"
    publish(register, site.folder / "kiosks", None, link, 14, review_folder)


def come_in(page: Browser, operator: str) -> None:
    assert page.login(operator, PINS.get(operator, "391704")).json() == {"logged_in": True}


def take(checkpoint: Checkpoint, page: Browser) -> str:
    """Take the enrolled finger as whoever is logged in; return the request's id."""
    state = page.await_state(lambda state: state["capture"]["phase"] == "ready")
    for order in orders_to_capture(state):
        assert page.post("api/case", order).status_code == 202
    finger = page.client.get("api/state").json()["case"]["fingers"][0]["finger"]
    assert page.post("api/case", {"event": "capture", "finger": finger}).status_code == 202
    page.await_state(lambda state: state["capture"]["phase"] == "place_finger")
    checkpoint.module.press(checkpoint.prints.pressed[ENROLLED])
    page.await_state(lambda state: state["case"]["stage"] == "review")
    checkpoint.module.lift()
    assert page.post("api/case", {"event": "send"}).status_code == 202
    sent = page.await_state(lambda state: state["case"]["stage"] == "sent")
    assert page.post("api/case", {"event": "close"}).status_code == 202
    return str(sent["case"]["request_id"])


def lead_of(state: State, request_id: str) -> State:
    found = [lead for lead in state["leads"] if lead["request_id"] == request_id]
    return dict(found[0]) if found else {"stage": "none", "examination": ""}


def await_lead(page: Browser, request_id: str, wanted: Callable[[State], bool]) -> State:
    state = page.await_state(lambda state: wanted(lead_of(state, request_id)))
    return lead_of(state, request_id)


def order(page: Browser, request_id: str, event: str, **told: str) -> tuple[int, str]:
    answer = page.post("api/lead", {"event": event, "request_id": request_id, **told})
    return answer.status_code, answer.json().get("code", "")


def test_two_officers_at_one_kiosk(checkpoint: Checkpoint, staff: Path) -> None:
    site = checkpoint.site
    checkpoint.start(*EVERYTHING)
    with browser(checkpoint) as page:
        page.await_state(lambda state: bool(state["link"]))
        send(site, staff)
        page.await_state(lambda state: not state["session"]["words"])
        come_in(page, OFFICER)
        asked = take(checkpoint, page)
        closed = await_lead(page, asked, lambda lead: lead["stage"] == "lead")
        assert (closed["candidates"], closed["can"]) == ([], ["view"])
        assert f"entry-{ENROLLED}" not in page.client.get("api/state").text
        assert order(page, asked, "confirm", **CONTACT) == (409, "view-first")
        assert order(page, asked, "view", justification="decide") == (202, "")
        opened = await_lead(page, asked, lambda lead: lead["opened"])
        assert opened["candidates"][0]["reference"] == f"entry-{ENROLLED}"
        assert order(page, asked, "confirm") == (409, "contact")
        assert order(page, asked, "confirm", **CONTACT) == (202, "")
        assert order(page, asked, "confirm", **CONTACT) == (409, "same-person")

        # What one person has decided is there after the power was cut.
        checkpoint.kill("kiosk")
        checkpoint.start("kiosk")
    with browser(checkpoint) as page:
        assert order(page, asked, "view", justification="second")[0] == 401
        come_in(page, SECOND)
        lead = await_lead(page, asked, lambda lead: lead["stage"] == "confirmed by one")
        assert (lead["first"], lead["candidates"]) == (OFFICER, [])
        order(page, asked, "view", justification="second")
        assert order(page, asked, "confirm") == (202, "")
        lead = await_lead(page, asked, lambda lead: lead["stage"] == "confirmed")
        assert (lead["first"], lead["second"]) == (OFFICER, SECOND)
    checkpoint.stop_all()

    shown = run(audit, "show", site.folder / "audit")
    assert re.findall(r"verify  who (\S+).*what: ([a-z ]+?)  ", shown) == [
        (OFFICER, "confirmed by one"), (SECOND, "confirmed"),
    ]  # fmt: skip
    assert len(re.findall(r"consult  who (?:4711|4713)  why (?:decide|second)", shown)) == 2


def test_a_rejected_lead_is_erased(checkpoint: Checkpoint, staff: Path) -> None:
    checkpoint.start(*EVERYTHING)
    with browser(checkpoint) as page:
        page.await_state(lambda state: bool(state["link"]))
        send(checkpoint.site, staff)
        page.await_state(lambda state: not state["session"]["words"])
        come_in(page, OFFICER)
        asked = take(checkpoint, page)
        await_lead(page, asked, lambda lead: lead["stage"] == "lead")
        order(page, asked, "view", justification="decide")
        assert order(page, asked, "reject", reason="other-person") == (202, "")
        state = page.await_state(lambda state: lead_of(state, asked)["stage"] == "rejected")
        assert [check for check in state["checks"] if check["request_id"] == asked] == []
        assert order(page, asked, "view", justification="decide") == (409, "unknown")
    # The matcher deletes its copy too, by the kiosk's signed order.
    erased = checkpoint.children["matcher"].wait_for_event("erased")
    assert erased["request"] == asked
    checkpoint.stop_all()

    keys = (checkpoint.site.folder / "kiosk.store-keys").read_bytes()
    assert bytes.fromhex(asked) not in keys


def test_an_officer_at_the_kiosk_and_an_examiner_at_the_centre(
    checkpoint: Checkpoint, register: Path, tmp_path: Path
) -> None:
    site = checkpoint.site
    folder, key = reviewed(site, register)
    checkpoint.start(*EVERYTHING)
    with browser(checkpoint) as page:
        page.await_state(lambda state: bool(state["link"]))
        send(site, register, folder)
        page.await_state(lambda state: not state["session"]["words"])
        come_in(page, OFFICER)
        asked = take(checkpoint, page)
        await_lead(page, asked, lambda lead: lead["stage"] == "lead")
        order(page, asked, "view", justification="decide")
        assert order(page, asked, "confirm", **CONTACT) == (202, "")
        assert order(page, asked, "examine") == (202, "")
        await_lead(page, asked, lambda lead: "The centre has it" in lead["examination"])

        listed = run(review, "list", "--folder", folder)
        (which,) = re.findall(r"^ *([0-9a-f]{12}) ", listed, re.M)
        early = CliRunner().invoke(
            review, ["confirm", which, "--folder", str(folder), "--key", str(key)]
        )
        assert "look at the evidence first" in str(early.exception)
        out = tmp_path / "lead.html"
        run(review, "show", which, "--folder", folder, "--key", key, "--out", out)
        html = out.read_text()
        assert f"entry-{ENROLLED}" in html
        assert html.count("<circle") >= 10
        run(review, "confirm", which, "--folder", folder, "--key", key)

        lead = await_lead(page, asked, lambda lead: lead["stage"] == "confirmed")
        assert (lead["first"], lead["second"]) == (OFFICER, EXAMINER)
        assert "No match" not in page.client.get("api/state").text
    checkpoint.stop_all()

    shown = run(audit, "show", folder / "audit.db")
    assert re.findall(r"(consult|verify)  who (\S+)", shown) == [
        ("consult", EXAMINER), ("verify", EXAMINER),
    ]  # fmt: skip
    assert f"verify  who {EXAMINER}" in run(audit, "show", site.folder / "audit")
    assert b"entry-1" not in (folder / EXAMINATIONS).read_bytes()


def test_a_list_that_is_older_than_allowed_gives_no_no_match(checkpoint: Checkpoint) -> None:
    site = checkpoint.site
    settings = read_configuration(site.folder / "kiosk.toml", KioskConfig)
    search = msgspec.structs.replace(settings.search, list_age_h=1e-9)
    write_configuration(
        site.folder / "kiosk.toml", msgspec.structs.replace(settings, search=search)
    )
    checkpoint.start(*EVERYTHING)

    answer = checkpoint.answer(checkpoint.take(UNKNOWN))

    assert answer["words"] == "Not checked yet"
    assert answer["reason"].startswith("The list ")
    assert "older than allowed" in answer["reason"]
    assert "No match" not in json.dumps(checkpoint.state())
