"""People at a real kiosk: lists come by the real broker or as a file, a killed login counts."""

import contextlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from typer import Typer
from typer.testing import CliRunner

from greenline.centre.operators import Register
from greenline.cli.audit import app as audit
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.demo_run import orders_to_capture
from greenline.cli.keyfiles import read_identity
from greenline.cli.kiosk import _parts
from greenline.cli.kiosk import app as kiosk
from greenline.cli.operators_asking import create_register, opened_register
from greenline.cli.operators_publish import publish
from greenline.cli.page_probe import PageProbe
from greenline.cli.site import KIOSK, MATCHER, PURPOSE, Site
from greenline.cli.wiping import make_wipe
from greenline.drivers.gpio import PinsOnDemand
from greenline.firmware import case_orders
from greenline.firmware.board import BoardState, Phase
from greenline.firmware.case_door import NotAllowedError
from greenline.firmware.config import KioskConfig, OperatorsConfig, UplinkConfig
from greenline.firmware.kiosk import Kiosk
from greenline.protocol.operators import OperatorEntry, OperatorList, Role, seal_list
from greenline.protocol.pins import PinVerifier
from tests.firmware.waiting import until
from tests.line.conftest import Checkpoint

STOP = {"event": "stop"}
PINS = {"4711": "829157", "4712": "650382"}
DAY_MS = 24 * 3_600_000


@dataclass
class Browser:
    """Asks the page of a running kiosk, with its cookies."""

    client: httpx.Client

    def post(self, path: str, order: object) -> httpx.Response:
        origin = str(self.client.base_url).rstrip("/")
        return self.client.post(path, json=order, headers={"Origin": origin})

    def login(self, operator: str, pin: str | None = None) -> httpx.Response:
        order = {"operator": operator, "pin": pin or PINS[operator]}
        return self.post("api/login", order)

    def begin_case(self) -> None:
        """Open a case and wait until its finger is asked for."""
        state = self.await_state(lambda state: state["capture"]["phase"] in {"ready", "stopped"})
        for order in orders_to_capture(state):
            assert self.post("api/case", order).status_code == 202
        (finger,) = self.client.get("api/state").json()["case"]["fingers"]
        order = {"event": "capture", "finger": finger["finger"]}
        assert self.post("api/case", order).status_code == 202
        self.await_state(lambda state: state["capture"]["phase"] == "place_finger")

    def await_state(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Follow the events until one is wanted; time out as the client does."""
        with self.client.stream("GET", "api/events") as events:
            for line in events.iter_lines():
                if line.startswith("data: "):
                    state: dict[str, Any] = msgspec.json.decode(line[6:])
                    if wanted(state):
                        return state
        raise AssertionError("the events ended")


@pytest.fixture
def register(site: Site) -> Path:
    """A register with an officer and a supervisor; the kiosk pins its key."""
    folder = site.folder / "operators"
    create_register(folder, "operators-01")
    with opened_register(folder) as opened:
        add(opened.register, "4712", Role.SUPERVISOR, by="")
        add(opened.register, "4711", Role.OFFICER, by="4712")
    path = site.folder / "kiosk.toml"
    settings = read_configuration(path, KioskConfig)
    operators = OperatorsConfig(folder / "operators.json")
    write_configuration(path, msgspec.structs.replace(settings, operators=operators))
    link = read_configuration(site.folder / "uplink.toml", UplinkConfig).broker
    own = msgspec.structs.replace(
        link,
        client_id=f"{MATCHER}-operators",
        certificate=site.folder / "operators-link.pem",
        key=site.folder / "operators-link.key",
    )
    write_configuration(site.folder / "operators-link.toml", own)
    return folder


def add(register: Register, operator: str, role: Role, by: str) -> None:
    register.add(operator, role, ["kiosk-*"], PINS[operator], given_out=False, by=by)


@contextlib.contextmanager
def browser(checkpoint: Checkpoint) -> Iterator[Browser]:
    with httpx.Client(base_url=checkpoint.kiosk, timeout=60) as client:
        yield Browser(client)


def send(site: Site, register: Path) -> None:
    publish(register, site.folder / "kiosks", None, site.folder / "operators-link.toml", 14)


def test_lists_come_through_the_broker_and_end_a_session(
    checkpoint: Checkpoint, register: Path
) -> None:
    site = checkpoint.site
    checkpoint.start("broker", "kiosk", "uplink")
    with browser(checkpoint) as page:
        page.await_state(lambda state: bool(state["link"]))
        assert "has no list of operators yet" in page.login("4711").json()["error"]
        send(site, register)
        page.await_state(lambda state: not state["session"]["words"])

        assert page.post("api/case", STOP).status_code == 401
        assert page.login("4711").json() == {"logged_in": True}
        page.begin_case()

        with opened_register(register) as opened:
            opened.register.revoke("4711", "left the post", "4712")
        send(site, register)
        out = page.await_state(lambda state: not state["session"]["operator"])
        assert (out["checks"], out["case"]) == ([], None)
        assert page.post("api/case", STOP).status_code == 401
        assert page.login("4711").json()["error"] == "Operator or PIN is wrong."
        assert page.login("4712").json() == {"logged_in": True}
    checkpoint.stop_all()

    shown = run(audit, "show", site.folder / "audit")
    for words in (
        "update  who device  what: operators",
        "login  who 4711  outcome: logged in",
        "what: ended: stopped",
        "login  who 4711  outcome: account or list over",
        "login  who 4712  outcome: logged in  role: supervisor",
    ):
        assert words in shown


def test_what_was_taken_and_who_read_the_answer_is_noted(
    checkpoint: Checkpoint, register: Path
) -> None:
    site = checkpoint.site
    checkpoint.start("broker", "kiosk", "uplink")
    with browser(checkpoint) as page:
        page.await_state(lambda state: bool(state["link"]))
        send(site, register)
        page.await_state(lambda state: not state["session"]["words"])
        page.login("4711")
        page.begin_case()
        checkpoint.module.press(checkpoint.prints.pressed[1])
        page.await_state(lambda state: state["case"]["stage"] == "review")
        checkpoint.module.lift()
        assert page.post("api/case", {"event": "send"}).status_code == 202
        page.await_state(lambda state: len(state["checks"]) == 1)
        page.post("api/logout", {})
        checkpoint.start("matcher")  # the answer comes while nobody is there
        checkpoint.children["kiosk"].wait_for_event("answer")
        assert page.client.get("api/state").json()["checks"] == []
        page.login("4712")
        answered = page.await_state(lambda state: bool(state["checks"][0]["outcome"]))
        assert answered["checks"][0]["outcome"] == "candidates"
    checkpoint.stop_all()

    shown = run(audit, "show", site.folder / "audit")
    assert "collect  who 4711" in shown
    assert "disclose  who 4711" in shown
    assert re.findall(r"consult  who (\S+).*again: (\w+)", shown) == [("4712", "True")]


def test_a_login_that_is_killed_counts(checkpoint: Checkpoint, register: Path) -> None:
    site = checkpoint.site
    # The dearest that a list may ask for, so that there is time to kill in.
    dear = PinVerifier(os.urandom(16), bytes(32), memory_kib=65_536, iterations=4)
    pin = msgspec.structs.replace(dear, digest=dear._derive(PINS["4711"], "4711"))
    bring(site, register, OperatorEntry("4711", Role.OFFICER, pin))
    kept = site.folder / "kiosk.store-operators"
    checkpoint.start("kiosk")
    with browser(checkpoint) as page:
        page.await_state(lambda state: not state["session"]["words"])
        for _ in range(4):
            assert page.login("4711", "000000").json()["error"] == "Operator or PIN is wrong."

        before = kept.stat().st_ino
        trying = threading.Thread(target=try_login, args=(page,))
        trying.start()
        give_up_at = time.monotonic() + 30
        while kept.stat().st_ino == before:
            assert time.monotonic() < give_up_at
        checkpoint.kill("kiosk")
        trying.join()

    checkpoint.start("kiosk")
    with browser(checkpoint) as page:
        words = page.login("4711").json()["error"]
        assert words.startswith("Too many wrong tries. Try again in ")


def test_what_the_keys_ask_does_nothing_while_nobody_is_logged_in(
    checkpoint: Checkpoint, register: Path
) -> None:
    path = checkpoint.site.folder / "kiosk.toml"
    settings = read_configuration(path, KioskConfig)
    probe = PageProbe()
    wipe = make_wipe(path, settings)
    running = Kiosk(_parts(settings, PinsOnDemand(), (), wipe, probe, None))
    running.start()
    try:
        until(running.board, phase(Phase.READY))
        with pytest.raises(NotAllowedError):
            running.order_case(case_orders.Open(PURPOSE))
        verifier = PinVerifier.of(PINS["4711"], "4711")
        bring(checkpoint.site, register, OperatorEntry("4711", Role.OFFICER, verifier))
        until(running.board, lambda state: not state.session.words)
        running.confirm()
        assert running.board.state().case is None

        token = running.access.login("4711", PINS["4711"])
        assert isinstance(token, str)
        for order in (
            case_orders.Open(PURPOSE),
            case_orders.Adult("adult"),
            case_orders.Notice("en"),
            case_orders.Plan(1),
        ):
            running.order_case(order)
        running.confirm()
        until(running.board, phase(Phase.PLACE_FINGER))
        running.access.logout(token)
        until(running.board, phase(Phase.STOPPED))
        assert running.board.state().case is None
        running.confirm()
        with pytest.raises(NotAllowedError):
            running.order_case(case_orders.Open(PURPOSE))
    finally:
        running.stop()
        probe.close()


def phase(wanted: Phase) -> Callable[[BoardState], bool]:
    return lambda state: state.capture.phase is wanted


def try_login(page: Browser) -> None:
    """Log in with the right PIN; the kiosk goes away meanwhile."""
    with contextlib.suppress(httpx.TransportError):
        page.login("4711")


def bring(site: Site, register: Path, *entries: OperatorEntry) -> None:
    """Bring a list as a technician does."""
    now_ms = time.time_ns() // 1_000_000
    made = OperatorList(1, KIOSK, now_ms, now_ms + DAY_MS, entries)
    file = site.folder / "kiosk-01.operators"
    with opened_register(register) as opened:
        identity = read_identity(site.folder / "kiosks" / f"{KIOSK}.json")
        file.write_bytes(seal_list(made, identity, opened.signer))
    told = run(kiosk, "operators", file, "--config", site.folder / "kiosk.toml")
    assert "List 1 with 1 accounts is there" in told


def run(app: Typer, *arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return str(done.output)
