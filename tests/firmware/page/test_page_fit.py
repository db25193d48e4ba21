"""Every state in every language on both screens: nothing cut off, all large enough for a glove.

The pictures go to build/screens, to be looked at.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.firmware.page.catalogues import LANGUAGES, PSEUDO
from tests.firmware.page.checkpoint import Desk
from tests.firmware.page.fitting import FIT, PICTURES, SCREENS, open_page, wrong
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS
from tests.firmware.page.serving import Server
from tests.firmware.page.states import every_state

UNBRACKETED = Path(__file__).with_name("unbracketed.js").read_text("utf-8")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("language", [*LANGUAGES, PSEUDO])
def test_each_state_fits_in_each_language(
    browser: Browser, server: Server, desk: Desk, screen: str, language: str
) -> None:
    page = open_page(browser, server, screen, language)
    found = {}
    for name in every_state(desk, page):
        page.screenshot(path=PICTURES / f"{screen}-{language}-{name}.png")
        found[name] = wrong(page.evaluate(FIT), screen)
    page.close()

    assert {name: words for name, words in found.items() if words} == {}


def test_no_english_is_left_where_all_sentences_are_others(
    browser: Browser, server: Server, desk: Desk
) -> None:
    page = open_page(browser, server, "800x480", PSEUDO)
    found = {name: page.evaluate(UNBRACKETED) for name in every_state(desk, page)}
    page.close()

    # What a device says of itself is in English everywhere.
    assert found.pop("fault") == []
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("theme", ["sun", "night"])
def test_text_has_a_contrast_of_seven_to_one_and_red_is_for_faults(
    browser: Browser, server: Server, desk: Desk, theme: str
) -> None:
    page = open_page(browser, server, "800x480", "en", theme)
    contrast, red = {}, {}
    for name in every_state(desk, page):
        page.screenshot(path=PICTURES / f"800x480-en-{theme}-{name}.png")
        contrast[name] = page.evaluate(LOWEST_CONTRAST)
        red[name] = page.evaluate(RED_THINGS)
    page.close()

    assert {name: found for name, found in contrast.items() if found[0] < 7} == {}
    assert set(red.pop("fault")) == {"nail", "instruction"}
    assert {name: found for name, found in red.items() if found} == {}
