"""Where each check is and how long it waits, and what came too late, in a real browser."""

from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.firmware.board import Check, Progress
from greenline.firmware.status import display_state, signal_of
from greenline.protocol.messages import Outcome
from greenline.protocol.wording import LATE, STAGE_WORDS
from tests.firmware.page.checkpoint import MINUTE_MS, Desk, answered, lead, waiting
from tests.firmware.page.fitting import FIT, PICTURES, SCREENS, open_page, wrong
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS, show
from tests.firmware.page.serving import Server

UNDER_WAY = (Progress.QUEUED, Progress.OFFERED, Progress.PUBLISHED, Progress.RECEIVED)


def late(check: Check) -> Check:
    return msgspec.structs.replace(check, late=True)


@pytest.fixture
def stopped_page(
    browser: Browser, server: Server, desk: Desk, complaints: list[str]
) -> Iterator[Page]:
    """The page with a clock that the test moves; it is set to another day than the kiosk's."""
    page = browser.new_page(viewport={"width": 800, "height": 480}, locale="en-GB")
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.clock.install(time=desk.started_ms / 1000 - 86_400)
    page.goto(server.url)
    page.locator("#kiosk", has_text="kiosk-07").wait_for()
    yield page
    page.close()
    assert complaints == []


@pytest.mark.parametrize("progress", UNDER_WAY)
def test_each_state_is_told_in_its_words_with_an_age(
    desk: Desk, page: Page, progress: Progress
) -> None:
    show(desk, page, "ready")
    desk.board.show_link(up=True, detail="")

    desk.board.show_check(waiting("a", desk.started_ms - 3 * MINUTE_MS, progress))

    expect(page.locator("#latest .standing")).to_have_text(f"{STAGE_WORDS[progress]}, 3 min")
    expect(page.locator("#latest")).to_have_attribute("data-progress", progress)


def test_what_the_matcher_has_is_not_said_to_wait_for_being_sent(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")
    desk.board.show_check(waiting("a", desk.started_ms, Progress.RECEIVED))
    told = page.locator("#latest > p").first

    desk.board.show_link(up=True, detail="")
    expect(told).to_have_text("The matcher has it. Waiting for the answer.")
    desk.board.show_link(up=False, detail="no network")
    expect(told).to_have_text(
        "The matcher has it. The answer comes by itself once there is a link (no network)."
    )


def test_an_expired_check_is_told_as_one(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")
    expired = msgspec.structs.replace(
        waiting("a", desk.started_ms - 72 * 60 * MINUTE_MS, Progress.EXPIRED),
        outcome=Outcome.EXPIRED,
        reason="no answer came before the request expired",
    )

    desk.board.show_check(expired)

    expect(page.locator("#latest .standing")).to_have_text(STAGE_WORDS["expired"])
    expect(page.locator("#pending")).to_have_text("Nothing waiting")


def test_the_ages_count_up_by_themselves_whatever_the_browsers_clock_says(
    desk: Desk, stopped_page: Page
) -> None:
    page = stopped_page
    show(desk, page, "place")
    desk.board.show_check(waiting("a", desk.started_ms - 50_000, Progress.PUBLISHED))
    row = page.locator("#earlier .standing")
    expect(row).to_have_text("With the broker, 50 s")
    expect(page.locator("#pending")).to_have_text("1 not checked yet, oldest 50 s")

    page.clock.run_for(5_000)
    expect(row).to_have_text("With the broker, 55 s")
    expect(page.locator("#pending")).to_have_text("1 not checked yet, oldest 55 s")

    page.clock.run_for(70 * MINUTE_MS)
    expect(row).to_have_text("With the broker, 1 h 10 min")


def test_the_counting_age_is_not_read_aloud_each_second(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")
    desk.board.show_check(waiting("a", desk.started_ms))

    expect(page.locator("#latest [data-made]")).to_have_attribute("aria-live", "off")


@pytest.mark.parametrize("outcome", [Outcome.CANDIDATES, Outcome.NONE])
def test_a_late_answer_is_marked_on_the_card_and_in_the_list(
    desk: Desk, page: Page, outcome: Outcome
) -> None:
    show(desk, page, "ready")
    desk.board.show_check(late(answered("a", desk.started_ms - 10 * MINUTE_MS, outcome)))
    card = page.locator("#latest .late")
    expect(card).to_have_text(LATE)
    expect(card).to_be_visible()
    assert page.evaluate(RED_THINGS) == []
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7

    desk.board.show_check(answered("b", desk.started_ms, Outcome.NONE))

    expect(page.locator("#latest .late")).to_have_count(0)
    expect(page.locator("#earlier .late")).to_have_text(LATE)
    assert page.evaluate(RED_THINGS) == []
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7


def test_an_answer_in_time_has_no_mark(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")
    desk.board.show_check(answered("a", desk.started_ms, Outcome.CANDIDATES))

    expect(page.locator("#latest h2")).to_be_visible()
    expect(page.locator(".late")).to_have_count(0)
    expect(page.locator(".standing")).to_have_count(0)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_marks_fit_the_screen(
    browser: Browser, server: Server, desk: Desk, screen: str
) -> None:
    made = (desk.started_ms - 9 * MINUTE_MS, desk.started_ms - 8 * MINUTE_MS)
    desk.board.show_check(late(answered("a", made[0], Outcome.CANDIDATES)))
    desk.board.show_check(late(answered("b", made[1], Outcome.NONE)))
    desk.board.show_leads((lead("a"),))
    for number, progress in enumerate(UNDER_WAY):
        desk.board.show_check(
            waiting(str(number), desk.started_ms - (75 - number) * MINUTE_MS, progress)
        )
    page = open_page(browser, server, screen, "en")

    expect(page.locator("#results .standing")).to_have_count(4)
    page.screenshot(path=PICTURES / f"{screen}-en-standing.png")
    assert wrong(page.evaluate(FIT), screen) == []
    page.close()


def test_what_the_traveller_sees_is_the_same_for_a_late_answer(desk: Desk) -> None:
    def seen() -> object:
        state = desk.board.state()
        shown = display_state(state, desk.started_ms, screen=True, clock_trusted=True)
        return signal_of(state.capture.phase), shown

    desk.board.show_check(answered("a", desk.started_ms, Outcome.NONE))
    in_time = seen()

    for outcome in (Outcome.NONE, Outcome.CANDIDATES):
        desk.board.show_check(late(answered("a", desk.started_ms, outcome)))
        assert seen() == in_time
