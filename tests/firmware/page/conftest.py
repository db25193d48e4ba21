"""A kiosk's page in front of each test, and Debian's Chromium to look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from greenline.firmware.page.app import make_app
from tests.firmware.page.checkpoint import Desk
from tests.firmware.page.serving import Server

CHROMIUM = Path("/usr/bin/chromium")
_OPTIONS = (
    "--no-sandbox",  # the tests may run as root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def server(desk: Desk) -> Iterator[Server]:
    server = Server(make_app(desk))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*_OPTIONS])
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser wrote to its console and could not load, on the page of this test.

    A test that means to provoke a complaint looks at it and clears the list.
    """
    return []


@pytest.fixture
def page(browser: Browser, server: Server, complaints: list[str]) -> Iterator[Page]:
    """The page, as large as the kiosk's screen, drawn once; it must never complain."""
    page = browser.new_page(viewport={"width": 800, "height": 480}, locale="en-GB")
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(server.url)
    page.locator("#kiosk", has_text="kiosk-07").wait_for()
    yield page
    page.close()
    assert complaints == []
