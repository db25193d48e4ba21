"""The pages of supervisor, auditor and technician in a real browser: who reads and does what."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.firmware.office import Office
from greenline.firmware.page.app import make_app
from greenline.firmware.store import Pending
from greenline.protocol.audit_details import Kind
from greenline.protocol.messages import Outcome
from tests.firmware.audit_logs import Place
from tests.firmware.conftest import Clock, Parties
from tests.firmware.page.checkpoint import NOON_MS, answered
from tests.firmware.page.fitting import FIT, PICTURES, SCREENS, wrong
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS
from tests.firmware.page.offices import Premises, Sensor, make_office
from tests.firmware.page.serving import Server
from tests.firmware.page.staffed import StaffedDesk
from tests.firmware.page.test_page_axe import axe, violations
from tests.firmware.rolls import PINS
from tests.firmware.stores import open_store

__all__ = ["axe"]

REQUEST = b"r" * 16
OFFICER, SUPERVISOR, AUDITOR, TECHNICIAN = "4711", "4712", "4713", "4714"


class OfficeDesk(StaffedDesk):
    """A staffed kiosk with an office."""

    def __init__(self, at: Premises) -> None:
        super().__init__(at.folder)
        self.place = at.place
        self.sensor = Sensor()
        self.board.show_check(answered("aa", NOON_MS, Outcome.NONE))
        self.office: Office = make_office(at, self.board, self.post, self.sensor)


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, parties: Parties) -> Iterator[OfficeDesk]:
    place = Place(tmp_path / "audit")
    with (
        contextlib.closing(open_store(tmp_path / "kiosk.store", clock)) as store,
        contextlib.closing(place.open()) as log,
    ):
        store.add_request(Pending(REQUEST, 0, 1, 72 * 3_600_000), b"a sealed request")
        yield OfficeDesk(Premises(tmp_path, store, log, parties, place))


@pytest.fixture
def server(desk: OfficeDesk) -> Iterator[Server]:
    server = Server(make_app(desk))
    server.start()
    yield server
    server.stop()


def log_in(page: Page, operator: str) -> None:
    page.locator("#operator").fill(operator)
    page.locator("#pin").fill(PINS[operator])
    page.keyboard.press("Enter")
    expect(page.locator("#login")).to_be_hidden()


def visit(page: Page, server: Server, operator: str) -> None:
    """Log in, and go to the office, by the menu who may read there."""
    log_in(page, operator)
    page.locator("#menu").click()
    if operator == OFFICER:
        expect(page.locator("#to-office")).to_have_count(0)
        page.goto(f"{server.url}office.html")
    else:
        page.locator("#to-office").click()
    expect(page.locator("#who")).to_contain_text(operator)


def cells(page: Page, part: str) -> list[list[str]]:
    expect(page.locator(f"#{part} tbody tr").first).to_be_attached()
    rows = page.locator(f"#{part} tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in rows]


def test_the_supervisor_reads_what_waits_and_says_that_the_sensor_is_clean(
    desk: OfficeDesk, server: Server, page: Page
) -> None:
    visit(page, server, SUPERVISOR)

    expect(page.locator("#queue")).to_contain_text(REQUEST.hex()[:8])
    assert [row[:2] for row in cells(page, "lists")] == [["border-list", "12345"]]
    assert cells(page, "ended")[:2] == [["sent", "12"], ["under 18 or not sure", "1"]]
    expect(page.locator("#sensor")).to_contain_text("it is due after 9")
    desk.office.purge(REQUEST, "minor")
    page.locator("#cleaned").click()
    expect(page.locator("#purged")).to_contain_text("not yet: the matcher is asked")


def test_the_technician_tests_the_sensor_and_reads_why_the_link_is_down(
    desk: OfficeDesk, server: Server, page: Page
) -> None:
    visit(page, server, TECHNICIAN)

    assert cells(page, "facts")[0] == ["Software", "test 1"]
    assert len(cells(page, "steps")) == 5
    assert "steps-body" in page.locator("#steps").inner_html()
    page.locator("#test").click()
    expect(page.locator("#test")).to_be_disabled()
    assert desk.office.trial.told().going


def test_what_the_kiosk_refuses_is_said(
    desk: OfficeDesk, server: Server, page: Page, complaints: list[str]
) -> None:
    desk.sensor.ready = False
    visit(page, server, TECHNICIAN)
    page.locator("#test").click()

    expect(page.locator("#notice")).to_have_text("The sensor is not ready for a test")
    assert all("409" in each for each in complaints)
    complaints.clear()


def test_the_auditor_searches_and_exports(desk: OfficeDesk, server: Server, page: Page) -> None:
    desk.office.purge(REQUEST, "minor")
    visit(page, server, AUDITOR)
    assert [event.kind for event in desk.place.events()] == [Kind.ERASE]  # nothing read unasked

    page.locator("#search-kind").fill("erase")
    page.keyboard.press("Enter")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    page.locator("#search-since").fill("yesterday")
    page.locator("#search").click()
    expect(page.locator("#found")).to_contain_text("give a time like")
    page.locator("#search-since").fill("1999-01-01 08:00")
    with page.expect_download() as download:
        page.locator("#export").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["erase"]


def test_an_officer_and_who_is_not_logged_in_see_nothing(server: Server, page: Page) -> None:
    page.goto(f"{server.url}office.html")
    expect(page.locator("#why")).to_contain_text("Log in as")
    page.locator("#actions button").click()
    visit(page, server, OFFICER)
    expect(page.locator("#why")).to_be_visible()
    assert REQUEST.hex()[:8] not in page.content()


def test_whose_session_ends_is_back_at_the_login(
    desk: OfficeDesk, server: Server, page: Page, complaints: list[str]
) -> None:
    visit(page, server, SUPERVISOR)
    desk.post.wait(desk.post.idle_s + 1)
    desk.access.tend()
    with page.expect_navigation():
        page.evaluate(
            "fetch('/api/office/supervisor').then(() => document.getElementById('cleaned').click())"
        )

    expect(page.locator("#login")).to_be_visible()
    complaints.clear()  # of the refusals


@pytest.mark.parametrize("theme", ["sun", "night"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("who", [SUPERVISOR, AUDITOR, TECHNICIAN])
def test_it_fits_the_screen_and_can_be_read(
    browser: Browser, server: Server, screen: str, who: str, theme: str
) -> None:
    wide, high = SCREENS[screen]
    page = browser.new_page(viewport={"width": wide, "height": high}, locale="en-GB")
    page.add_init_script(f"localStorage.setItem('greenline-theme', '{theme}')")
    page.goto(server.url)
    visit(page, server, who)
    if who == AUDITOR:
        page.locator("#search").click()
    expect(page.locator("table").first).to_be_visible()
    page.screenshot(path=PICTURES / f"office-{screen}-{theme}-{who}.png")

    found = {**page.evaluate(FIT), "untranslated": "0"}  # these pages are in English alone
    assert wrong(found, screen) == []
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7
    assert set(page.evaluate(RED_THINGS)) <= {"fault"}
    page.close()


@pytest.mark.parametrize("who", [SUPERVISOR, AUDITOR, TECHNICIAN])
def test_axe_finds_nothing(browser: Browser, server: Server, axe: str, who: str) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 480}, locale="en-GB")
    page.goto(server.url)
    visit(page, server, who)
    if who == AUDITOR:
        page.locator("#search").click()
    expect(page.locator("table").first).to_be_visible()

    assert violations(page, axe) == []
    page.close()
