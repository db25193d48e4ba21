"""Logging in, in a real browser: with the pad, with a keyboard, and what a locked page shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.firmware.case_orders import Open, Stop
from greenline.firmware.page.app import make_app
from greenline.protocol.messages import Outcome
from tests.firmware.page.cases import CASES, CHOICES
from tests.firmware.page.catalogues import LANGUAGES, PSEUDO
from tests.firmware.page.checkpoint import CAPTURES, NOON_MS, answered
from tests.firmware.page.fitting import FIT, PICTURES, SCREENS, open_page, wrong
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS, show, show_case
from tests.firmware.page.serving import Server
from tests.firmware.page.staffed import StaffedDesk
from tests.firmware.rolls import PINS, entry, sealed, without


@pytest.fixture
def desk(tmp_path: Path) -> StaffedDesk:
    desk = StaffedDesk(tmp_path)
    desk.board.show_choices(CHOICES)
    desk.board.show_capture(CAPTURES["ready"])
    desk.board.show_check(answered("aa", NOON_MS, Outcome.CANDIDATES))
    return desk


@pytest.fixture
def server(desk: StaffedDesk) -> Iterator[Server]:
    server = Server(make_app(desk))
    server.start()
    yield server
    server.stop()


def type_in(page: Page, operator: str, pin: str) -> None:
    page.locator("#operator").fill(operator)
    page.locator("#pin").fill(pin)
    page.keyboard.press("Enter")


def inside(page: Page, operator: str) -> None:
    type_in(page, operator, PINS[operator])
    expect(page.locator("#who")).to_contain_text(operator)
    expect(page.locator("#login")).to_be_hidden()


def forgive(complaints: list[str], status: str) -> None:
    """Let pass that the browser's console tells of a refusal that the test meant."""
    assert [each for each in complaints if status not in each] == []
    complaints.clear()


def test_the_page_asks_who_one_is_and_shows_nothing_else(page: Page) -> None:
    expect(page.locator("#login-title")).to_have_text("Log in at kiosk-07")
    expect(page.locator("#work")).to_be_hidden()
    expect(page.locator("#operator")).to_be_focused()
    assert "Possible match" not in page.content()
    assert page.evaluate(RED_THINGS) == []
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7


def test_one_logs_in_by_keyboard_alone(desk: StaffedDesk, page: Page) -> None:
    page.keyboard.type("4711")
    page.keyboard.press("Tab")
    page.keyboard.type(PINS["4711"])
    page.keyboard.press("Enter")

    expect(page.locator("#operator-now")).to_have_text("4711, officer")
    expect(page.locator("#latest h2")).to_have_text("Possible match - must be verified")
    expect(page.locator("#start")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#purpose-border-check")).to_be_focused()
    page.keyboard.press("Enter")
    assert desk.wait_until_asked(1) == [Open("border-check")]


def test_one_logs_in_with_the_pad_alone(page: Page) -> None:
    for digit in "4711":
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="Log in").click()  # no PIN yet: on to it
    expect(page.locator("#pin")).to_be_focused()
    for digit in PINS["4711"]:
        page.get_by_role("button", name=digit, exact=True).click()
    expect(page.locator("#pin")).to_have_attribute("type", "password")
    page.get_by_role("button", name="Log in").click()

    expect(page.locator("#operator-now")).to_have_text("4711, officer")


def test_a_wrong_pin_is_told_and_does_not_stay(page: Page, complaints: list[str]) -> None:
    type_in(page, "4711", "000000")

    expect(page.locator("#login-notice")).to_have_text("Operator or PIN is wrong.")
    expect(page.locator("#pin")).to_have_value("")
    expect(page.locator("#operator")).to_have_value("4711")
    assert page.evaluate(RED_THINGS) == []
    forgive(complaints, "403 (Forbidden)")


def test_a_given_out_pin_is_replaced(desk: StaffedDesk, page: Page, complaints: list[str]) -> None:
    desk.post.operators.receive(sealed(2, entry("4711", must_change=True)))
    type_in(page, "4711", PINS["4711"])
    expect(page.locator("#pin-label")).to_have_text("New PIN")
    expect(page.locator("#login-notice")).to_contain_text("Choose your own")

    page.locator("#pin").fill("284610")
    page.keyboard.press("Enter")
    expect(page.locator("#pin-label")).to_have_text("New PIN once more")
    page.locator("#pin").fill("284611")
    page.keyboard.press("Enter")
    expect(page.locator("#login-notice")).to_have_text("The two PINs differ. Choose again.")
    for _ in range(2):
        page.locator("#pin").fill("284610")
        page.keyboard.press("Enter")
    expect(page.locator("#operator-now")).to_have_text("4711, officer")
    forgive(complaints, "403 (Forbidden)")


def test_the_page_locks_and_forgets_what_it_showed(desk: StaffedDesk, page: Page) -> None:
    inside(page, "4711")
    desk.post.wait(120)
    desk.access.tend()

    expect(page.locator("#login-title")).to_have_text("kiosk-07 is locked")
    expect(page.locator("#login-words")).to_contain_text("4711 is logged in")
    expect(page.locator("#operator")).to_have_value("")
    assert "Possible match" not in page.content()
    inside(page, "4711")
    expect(page.locator("#latest h2")).to_have_text("Possible match - must be verified")


def test_touching_the_page_keeps_it_open(desk: StaffedDesk, page: Page) -> None:
    inside(page, "4711")
    desk.post.wait(119)
    with page.expect_response("**/api/touch"):
        page.locator("#results").click()
    desk.post.wait(119)
    desk.access.tend()

    expect(page.locator("#work")).to_be_visible()


def test_logging_out_goes_back_to_the_login(desk: StaffedDesk, page: Page) -> None:
    inside(page, "4711")
    page.locator("#menu").click()
    page.get_by_role("button", name="Log out").click()

    expect(page.locator("#login-title")).to_have_text("Log in at kiosk-07")
    assert "Possible match" not in page.content()
    assert desk.wait_until_asked(1) == [Stop()]


def test_a_revoked_operator_is_shown_the_door(desk: StaffedDesk, page: Page) -> None:
    inside(page, "4711")
    desk.post.operators.receive(sealed(2, *without("4711")))

    expect(page.locator("#login")).to_be_visible()
    assert "Possible match" not in page.content()


def test_a_page_whose_kiosk_is_gone_keeps_nothing_to_see(
    page: Page, server: Server, complaints: list[str]
) -> None:
    inside(page, "4711")
    expect(page.locator("#latest")).to_be_visible()
    server.stop()

    expect(page.locator("#link")).to_have_text("Link unknown")
    expect(page.locator("#latest")).to_be_hidden()
    assert "Possible match" not in page.content()
    assert all("net::ERR_" in complaint for complaint in complaints)
    complaints.clear()


def test_a_second_window_takes_the_place_of_the_first(
    browser: Browser, server: Server, page: Page
) -> None:
    inside(page, "4711")
    other = browser.new_page()
    other.goto(server.url)
    inside(other, "4712")

    expect(page.locator("#login")).to_be_visible()
    other.close()


@pytest.mark.parametrize(
    ("operator", "starts", "unlocks"),
    [("4711", True, False), ("4712", True, True), ("4713", False, False), ("4714", False, False)],
)
def test_each_role_has_its_buttons(page: Page, operator: str, starts: bool, unlocks: bool) -> None:
    inside(page, operator)

    expect(page.locator("#start")).to_be_enabled(enabled=starts)
    expect(page.locator("#latest")).to_be_visible(visible=starts)
    page.locator("#menu").click()
    expect(page.locator("#to-unlock")).to_be_visible(visible=unlocks)


def test_a_case_that_is_open_is_not_seen_behind_the_lock(desk: StaffedDesk, page: Page) -> None:
    inside(page, "4711")
    show_case(desk, page, CASES["review"], choices=CHOICES)
    expect(page.locator("#send")).to_be_visible()
    desk.post.wait(120)
    desk.access.tend()

    expect(page.locator("#login-title")).to_have_text("kiosk-07 is locked")
    expect(page.locator(".tile")).to_have_count(0)


def test_a_supervisor_unlocks_an_operator(
    desk: StaffedDesk, page: Page, complaints: list[str]
) -> None:
    for _ in range(5):
        desk.post.logins.login("4711", "000000")
    desk.post.wait(31)
    inside(page, "4712")
    page.locator("#menu").click()
    page.locator("#to-unlock").click()
    page.locator("#unlock-operator").fill("4711")
    page.locator("#unlock-button").click()

    expect(page.locator("#unlock-notice")).to_have_text("4711 may try again.")
    assert complaints == []


def test_without_a_list_the_page_says_what_to_do(desk: StaffedDesk, page: Page) -> None:
    desk.post.wait(8 * 24 * 3600)
    desk.access.tend()

    words = "The list of operators has expired. Ask the centre to send a new one"
    expect(page.locator("#login-words")).to_contain_text(words)


@pytest.mark.parametrize("language", [*LANGUAGES, PSEUDO])
@pytest.mark.parametrize("screen", SCREENS)
def test_the_login_fits_the_screen_and_a_gloved_finger(
    browser: Browser, server: Server, screen: str, language: str
) -> None:
    page = open_page(browser, server, screen, language)
    expect(page.locator("#login")).to_be_visible()

    page.screenshot(path=PICTURES / f"{screen}-{language}-login.png")
    assert wrong(page.evaluate(FIT), screen) == []
    page.close()


def test_a_kiosk_on_which_people_log_in_still_fits_the_screen(
    desk: StaffedDesk, page: Page
) -> None:
    inside(page, "4712")
    show(desk, page, "place")

    assert wrong(page.evaluate(FIT), "800x480") == []
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7
