"""The officer's page in a real browser: the capture card, the header, and what the page weighs."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.protocol.messages import Outcome
from tests.firmware.page.cases import CASES, CHOICES
from tests.firmware.page.checkpoint import CAPTURES, MINIMUM_QUALITY, NOON_MS, Desk, answered
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS, box, show, show_case
from tests.firmware.page.serving import Server

MOST_BYTES = 300_000
BUSY = ("starting", "place", "reading", "judging", "again", "taken", "lift", "fault")


def capturing(desk: Desk, page: Page, name: str) -> None:
    show_case(desk, page, CASES["capture"], choices=CHOICES)
    show(desk, page, name)


@pytest.mark.parametrize("name", CAPTURES)
def test_each_step_of_a_capture_is_drawn_with_its_words(desk: Desk, page: Page, name: str) -> None:
    capturing(desk, page, name)

    expect(page.locator("#instruction")).to_have_text(CAPTURES[name].instruction)
    expect(page.locator("#finger")).to_have_text("Left index finger")
    expect(page.locator("#attempt")).to_have_text("Attempt 1 of 3")
    expect(page.locator("#cancel")).to_be_enabled()


@pytest.mark.parametrize("name", CAPTURES)
def test_a_case_can_be_opened_only_while_nothing_is_done(desk: Desk, page: Page, name: str) -> None:
    show_case(desk, page, None, choices=CHOICES)
    show(desk, page, name)

    expect(page.locator("#instruction")).to_have_text(CAPTURES[name].instruction)
    expect(page.locator("#start")).to_be_enabled(enabled=name not in BUSY)


def test_the_hands_say_of_each_finger_how_it_stands(desk: Desk, page: Page) -> None:
    show_case(desk, page, CASES["capture-ten"], choices=CHOICES)

    hands = page.locator(".hands")
    told = (
        "Right thumb: waiting, Right index finger: taken, "
        "Right middle finger: looks like another, Right ring finger: now"
    )
    expect(hands).to_have_attribute("aria-label", re.compile(f"^{told}, .*Left little.*waiting$"))
    for status, count in {"taken": 1, "poor": 1, "same": 1, "missing": 1, "now": 1}.items():
        expect(hands.locator(f".finger.{status} .mark")).to_have_count(count)
    marks = hands.locator(".mark").evaluate_all("all => all.map((each) => each.attributes.d.value)")
    assert len(set(marks)) == 5


def test_reading_shows_how_much_has_come(desk: Desk, page: Page) -> None:
    capturing(desk, page, "reading")

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
    capturing(desk, page, state)

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
        capturing(desk, page, name)
        red[name] = page.evaluate(RED_THINGS)

    assert red.pop("fault") == ["instruction"]
    assert red == {name: [] for name in red}


def test_all_text_has_a_contrast_of_seven_to_one(desk: Desk, page: Page) -> None:
    lowest = {}
    for name in CAPTURES:
        capturing(desk, page, name)
        lowest[name] = page.evaluate(LOWEST_CONTRAST)

    assert {name: found for name, found in lowest.items() if found[0] < 7} == {}


def test_a_kiosk_that_went_away_is_told_and_found_again(
    desk: Desk, page: Page, server: Server, complaints: list[str]
) -> None:
    desk.board.show_link(up=True, detail="")
    show_case(desk, page, None, choices=CHOICES)
    show(desk, page, "ready")
    expect(page.locator("#start")).to_be_enabled()
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


def test_one_sound_for_each_result_and_the_same_for_all(desk: Desk, page: Page) -> None:
    """Counts the tones, with their pitch, that the page has played for each of the three."""
    page.evaluate(
        "() => { window.tones = []; const start = OscillatorNode.prototype.start;"
        " OscillatorNode.prototype.start = function (...at) {"
        " window.tones.push([this.type, this.frequency.value]); return start.apply(this, at); }; }"
    )
    page.mouse.click(5, 470)  # a browser plays nothing before somebody has touched the page
    for number, outcome in enumerate((Outcome.NONE, Outcome.CANDIDATES, Outcome.INCOMPLETE), 1):
        desk.board.show_check(answered(str(number), NOON_MS + number, outcome))
        page.wait_for_function(f"() => window.tones.length === {number}")

    assert page.evaluate("window.tones") == [["sine", 660]] * 3


def test_the_page_is_light_and_loads_nothing_from_elsewhere(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    wire = page.context.new_cdp_session(page)
    bodies: list[float] = []
    wire.on("Network.loadingFinished", lambda event: bodies.append(event["encodedDataLength"]))
    wire.send("Network.enable")
    page.goto(server.url)
    page.locator("#kiosk", has_text="kiosk-07").wait_for()
    for language in ("ar", "mk"):
        page.locator("#menu").click()
        page.locator("#to-languages").click()
        page.locator(f"#language-{language}").click()
        page.locator(f'html[lang="{language}"] #menu').wait_for()

    paths = {url.removeprefix(server.url) for url in asked}
    assert paths >= {
        "", "style.css", "views.css", "page.js", "results.js", "words/en.json", "words/ar.json",
    }  # fmt: skip
    assert all(url.startswith(server.url) for url in asked)
    assert len(bodies) >= len(paths) - 1  # the stream of events does not end
    assert sum(bodies) < MOST_BYTES
    page.close()
