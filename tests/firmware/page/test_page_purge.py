"""An officer has a case deleted, in a real browser and in each language."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.firmware.page.app import make_app
from greenline.protocol.messages import Outcome
from tests.firmware.audit_logs import Place
from tests.firmware.conftest import Clock, Parties
from tests.firmware.page.catalogues import LANGUAGES, PSEUDO
from tests.firmware.page.checkpoint import CAPTURES, NOON_MS, answered
from tests.firmware.page.fitting import FIT, PICTURES, SCREENS, open_page, wrong
from tests.firmware.page.offices import Premises, Sensor, make_office
from tests.firmware.page.serving import Server
from tests.firmware.page.staffed import StaffedDesk
from tests.firmware.page.test_page_axe import axe, violations
from tests.firmware.rolls import PINS
from tests.firmware.stores import open_store

__all__ = ["axe"]

OFFICER, TECHNICIAN = "4711", "4714"
STEPS = (
    ("#to-purge", "[data-request]", "which"),
    ("[data-request]", "#purge-minor", "why"),
    ("#purge-objection", "#purged", "done"),
)
OURS, OTHER = b"r" * 16, b"s" * 16


class PurgeDesk(StaffedDesk):
    """A staffed kiosk that deletes cases."""

    def __init__(self, at: Premises) -> None:
        super().__init__(at.folder)
        self.board.show_capture(CAPTURES["ready"])
        for request_id, outcome in ((OURS, Outcome.CANDIDATES), (OTHER, Outcome.NONE)):
            self.board.show_check(answered(request_id.hex(), NOON_MS, outcome))
        self.office = make_office(at, self.board, self.post, Sensor())


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, parties: Parties) -> Iterator[PurgeDesk]:
    place = Place(tmp_path / "audit")
    with (
        contextlib.closing(open_store(tmp_path / "kiosk.store", clock)) as store,
        contextlib.closing(place.open()) as log,
    ):
        yield PurgeDesk(Premises(tmp_path, store, log, parties, place))


@pytest.fixture
def server(desk: PurgeDesk) -> Iterator[Server]:
    server = Server(make_app(desk))
    server.start()
    yield server
    server.stop()


def to_menu(page: Page, operator: str) -> None:
    page.locator("#operator").fill(operator)
    page.locator("#pin").fill(PINS[operator])
    page.keyboard.press("Enter")
    expect(page.locator("#login")).to_be_hidden()
    page.locator("#menu").click()


def test_an_officer_deletes_a_case_and_says_why(desk: PurgeDesk, page: Page) -> None:
    to_menu(page, OFFICER)
    page.locator("#to-purge").click()
    page.locator(f'[data-request="{OURS.hex()}"]').click()
    page.locator("#purge-minor").click()

    expect(page.locator("#purged")).to_contain_text("Deleted here.")
    (order,) = desk.office.purged()
    assert (order.request_id, order.reason, order.who) == (OURS, "minor", OFFICER)
    page.locator("#back").click()
    expect(page.locator("#start")).to_be_visible()


def test_axe_finds_nothing(page: Page, axe: str) -> None:
    to_menu(page, OFFICER)
    found = {}
    for step, seen, name in STEPS:
        page.locator(step).first.click()
        page.locator(seen).first.wait_for()
        found[name] = violations(page, axe)

    assert {name: those for name, those in found.items() if those} == {}


def test_who_may_not_is_not_offered_it(page: Page) -> None:
    to_menu(page, TECHNICIAN)
    expect(page.locator("#to-purge")).to_have_count(0)


def test_what_the_kiosk_refuses_is_said(
    desk: PurgeDesk, page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    to_menu(page, OFFICER)
    page.locator("#to-purge").click()
    page.locator(f'[data-request="{OURS.hex()}"]').click()
    desk.office.audit.close()
    (tmp_path / "audit").rename(tmp_path / "elsewhere")
    (tmp_path / "audit").write_bytes(b"")
    page.locator("#purge-mistake").click()

    expect(page.locator("#purged")).to_contain_text("Not deleted")
    assert desk.office.purged() == ()
    assert all("503" in each for each in complaints)
    complaints.clear()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", [*LANGUAGES, PSEUDO])
def test_each_step_fits_in_each_language(
    browser: Browser, server: Server, screen: str, language: str
) -> None:
    page = open_page(browser, server, screen, language)
    to_menu(page, OFFICER)
    found = {}
    for step, seen, name in STEPS:
        page.locator(step).first.click()
        page.locator(seen).first.wait_for()
        page.screenshot(path=PICTURES / f"{screen}-{language}-purge-{name}.png")
        found[name] = wrong(page.evaluate(FIT), screen)
    page.close()

    assert {name: words for name, words in found.items() if words} == {}
