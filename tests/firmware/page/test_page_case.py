"""A case on the officer's page, in a real browser: what each button orders, by hand and by key."""

from collections.abc import Callable

import msgspec
import pytest
from playwright.sync_api import Page, expect

from greenline.firmware import case_orders as orders
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_orders import CaseOrder
from tests.firmware.page.cases import CASES, CHOICES, ONE_PURPOSE
from tests.firmware.page.checkpoint import CAPTURES, Desk
from tests.firmware.page.looking import show, show_case

Press = Callable[[Page], None]


@pytest.fixture
def idle(desk: Desk, page: Page) -> None:
    show_case(desk, page, None, choices=CHOICES)
    show(desk, page, "ready")


def click(*names: str) -> Press:
    def press(page: Page) -> None:
        for name in names:
            page.locator(f"#{name}").click()

    return press


# The case that is open, what is pressed, and what is ordered.
ORDERED: dict[str, tuple[str, Press, CaseOrder]] = {
    "adult": ("adult", click("adult-adult"), orders.Adult("adult")),
    "under 18": ("adult", click("adult-under_18"), orders.Adult("under_18")),
    "unsure": ("adult", click("adult-unsure"), orders.Adult("unsure")),
    "notice": ("notice", click("language-sq", "notice-given"), orders.Notice("sq")),
    "another language": (
        "notice",
        click("language-sq", "other-language", "language-ar", "notice-given"),
        orders.Notice("ar"),
    ),
    "refused": ("notice", click("refuse", "reason-religious"), orders.Refuse("religious")),
    "refused later": ("capture", click("refuse", "reason-unwell"), orders.Refuse("unwell")),
    "plan": ("plan", click("plan-10"), orders.Plan(10)),
    "plan without two": (
        "plan",
        click(
            "finger-missing", "finger-8", "reason-amputated", "finger-1", "reason-other",
            "finger-7", "reason-other", "finger-7", "done", "plan-4",
        ),
        orders.Plan(4, {"8": "amputated", "1": "other"}),
    ),
    "missing": (
        "capture", click("finger-missing", "reason-bandaged"), orders.Missing(7, "bandaged"),
    ),
    "begin": ("begin", click("again"), orders.Capture(2)),
    "again": ("not-taken", click("again"), orders.Capture(7)),
    "use the same": (
        "review-ten", click("finger-3", "use", "reason-injury"), orders.Use(3, "injury"),
    ),
    "again from the review": ("review-ten", click("finger-3", "again"), orders.Capture(3)),
    "use a poor one": (
        "review-ten", click("finger-7", "use", "reason-other"), orders.Use(7, "other"),
    ),
    "send": ("review", click("send"), orders.Send()),
    "close": ("sent", click("close"), orders.Close()),
    "refused at last": ("review", click("refuse", "reason-other"), orders.Refuse("other")),
    "stop at once": ("adult", click("cancel"), orders.Stop()),
    "stop later": ("review", click("cancel", "stop-sure"), orders.Stop()),
    "no adult after all": ("review", click("cancel", "stop-unsure"), orders.Adult("unsure")),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERED)
def test_each_button_orders_what_it_says(desk: Desk, page: Page, name: str) -> None:
    case, press, order = ORDERED[name]
    show_case(desk, page, CASES[case], choices=CHOICES)

    press(page)

    assert desk.wait_until_asked(1) == [order]


def test_a_case_is_opened_for_one_of_the_purposes(desk: Desk, page: Page, idle: None) -> None:
    click("start", "purpose-second-line")(page)

    assert desk.wait_until_asked(1) == [orders.Open("second-line")]


def test_where_there_is_one_purpose_it_is_not_asked_for(desk: Desk, page: Page, idle: None) -> None:
    show_case(desk, page, None, choices=ONE_PURPOSE)

    click("start")(page)

    assert desk.wait_until_asked(1) == [orders.Open("border-check")]


def test_after_many_cases_within_the_hour_a_reason_is_asked_for(
    desk: Desk, page: Page, idle: None
) -> None:
    desk.board.show_choices(msgspec.structs.replace(CHOICES, too_many=True))
    expect(page.locator("#start")).to_be_enabled()

    click("start", "purpose-border-check", "reason-special_operation")(page)

    assert desk.wait_until_asked(1) == [orders.Open("border-check", "special_operation")]


def test_what_was_taken_is_not_lost_by_one_press(desk: Desk, page: Page) -> None:
    show_case(desk, page, CASES["review"], choices=CHOICES)

    page.keyboard.press("Escape")
    expect(page.locator("#stop-sure")).to_be_visible()
    page.keyboard.press("Enter")  # the obvious step is to go on

    expect(page.locator("#send")).to_be_visible()
    assert desk.asked == []


def test_only_what_may_come_now_can_be_pressed(desk: Desk, page: Page) -> None:
    show_case(desk, page, CASES["capture"], choices=CHOICES)
    expect(page.locator("#use, #again")).to_have_count(0)
    show_case(desk, page, CASES["begin"], choices=CHOICES)
    expect(page.locator("#again")).to_have_text("Begin")

    show_case(desk, page, CASES["review-ten"], choices=CHOICES)
    expect(page.locator("#send")).to_be_disabled()
    page.locator("#finger-2").click()  # good: nothing to give a reason for
    expect(page.locator("#again")).to_be_visible()
    expect(page.locator("#use")).to_have_count(0)


def test_two_that_look_alike_are_both_marked_and_named(desk: Desk, page: Page) -> None:
    show_case(desk, page, CASES["review-ten"], choices=CHOICES)

    expect(page.locator(".tile.same")).to_have_count(2)
    page.locator("#finger-3").click()
    expect(page.locator("#remark")).to_have_text(
        "Right middle finger looks like Right index finger. Was the same finger placed twice? "
        "62 % like a forged finger"
    )


def test_a_refused_order_is_told_in_words_until_something_else_is_done(
    desk: Desk, page: Page, complaints: list[str], idle: None
) -> None:
    desk.refusal = NotNowError("A case is open already")
    click("start", "purpose-border-check")(page)

    notice = page.locator("#notice")
    expect(notice).to_have_text("A case is open already")
    click("back")(page)
    expect(notice).to_be_hidden()
    assert [complaint for complaint in complaints if "409 (Conflict)" not in complaint] == []
    complaints.clear()


def test_whoever_gives_a_reason_is_not_interrupted_by_the_next_finger(
    desk: Desk, page: Page
) -> None:
    show_case(desk, page, CASES["capture"], choices=CHOICES)
    click("refuse")(page)
    show_case(desk, page, CASES["capture-ten"], choices=CHOICES)
    show_case(desk, page, CASES["review"], choices=CHOICES)

    click("reason-unwell")(page)

    assert desk.wait_until_asked(1) == [orders.Refuse("unwell")]


def test_a_reason_for_a_finger_that_has_passed_is_not_asked_for_any_more(
    desk: Desk, page: Page
) -> None:
    show_case(desk, page, CASES["capture"], choices=CHOICES)
    click("finger-missing")(page)
    expect(page.locator("#reason-bandaged")).to_be_visible()

    show_case(desk, page, CASES["capture-ten"], choices=CHOICES)

    expect(page.locator("#reason-bandaged")).to_have_count(0)


def test_a_stage_that_has_passed_takes_its_inner_page_with_it(desk: Desk, page: Page) -> None:
    show_case(desk, page, CASES["notice"], choices=CHOICES)
    click("refuse")(page)
    expect(page.locator("#reason-unwell")).to_be_visible()

    show_case(desk, page, None, "timeout", choices=CHOICES)
    expect(page.locator("#ended")).to_contain_text("nothing was done for too long")
    show_case(desk, page, CASES["notice"], choices=CHOICES)

    expect(page.locator("#reason-unwell")).to_have_count(0)


ENDED = {
    "minor": "The last case ended: under 18 or not sure. Nothing was taken.",
    "refused": "The last case ended: the person refused. No fingerprint is kept.",
    "stopped": "The last case was stopped. No fingerprint is kept.",
    "timeout": "The last case ended: nothing was done for too long. No fingerprint is kept.",
}


@pytest.mark.parametrize("end", ENDED)
def test_it_is_told_how_a_case_without_a_check_ended(desk: Desk, page: Page, end: str) -> None:
    show_case(desk, page, None, end, choices=CHOICES)

    expect(page.locator("#ended")).to_have_text(ENDED[end])
    expect(page.locator("#none-yet")).to_have_text(
        "The last case sent nothing: nothing was checked."
    )


# Three keys: left and right to go, Enter to press. What is ordered, and the stage that follows.
BY_KEYS: list[tuple[tuple[str, ...], CaseOrder, str]] = [
    (("Enter", "ArrowRight", "Enter"), orders.Open("second-line"), "adult"),
    (("Enter",), orders.Adult("adult"), "notice"),
    (("ArrowRight", "Enter", "Enter"), orders.Notice("fr"), "plan"),
    (("Enter",), orders.Plan(4), "begin"),
    (("Enter",), orders.Capture(2), "capture"),
    (("ArrowLeft", "ArrowRight", "ArrowRight", "Enter", "ArrowRight", "Enter"),
     orders.Missing(7, "bandaged"), "not-taken"),
    (("Enter",), orders.Capture(7), "review"),
    (("Enter",), orders.Send(), "sent"),
    (("Enter",), orders.Close(), ""),
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_whole_case_by_three_keys_whatever_the_direction_of_reading(
    desk: Desk, page: Page, idle: None, language: str
) -> None:
    mirrored = {"ArrowLeft": "ArrowRight", "ArrowRight": "ArrowLeft"} if language == "ar" else {}
    page.evaluate(f"localStorage.setItem('greenline-language', '{language}')")
    page.reload()
    expect(page.locator("#start")).to_be_focused()
    expected = []
    for keys, order, stage in BY_KEYS:
        for key in keys:
            page.keyboard.press(mirrored.get(key, key))
        expected.append(order)
        assert desk.wait_until_asked(len(expected)) == expected
        desk.board.show_capture(CAPTURES["place" if stage == "capture" else "ready"])
        show_case(desk, page, CASES.get(stage), choices=CHOICES)

    expect(page.locator("#start")).to_be_focused()
