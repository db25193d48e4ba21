"""Changes what the page shows, and reads from the screen."""

from pathlib import Path

from playwright.sync_api import FloatRect, Locator, Page

from tests.firmware.page.checkpoint import CAPTURES, Desk

RED_THINGS = Path(__file__).with_name("red_things.js").read_text()
LOWEST_CONTRAST = Path(__file__).with_name("lowest_contrast.js").read_text()


def show(desk: Desk, page: Page, name: str) -> None:
    """Put the capture into a state, and wait until the page has drawn it."""
    desk.board.show_capture(CAPTURES[name])
    page.locator(f'#pad[data-phase="{CAPTURES[name].phase}"]').wait_for()


def box(locator: Locator) -> FloatRect:
    """Where an element is on the screen, in pixels."""
    found = locator.bounding_box()
    assert found is not None
    return found
