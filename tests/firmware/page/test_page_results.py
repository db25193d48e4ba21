"""The results on the officer's page, in a real browser: the card, the list, what waits."""

import time

import pytest
from playwright.sync_api import Page, expect

from greenline.firmware.board import Progress
from greenline.protocol.messages import Outcome
from tests.firmware.page.cases import CASES, CHOICES, REQUEST
from tests.firmware.page.checkpoint import MINUTE_MS, NOON_MS, Desk, answered, lead, waiting
from tests.firmware.page.looking import show, show_case

RESULTS = {
    "candidates": (
        answered("a", NOON_MS, Outcome.CANDIDATES),
        "Possible match - must be verified",
        "Searched: border-list (12,345 entries, changed 20 Sept 2026)",
        "rgb(97, 58, 0)",
    ),
    "none": (
        answered("a", NOON_MS, Outcome.NONE),
        "No match found in the lists searched",
        "Searched: border-list (12,345 entries, changed 20 Sept 2026)",
        "rgb(20, 33, 28)",
    ),
    "waiting": (
        waiting("a", NOON_MS),
        "Not checked yet",
        (
            "Waiting for a link (the uplink process is not running). "
            "It is sent by itself as soon as there is one."
        ),
        "rgb(11, 63, 122)",
    ),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_each_result_has_words_a_shape_and_a_colour_of_its_own(
    desk: Desk, page: Page, kind: str
) -> None:
    check, words, told, colour = RESULTS[kind]
    show(desk, page, "ready")

    desk.board.show_check(check)

    card = page.locator("#latest")
    expect(card.locator("h2")).to_have_text(words)
    expect(card.locator("> p").first).to_have_text(told)
    expect(card.locator(".shape")).to_have_attribute("data-shape", kind)
    expect(card.locator("h2")).to_have_css("color", colour)


def test_the_three_shapes_differ_so_that_nobody_needs_colours(desk: Desk, page: Page) -> None:
    for name, outcome in (("a", Outcome.CANDIDATES), ("b", Outcome.NONE)):
        desk.board.show_check(answered(name, NOON_MS, outcome))
    desk.board.show_check(waiting("c", NOON_MS + 1))
    show(desk, page, "place")

    rows = page.locator("#earlier .shape")
    expect(rows).to_have_count(3)
    assert len({row.inner_html() for row in rows.all()}) == 3


def test_an_incomplete_search_is_told_as_not_checked_yet(desk: Desk, page: Page) -> None:
    reason = "part of the gallery did not answer"
    desk.board.show_link(up=True, detail="")
    desk.board.show_check(answered("a", NOON_MS, Outcome.INCOMPLETE, reason))
    show(desk, page, "ready")

    card = page.locator("#latest")
    expect(card.locator("h2")).to_have_text("Not checked yet")
    expect(card.locator("> p").first).to_have_text(
        f"The search was not complete: {reason}. It is tried again by itself."
    )
    expect(card.locator(".shape")).to_have_attribute("data-shape", "waiting")


def test_after_sending_the_result_comes_by_itself_and_names_the_lists(
    desk: Desk, page: Page
) -> None:
    show_case(desk, page, CASES["sent"], choices=CHOICES)
    expect(page.locator("#stage h1")).to_have_text("Sent. The answer comes by itself.")

    desk.board.show_check(waiting(REQUEST, NOON_MS, Progress.PUBLISHED))
    expect(page.locator("#latest h2")).to_have_text("Not checked yet")
    desk.board.show_check(answered(REQUEST, NOON_MS, Outcome.NONE))

    expect(page.locator("#latest h2")).to_have_text("No match found in the lists searched")
    expect(page.locator("#latest > p").first).to_contain_text("border-list (12,345 entries")
    expect(page.locator("#close")).to_be_focused()


def test_who_a_possible_match_names_is_not_on_this_page(desk: Desk, page: Page) -> None:
    desk.board.show_check(answered("a", NOON_MS, Outcome.CANDIDATES))
    show(desk, page, "ready")
    expect(page.locator("#latest h2")).to_have_text("Possible match - must be verified")

    assert "case-2026-0117" not in page.content()
    assert b"case-2026-0117" not in page.request.get(page.url + "api/state").body()


def test_a_possible_match_leads_to_the_second_screen_where_there_is_a_lead(
    desk: Desk, page: Page
) -> None:
    desk.board.show_check(answered("late", NOON_MS, Outcome.CANDIDATES))
    desk.board.show_check(answered("none", NOON_MS + 1, Outcome.NONE))
    desk.board.show_check(answered("new", NOON_MS + MINUTE_MS, Outcome.CANDIDATES))
    show(desk, page, "ready")
    expect(page.locator("#to-lead, #earlier button")).to_have_count(0)

    desk.board.show_leads((lead("new"), lead("late")))

    expect(page.locator("#to-lead")).to_be_visible()
    expect(page.locator("#earlier button")).to_have_count(1)
    expect(page.locator("#earlier button")).to_contain_text("Possible match")


@pytest.mark.parametrize("state", ["place", "reading", "judging", "again", "taken", "stopped"])
def test_the_result_of_the_person_before_does_not_stand_for_the_next(
    desk: Desk, page: Page, state: str
) -> None:
    desk.board.show_check(answered("before", NOON_MS, Outcome.NONE))
    show(desk, page, "ready")
    expect(page.locator("#latest")).to_be_visible()

    show(desk, page, state)

    expect(page.locator("#latest")).to_be_hidden()
    expect(page.locator("#earlier li")).to_have_count(1)


def test_without_a_link_it_says_so_and_how_many_wait_since_when(desk: Desk, page: Page) -> None:
    now = time.time_ns() // 1_000_000
    for name, minutes in (("new", 1), ("old", 75)):
        desk.board.show_check(waiting(name, now - minutes * MINUTE_MS))
    desk.board.show_check(answered("done", now - 200 * MINUTE_MS, Outcome.NONE))

    expect(page.locator("#link")).to_have_text("Waiting for a link")
    expect(page.locator("#pending")).to_have_text("2 not checked yet, oldest 1 h 15 min")

    desk.board.show_link(up=True, detail="")
    desk.board.show_check(answered("old", now - 75 * MINUTE_MS, Outcome.NONE))
    desk.board.show_check(waiting("new", now - MINUTE_MS, Progress.PUBLISHED))

    expect(page.locator("#link")).to_have_text("Link up")
    expect(page.locator("#pending")).to_have_text("1 not checked yet, oldest 1 min")


def test_more_may_wait_than_are_listed(desk: Desk, page: Page) -> None:
    now = time.time_ns() // 1_000_000
    desk.board.show_check(waiting("forgotten", now - 500 * MINUTE_MS))
    for number in range(50):
        desk.board.show_check(answered(str(number), now - 2 * MINUTE_MS, Outcome.NONE))

    expect(page.locator("#pending")).to_have_text("1 not checked yet, oldest 8 h 20 min")
