"""An officer has a case deleted; supervisor, technician and auditor at the same real kiosk.

The case is gone at kiosk, matcher and with the examiners, and a third person can prove it with
nothing but the logs and public keys.
"""

import json
from contextlib import closing
from pathlib import Path

import pytest

from greenline.cli.audit import app as audit
from greenline.cli.operators_asking import opened_register
from greenline.cli.review_keys import EXAMINATIONS
from greenline.cli.site import KIOSK, MATCHER, Site
from greenline.matcher.ledger import Ledger
from greenline.protocol.operators import Role
from tests.line.conftest import ENROLLED, Checkpoint
from tests.line.test_operators import Browser, browser, register, run
from tests.line.test_verification import (
    CONTACT,
    OFFICER,
    add,
    await_lead,
    come_in,
    order,
    reviewed,
    send,
    take,
)

__all__ = ["register"]

SUPERVISOR, AUDITOR, TECHNICIAN = "4712", "4715", "4714"


@pytest.fixture
def staff(register: Path) -> Path:
    """Beside officer and supervisor an auditor and a technician."""
    with opened_register(register) as opened:
        add(opened.register, AUDITOR, Role.AUDITOR)
        add(opened.register, TECHNICIAN, Role.TECHNICIAN)
    return register


def test_a_case_is_deleted_everywhere_and_each_role_reads_its_own(
    checkpoint: Checkpoint, staff: Path, tmp_path: Path
) -> None:
    site = checkpoint.site
    folder, _ = reviewed(site, staff)
    checkpoint.start("broker", "matcher", "kiosk", "uplink")
    with browser(checkpoint) as page:
        page.await_state(lambda state: bool(state["link"]))
        send(site, staff, folder)
        page.await_state(lambda state: not state["session"]["words"])
        asked = examined(checkpoint, page)
        purged = page.post("api/purge", {"request_id": asked, "reason": "minor"})
        assert (purged.status_code, purged.json()["here"]) == (202, True)
        checkpoint.children["kiosk"].wait_for_event("erased everywhere")
        state = page.client.get("api/state").json()
        assert (state["checks"], state["leads"]) == ([], [])
        page.post("api/logout", {})

        come_in(page, SUPERVISOR)
        told = page.client.get("api/office/supervisor").json()
        (done,) = told["purged"]
        assert (done["who"], done["reason"], done["everywhere"]) == (OFFICER, "minor", True)
        assert told["ended"]["sent"] == 1
        assert sum(each["taken"] + each["below"] for each in told["fingers"]) == 1
        page.post("api/logout", {})

        come_in(page, TECHNICIAN)
        try_sensor(checkpoint, page)
        page.post("api/logout", {})

        come_in(page, AUDITOR)
        rows = [json.loads(line) for line in page.client.get("api/office/audit").text.splitlines()]
        assert [row["details"]["what"] for row in rows if row.get("kind") == "erase"][:2] == [
            f"copy at {MATCHER}", "case",
        ]  # fmt: skip
        assert {"what": "test capture"} in [row.get("details") for row in rows]
    checkpoint.stop_all()

    request_id = bytes.fromhex(asked)
    with closing(Ledger(site.folder / "ledger.db")) as ledger:
        assert ledger.held(request_id) == (False, False)
    assert request_id not in (site.folder / "kiosk.store-keys").read_bytes()
    assert f"entry-{ENROLLED}".encode() not in (folder / EXAMINATIONS).read_bytes()
    assert "deleted everywhere: kiosk and matcher both prove it" in verified(
        site, asked, tmp_path / "receipt.json"
    )


def examined(checkpoint: Checkpoint, page: Browser) -> str:
    """Take a lead, and have the examiners at the centre asked about it; return the request's id."""
    come_in(page, OFFICER)
    asked = take(checkpoint, page)
    await_lead(page, asked, lambda lead: lead["stage"] == "lead")
    order(page, asked, "view", justification="decide")
    order(page, asked, "confirm", **CONTACT)
    assert order(page, asked, "examine") == (202, "")
    await_lead(page, asked, lambda lead: "The centre has it" in lead["examination"])
    return asked


def try_sensor(checkpoint: Checkpoint, page: Browser) -> None:
    """Test the sensor as the technician does."""
    page.await_state(lambda state: state["capture"]["phase"] in {"ready", "stopped"})
    assert page.client.get("api/office/supervisor").status_code == 403
    assert page.post("api/office/trial", {}).status_code == 202
    page.await_state(lambda state: state["capture"]["phase"] == "place_finger")
    checkpoint.module.press(checkpoint.prints.pressed[ENROLLED])
    page.await_state(lambda state: state["capture"]["phase"] == "lift_finger")
    checkpoint.module.lift()
    state = page.await_state(lambda state: state["capture"]["phase"] == "ready")
    assert (state["case"], state["checks"]) == (None, [])
    trial = page.client.get("api/office/technician").json()["trial"]
    assert trial["quality"] >= trial["threshold"]


def verified(site: Site, asked: str, receipt: Path) -> str:
    """Have a receipt made of both logs, and checked by somebody who has public keys alone."""
    logs = (site.folder / "audit", site.folder / "audit.db")
    run(audit, "receipt", asked, *logs, "--out", receipt)
    keys = (site.folder / "kiosks" / f"{KIOSK}.json", site.folder / f"{MATCHER}.json")
    return run(audit, "verify-receipt", receipt, "--identity", keys[0], "--matcher", keys[1])
