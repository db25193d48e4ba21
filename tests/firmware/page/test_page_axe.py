"""axe-core, which looks for what keeps somebody from using a page, finds nothing in any state."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.firmware.page.checkpoint import Desk
from tests.firmware.page.fitting import open_page
from tests.firmware.page.serving import Server
from tests.firmware.page.states import every_state, traveller_states

AXE = Path(__file__).parents[3] / ".venv/axe/node_modules/axe-core/axe.min.js"
# WCAG 2.2 A and AA, and what axe calls best practice. Contrast is held to 7:1 by the AAA rule.
RUN = """() => axe.run(document, {rules: {"color-contrast-enhanced": {enabled: true}}})
  .then(({violations}) => violations.flatMap(({id, nodes}) => nodes.map(({html}) => [id, html])))"""


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip(f"axe-core is not in {AXE.parent}: install npm, then make setup-dev")
    return AXE.read_text("utf-8")


def violations(page: Page, axe: str) -> list[list[str]]:
    page.evaluate(axe)
    found: list[list[str]] = page.evaluate(RUN)
    return found


@pytest.mark.parametrize(("language", "theme"), [("en", "sun"), ("ar", "night")])
def test_no_state_of_the_officers_page_violates_a_rule(
    browser: Browser, server: Server, desk: Desk, axe: str, language: str, theme: str
) -> None:
    page = open_page(browser, server, "800x480", language, theme)
    found = {name: violations(page, axe) for name in every_state(desk, page)}
    page.close()

    assert len(found) > 25
    assert {name: those for name, those in found.items() if those} == {}


def test_no_step_of_the_travellers_page_violates_a_rule(
    browser: Browser, server: Server, desk: Desk, axe: str
) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 480})
    page.goto(f"{server.url}traveller")
    found = {name: violations(page, axe) for name in traveller_states(desk, page)}
    page.close()

    assert len(found) == 7
    assert {name: those for name, those in found.items() if those} == {}


def test_axe_would_find_something(browser: Browser, server: Server, axe: str) -> None:
    page = open_page(browser, server, "800x480", "en")
    page.evaluate("() => document.querySelector('#menu').replaceChildren()")

    assert "button-name" in {rule for rule, _ in violations(page, axe)}
    page.close()
