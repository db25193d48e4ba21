"""A whole session in a real browser over the real kiosk process: from the case to its result."""

import contextlib
import http.client
import itertools
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.cli.site import LIST
from tests.firmware.page.conftest import browser
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint

__all__ = ["browser"]

EVERYTHING = ("broker", "matcher", "kiosk", "uplink")
SLOW_MS = 30_000


class Traveller:
    """Notes what the kiosk sends to the traveller's page."""

    def __init__(self, kiosk: str) -> None:
        address = urlsplit(kiosk)
        self._connection = http.client.HTTPConnection(str(address.hostname), address.port, 60)
        self._connection.request("GET", "/api/traveller/events")
        self._stream = self._connection.getresponse()
        self._lines: list[bytes] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(http.client.HTTPException, OSError):
            self._lines.extend(iter(self._stream.readline, b""))

    def close(self) -> list[dict[str, object]]:
        """Return what was sent up to now."""
        self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._stream.close()
        self._connection.close()
        lines = [line for line in self._lines if line.startswith(b"data: ")]
        return [json.loads(line.removeprefix(b"data: ")) for line in lines]


def steps(told: list[dict[str, object]]) -> list[object]:
    """Return the steps, each once while it lasts; reading takes one finger longer than another."""
    taken = {"lift": "taken", "done": "taken", "hold": "place"}
    named = [taken.get(str(each["step"]), each["step"]) for each in told]
    return [step for step, _ in itertools.groupby(named)]


@pytest.fixture
def page(browser: Browser, checkpoint: Checkpoint) -> Iterator[Page]:
    """The page of a kiosk that runs with all that belongs to it; it must never complain."""
    checkpoint.start(*EVERYTHING)
    complaints: list[str] = []
    page = browser.new_page(viewport={"width": 800, "height": 480}, locale="en-GB")
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(checkpoint.kiosk)
    expect(page.locator("#start")).to_be_enabled(timeout=SLOW_MS)
    yield page
    page.close()
    assert complaints == []


def lay(checkpoint: Checkpoint, page: Page, finger: int) -> None:
    """Lay a finger on the sensor once it is asked for, and take it away once it was taken."""
    capture = page.locator("#capture")
    expect(capture).to_have_attribute("data-phase", "place_finger", timeout=SLOW_MS)
    checkpoint.module.press(checkpoint.prints.pressed[finger])
    expect(page.locator("#send")).to_be_enabled(timeout=SLOW_MS)
    checkpoint.module.lift()


def test_a_possible_match_from_the_open_case_to_the_second_screen(
    checkpoint: Checkpoint, page: Page
) -> None:
    for name in ("start", "adult-adult", "language-sq", "notice-given", "plan-1", "again"):
        page.locator(f"#{name}").click()
    lay(checkpoint, page, ENROLLED)
    page.locator("#send").click()

    heading = page.locator("#latest h2")
    expect(heading).to_have_text("Possible match - must be verified", timeout=SLOW_MS)
    assert f"entry-{ENROLLED}" not in page.content()
    page.locator("#to-lead").click()
    page.locator("#why-decide").click()
    expect(page.locator("#candidate")).to_contain_text(f"entry-{ENROLLED}")
    page.locator("#back").click()
    page.locator("#close").click()

    expect(page.locator("#start")).to_be_enabled(timeout=SLOW_MS)


def test_no_match_by_keyboard_alone(checkpoint: Checkpoint, page: Page) -> None:
    expect(page.locator("#start")).to_be_focused()
    views = ("adult", "notice-language", "notice", "plan")
    for view in views:
        page.keyboard.press("Enter")
        expect(page.locator(f'#work[data-view="{view}"]')).to_be_attached(timeout=SLOW_MS)
    page.locator("#plan-1").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#again")).to_be_focused(timeout=SLOW_MS)
    page.keyboard.press("Enter")
    lay(checkpoint, page, UNKNOWN)
    expect(page.locator("#send")).to_be_focused()
    page.keyboard.press("Enter")

    heading = page.locator("#latest h2")
    expect(heading).to_have_text("No match found in the lists searched", timeout=SLOW_MS)
    expect(page.locator("#latest > p").first).to_contain_text(LIST)
    page.keyboard.press("Enter")
    expect(page.locator("#start")).to_be_focused(timeout=SLOW_MS)


def test_without_a_link_it_is_not_checked_yet_and_says_so(
    checkpoint: Checkpoint, page: Page
) -> None:
    checkpoint.kill("uplink")
    for name in ("start", "adult-adult", "language-en", "notice-given", "plan-1", "again"):
        page.locator(f"#{name}").click()
    lay(checkpoint, page, UNKNOWN)
    page.locator("#send").click()

    expect(page.locator("#latest h2")).to_have_text("Not checked yet", timeout=SLOW_MS)
    expect(page.locator("#latest > p").first).to_contain_text("Waiting for a link")
    expect(page.locator("#pending")).to_contain_text("1 not checked yet")


def test_the_traveller_sees_the_same_steps_for_a_match_and_for_none(
    checkpoint: Checkpoint, page: Page
) -> None:
    told = []
    for finger in (ENROLLED, UNKNOWN):
        traveller = Traveller(checkpoint.kiosk)
        for name in ("start", "adult-adult", "language-mk", "notice-given", "plan-1", "again"):
            page.locator(f"#{name}").click(timeout=SLOW_MS)
        lay(checkpoint, page, finger)
        page.locator("#send").click()
        expect(page.locator("#latest .shape")).not_to_have_attribute(
            "data-shape", "waiting", timeout=SLOW_MS
        )
        page.locator("#close").click()
        expect(page.locator("#start")).to_be_enabled(timeout=SLOW_MS)
        told.append(traveller.close())

    assert [steps(each) for each in told] == [["wait", "place", "taken", "wait"]] * 2
    assert {each["language"] for each in told[0]} == {"", "mk"}
    assert {frozenset(each) for sent in told for each in sent} == {
        frozenset({"step", "finger", "language", "done", "of"})
    }
