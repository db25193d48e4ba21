"""The second screen in a real browser: looked at with a reason, decided by two people."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.firmware.page.app import make_app
from greenline.firmware.store import Store
from tests.firmware.page.catalogues import LANGUAGES, PSEUDO
from tests.firmware.page.fitting import FIT, PICTURES, SCREENS, open_page, wrong
from tests.firmware.page.leads_desk import LeadsDesk
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS
from tests.firmware.page.serving import Server
from tests.firmware.page.test_page_axe import axe, violations
from tests.firmware.rolls import PINS

__all__ = ["axe"]

WHO = "case-2026-0117"
OTHER = "case-2026-0118"


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> LeadsDesk:
    return LeadsDesk(tmp_path, store)


@pytest.fixture
def server(desk: LeadsDesk) -> Iterator[Server]:
    server = Server(make_app(desk))
    server.start()
    yield server
    server.stop()


def come_in(page: Page, operator: str) -> None:
    if not page.locator("#login").is_visible():
        page.evaluate(
            "fetch('/api/logout', {method: 'POST', headers: {'Content-Type': 'application/json'},"
            " body: '{}'})"
        )
        expect(page.locator("#login")).to_be_visible()
    page.locator("#operator").fill(operator)
    page.locator("#pin").fill(PINS[operator])
    page.locator("#pin").press("Enter")
    expect(page.locator("#who")).to_contain_text(operator)


def press(page: Page, *buttons: str) -> None:
    for each in buttons:
        page.locator(f"#{each}").click()


def type_number(page: Page, number: str = "AB-2026/117") -> None:
    """As a gloved finger does: key by key, from set to set."""
    for letter in number:
        key = page.locator(f'[id="key-{letter}"]')
        while not key.count():
            press(page, "letters-next")
        key.click()


def test_who_it_names_is_there_only_for_the_officer_who_said_why(
    page: Page, desk: LeadsDesk
) -> None:
    come_in(page, "4711")
    press(page, "to-lead")

    expect(page.locator("#stage h1")).to_have_text("Possible match - must be verified")
    assert WHO not in page.content()
    assert WHO not in page.evaluate("fetch('/api/state').then((answer) => answer.text())")
    press(page, "why-decide")

    expect(page.locator("#candidate")).to_contain_text("Strong likeness")
    expect(page.locator("#candidate")).to_contain_text(WHO)
    expect(page.locator("#candidate")).to_contain_text("less than 1 stranger in 100,000")
    expect(page.locator("#candidate")).to_contain_text("It rests on 2 fingers.")
    expect(page.locator("#not-proof")).to_contain_text("This is not proof")
    expect(page.locator("#lead")).to_contain_text("Searched: watch (300 entries, changed")
    assert desk.verified.audit.told()[-1][:2] == ("consult", "4711")
    assert page.evaluate(RED_THINGS) == []

    come_in(page, "4712")
    assert WHO not in page.content()
    assert WHO not in page.evaluate("fetch('/api/state').then((answer) => answer.text())")


def test_two_people_confirm_with_gloves(page: Page, desk: LeadsDesk, complaints: list[str]) -> None:
    come_in(page, "4711")
    press(page, "to-lead", "why-decide", "confirm", "source-list-owner")
    type_number(page, "AB-2026/1170")
    press(page, "delete", "reference-next")
    expect(page.locator("#stage")).to_contain_text("AB-2026/117")
    press(page, "confirm-sure")

    expect(page.locator("#lead h1")).to_have_text(
        "Confirmed by one person - a second one must verify"
    )
    expect(page.locator("#confirm")).to_have_count(0)
    expect(page.locator("#reject")).to_be_visible()

    come_in(page, "4712")
    press(page, "to-lead", "why-second", "confirm", "confirm-sure")

    expect(page.locator("#lead h1")).to_have_text("Confirmed by two people")
    expect(page.locator("#lead")).to_contain_text("Confirmed by: 4711, 4712")
    expect(page.locator("#lead")).to_contain_text("The owner of the list")
    expect(page.locator("#actions button")).to_have_count(1)
    assert [told for kind, who, told in desk.verified.audit.told() if kind == "verify"] == [
        {"what": "confirmed by one", "source": "list-owner", "reference": "AB-2026/117"},
        {"what": "confirmed", "by": "4711", "source": "list-owner", "reference": "AB-2026/117"},
    ]
    assert complaints == []


def test_what_is_refused_is_said_and_nothing_is_done(
    page: Page, desk: LeadsDesk, complaints: list[str]
) -> None:
    come_in(page, "4711")
    press(page, "to-lead", "why-decide", "confirm", "source-duty-desk")
    page.keyboard.type("smith")
    press(page, "reference-next", "confirm-sure")

    expect(page.locator("#notice")).to_contain_text("A reference number has 3 to 32 of A-Z")
    assert desk.verified.lead.stage == "viewed"
    assert all("409" in each for each in complaints)
    complaints.clear()


def test_either_rejects_and_it_is_gone(page: Page, desk: LeadsDesk) -> None:
    come_in(page, "4711")
    press(page, "to-lead", "why-decide", "reject", "reject-other-person")

    expect(page.locator("#stage h1")).to_have_text("Rejected: not the same person")
    assert WHO not in page.content()
    press(page, "back")
    expect(page.locator("#to-lead, #latest")).to_have_count(0)
    assert desk.verified.desk.counts.rejected == 1


def test_the_centre_is_asked_for_a_second_person(page: Page, desk: LeadsDesk) -> None:
    come_in(page, "4711")
    press(page, "to-lead", "why-decide", "examine")

    expect(page.locator("#lead")).to_contain_text("A second person at the centre was asked")
    expect(page.locator("#examine")).to_have_count(0)
    assert len(desk.verified.asked) == 1


def test_another_entry_of_the_lead_can_be_looked_at(page: Page) -> None:
    come_in(page, "4711")
    press(page, "to-lead", "why-decide", "candidate-1")

    expect(page.locator("#candidate")).to_contain_text(OTHER)
    expect(page.locator("#candidate")).to_contain_text("Moderate likeness")


def test_everything_can_be_done_with_a_keyboard_alone(page: Page, desk: LeadsDesk) -> None:
    come_in(page, "4711")

    def reach(name: str) -> None:
        for _ in range(40):
            if page.evaluate("document.activeElement?.id") == name:
                break
            page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement?.id") == name
        page.keyboard.press("Enter")

    for name in ("to-lead", "why-decide", "confirm", "source-national-bureau"):
        expect(page.locator(f"#{name}")).to_be_visible()
        reach(name)
    page.keyboard.type("nc-17/bx")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-sure")).to_be_visible()
    reach("confirm-sure")

    expect(page.locator("#lead")).to_contain_text("NC-17/B")
    assert desk.verified.lead.first == "4711"


def every_state(page: Page) -> Iterator[str]:
    """Yield the name of each state of the second screen while the page shows it."""
    press(page, "to-lead")
    yield "lead-why"
    press(page, "why-decide")
    expect(page.locator("#candidate")).to_be_visible()
    yield "lead-evidence"
    press(page, "reject")
    yield "lead-reject"
    press(page, "back", "confirm")
    yield "lead-source"
    press(page, "source-list-owner")
    yield "lead-reference"
    type_number(page)
    press(page, "reference-next")
    yield "lead-sure"
    press(page, "confirm-sure")
    expect(page.locator("#confirm-sure")).to_have_count(0)
    yield "lead-confirmed"
    press(page, "reject", "reject-other-person")
    expect(page.locator("#lead, #reject-other-person")).to_have_count(0)
    yield "lead-rejected"


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", [*LANGUAGES, PSEUDO])
def test_each_state_fits_in_each_language(
    browser: Browser, server: Server, screen: str, language: str
) -> None:
    page = open_page(browser, server, screen, language)
    come_in(page, "4711")
    found = {}
    for name in every_state(page):
        page.screenshot(path=PICTURES / f"{screen}-{language}-{name}.png")
        found[name] = wrong(page.evaluate(FIT), screen)
    page.close()

    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("theme", ["sun", "night"])
def test_text_has_a_contrast_of_seven_to_one_and_nothing_is_red(
    browser: Browser, server: Server, theme: str
) -> None:
    page = open_page(browser, server, "800x480", "en", theme)
    come_in(page, "4711")
    contrast, red = {}, {}
    for name in every_state(page):
        contrast[name] = page.evaluate(LOWEST_CONTRAST)
        red[name] = page.evaluate(RED_THINGS)
    page.close()

    assert {name: found for name, found in contrast.items() if found[0] < 7} == {}
    assert {name: found for name, found in red.items() if found} == {}


def test_axe_finds_nothing_on_the_second_screen(browser: Browser, server: Server, axe: str) -> None:
    page = open_page(browser, server, "800x480", "ar", "night")
    come_in(page, "4711")
    found = {name: violations(page, axe) for name in every_state(page)}
    page.close()

    assert len(found) == 8
    assert {name: those for name, those in found.items() if those} == {}
