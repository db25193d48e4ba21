"""The officer's page in a real browser: what is drawn for each state, and what its buttons do."""

import re

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from greenline.protocol.messages import Outcome
from tests.firmware.page.checkpoint import CAPTURES, MINIMUM_QUALITY, NOON_MS, Desk, answered
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS, box, show
from tests.firmware.page.serving import Server

SCREENS = {"800x480": (800, 480), "1024x600": (1024, 600)}
TOUCH = 68  # pixels: 18 mm on a 7-inch screen
MOST_BYTES = 300_000
BUSY = ("starting", "place", "reading", "judging", "again", "taken", "lift", "fault")


@pytest.mark.parametrize("name", CAPTURES)
def test_each_step_of_a_capture_is_drawn_with_its_words(desk: Desk, page: Page, name: str) -> None:
    show(desk, page, name)

    expect(page.locator("#instruction")).to_have_text(CAPTURES[name].instruction)
    expect(page.locator("#start")).to_be_enabled(enabled=name not in BUSY)
    expect(page.locator("#cancel")).to_be_enabled(enabled=name in {"place", "reading", "again"})


def test_reading_shows_how_much_has_come(desk: Desk, page: Page) -> None:
    show(desk, page, "reading")

    expect(page.locator("#reading .value")).to_have_text("42 %")
    expect(page.locator("#reading .bar")).to_have_attribute("aria-valuenow", "42")
    borders = 2
    expected = 0.42 * (box(page.locator("#reading .bar"))["width"] - borders)
    wide = re.compile(rf"^{int(expected)}(\.\d+)?px$")
    expect(page.locator("#reading .fill")).to_have_css("width", wide)


@pytest.mark.parametrize(
    ("state", "words", "low"), [("judging", "63 good", False), ("again", "12 too low", True)]
)
def test_quality_has_a_number_a_word_and_the_threshold_as_a_tick(
    desk: Desk, page: Page, state: str, words: str, low: bool
) -> None:
    show(desk, page, state)

    expect(page.locator("#quality .value")).to_have_text(words)
    expect(page.locator("#quality")).to_have_class(re.compile("low" if low else "^meter ?$"))
    expect(page.locator("#quality .tick")).to_be_visible()
    bar, tick = box(page.locator("#quality .bar")), box(page.locator("#quality .tick"))
    middle = tick["x"] + tick["width"] / 2
    assert middle - bar["x"] == pytest.approx(MINIMUM_QUALITY / 100 * bar["width"], abs=2)


def test_red_is_used_for_faults_only(desk: Desk, page: Page) -> None:
    for number, outcome in enumerate((Outcome.CANDIDATES, Outcome.NONE, Outcome.INCOMPLETE)):
        desk.board.show_check(answered(str(number), NOON_MS + number, outcome, "a reason"))
    red = {}
    for name in CAPTURES:
        show(desk, page, name)
        red[name] = page.evaluate(RED_THINGS)

    assert red.pop("fault") == ["nail", "instruction"]
    assert red == {name: [] for name in red}


def test_all_text_has_a_contrast_of_seven_to_one(desk: Desk, page: Page) -> None:
    for number, outcome in enumerate((Outcome.CANDIDATES, Outcome.NONE, Outcome.CANDIDATES)):
        desk.board.show_check(answered(str(number), NOON_MS + number, outcome))
    lowest = {}
    for name in CAPTURES:
        show(desk, page, name)
        lowest[name] = page.evaluate(LOWEST_CONTRAST)

    assert {name: found for name, found in lowest.items() if found[0] < 7} == {}


def test_the_buttons_start_and_stop_a_check_by_mouse(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")
    page.get_by_role("button", name="Check a finger").click()
    assert desk.wait_until_asked(1) == [0]

    show(desk, page, "place")
    page.get_by_role("button", name="Stop").click()
    assert desk.wait_until_asked(2) == [0, "cancel"]


def test_the_buttons_start_and_stop_a_check_by_keyboard(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")
    expect(page.locator("#start")).to_be_focused()
    page.keyboard.press("Enter")
    assert desk.wait_until_asked(1) == [0]

    show(desk, page, "place")
    page.keyboard.press("Escape")
    assert desk.wait_until_asked(2) == [0, "cancel"]

    show(desk, page, "reading")
    page.locator("#cancel").focus()
    page.keyboard.press("Space")
    assert desk.wait_until_asked(3) == [0, "cancel", "cancel"]


def test_a_refused_check_is_told_in_words(desk: Desk, page: Page, complaints: list[str]) -> None:
    desk.ready = False
    show(desk, page, "ready")

    page.locator("#start").click()

    notice = page.get_by_role("alert")
    expect(notice).to_have_text("The kiosk is not ready for another check yet")
    assert [complaint for complaint in complaints if "409 (Conflict)" not in complaint] == []
    complaints.clear()


def test_a_kiosk_that_went_away_is_told_and_found_again(
    desk: Desk, page: Page, server: Server, complaints: list[str]
) -> None:
    desk.board.show_link(up=True, detail="")
    show(desk, page, "ready")
    server.stop()
    instruction, start = page.locator("#instruction"), page.locator("#start")
    expect(instruction).to_have_text("The kiosk's program does not answer. Trying again")
    expect(page.locator("#link")).to_have_text("Link unknown")
    expect(start).to_be_disabled()

    desk.board.show_capture(CAPTURES["place"])
    server.start()

    expect(instruction).to_have_text("Place the finger on the sensor", timeout=10_000)
    expect(page.locator("#link")).to_have_text("Link up")
    assert all("net::ERR_" in complaint for complaint in complaints)
    complaints.clear()


@pytest.mark.parametrize("screen", SCREENS)
def test_everything_fits_the_screen_and_a_gloved_finger(
    desk: Desk, page: Page, screen: str
) -> None:
    wide, high = SCREENS[screen]
    page.set_viewport_size({"width": wide, "height": high})
    for number in range(12):
        outcome = Outcome.CANDIDATES if number % 3 else Outcome.NONE
        desk.board.show_check(answered(str(number), NOON_MS + number, outcome))
    for name in CAPTURES:
        show(desk, page, name)
        sizes = page.evaluate(
            "['html', '#capture', '#results'].map((s) => document.querySelector(s))"
            ".map((node) => [node.scrollWidth - node.clientWidth, node.scrollHeight])"
        )
        assert [size[0] for size in sizes] == [0, 0, 0], name
        assert sizes[0][1] == high, name
        for button in map(box, page.locator("button:visible").all()):
            assert min(button["width"], button["height"]) >= TOUCH
            assert high * 2 / 3 < button["y"] < button["y"] + button["height"] <= high, name
            assert button["x"] + button["width"] <= wide
    summaries = [box(summary)["height"] for summary in page.locator("summary:visible").all()]
    assert len(summaries) == 8
    assert min(summaries) >= TOUCH


def test_the_page_is_light_and_loads_nothing_from_elsewhere(
    browser: Browser, server: Server
) -> None:
    answers: list[Response] = []
    page = browser.new_page()
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  # Playwright marks what it is given, a built-in cannot be marked
    page.goto(server.url)
    page.locator("#kiosk", has_text="kiosk-07").wait_for()

    loaded = [answer for answer in answers if "/api/" not in answer.url]
    assert {answer.url.removeprefix(server.url) for answer in loaded} >= {
        "", "style.css", "page.js", "results.js", "devices.js", "icon.svg",
    }  # fmt: skip
    assert all(answer.url.startswith(server.url) for answer in answers)
    assert sum(len(answer.body()) for answer in loaded) < MOST_BYTES
    page.close()
