"""Changes what the page shows, and reads from the screen."""

from pathlib import Path

from playwright.sync_api import FloatRect, Locator, Page

from greenline.firmware.case_state import CaseChoices, CaseShown
from tests.firmware.page.checkpoint import CAPTURES, Desk

RED_THINGS = Path(__file__).with_name("red_things.js").read_text()
LOWEST_CONTRAST = Path(__file__).with_name("lowest_contrast.js").read_text()


def drawn_now(desk: Desk, page: Page) -> None:
    """Wait until the page has drawn what the board shows."""
    version = desk.board.state().version
    page.locator(f'#work[data-version="{version}"]').wait_for(state="attached")


def show(desk: Desk, page: Page, name: str) -> None:
    """Put the capture into a state, and wait until the page has drawn it."""
    desk.board.show_capture(CAPTURES[name])
    drawn_now(desk, page)


def show_case(
    desk: Desk, page: Page, case: CaseShown | None, ended: str = "", *, choices: CaseChoices
) -> None:
    """Put a case on the board, and wait until the page has drawn it."""
    desk.board.show_choices(choices)
    desk.board.show_case(case, ended)
    drawn_now(desk, page)


def box(locator: Locator) -> FloatRect:
    """Where an element is on the screen, in pixels."""
    found = locator.bounding_box()
    assert found is not None
    return found
