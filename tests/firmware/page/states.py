"""Every state of the officer's page, one after the other, on a page that shows any of them."""

from collections.abc import Iterator

import msgspec
from playwright.sync_api import Page

from greenline.firmware.board import Check, DeviceName, Phase, Progress
from greenline.protocol.messages import Outcome
from greenline.protocol.wording import CLOCK_NOT_SET, KEYS_IN_FILES, NOT_CHECKED
from tests.firmware.page.cases import CASES, CHOICES, REQUEST
from tests.firmware.page.checkpoint import CAPTURES, NOON_MS, Desk, answered, capture, jpeg, lead
from tests.firmware.page.looking import drawn_now, show, show_case

DECIDE = capture(
    Phase.STOPPED, "No usable picture. Clean finger and sensor, then start again", 0, 12
)
_CAPTURES = {
    "capture": CAPTURES["reading"],
    "capture-ten": CAPTURES["again"],
    "not-taken": DECIDE,
}
# Within a stage: what is pressed to get there, one after the other.
_WITHIN = {
    "notice": {"notice-text": ["#language-fr"], "refuse": ["#refuse"]},
    "plan": {"missing": ["#finger-missing"], "missing-reason": ["#finger-8"]},
    "review-ten": {
        "review-chosen": ["#finger-3"], "override": ["#use"], "stop": ["#back", "#cancel"],
    },
}  # fmt: skip


def every_state(desk: Desk, page: Page) -> Iterator[str]:
    """Yield the name of each state while the page shows it."""
    desk.board.show_link(up=True, detail="")
    desk.finger.put(jpeg((120, 120, 120)))
    yield from _between(desk, page)
    for name, case in CASES.items():
        desk.board.show_capture(_CAPTURES.get(name, CAPTURES["ready"]))
        show_case(desk, page, case, choices=CHOICES)
        yield name
        for inner, pressed in _WITHIN.get(name, {}).items():
            for button in pressed:
                page.locator(button).click()
            yield inner
    yield from _answers(desk, page)


def _between(desk: Desk, page: Page) -> Iterator[str]:
    desk.board.show_choices(CHOICES)
    show(desk, page, "ready")
    yield "idle"
    show(desk, page, "fault")
    yield "fault"
    desk.board.show_case(None, "minor")
    for number, outcome in enumerate((Outcome.CANDIDATES, Outcome.NONE)):
        desk.board.show_check(answered(str(number), NOON_MS + number, outcome))
    show(desk, page, "ready")
    yield "ended"
    desk.board.show_case(None)
    desk.board.show_leads((lead("0"), lead("3"), lead("9")))
    for number in range(12):
        outcome = Outcome.NONE if number % 3 else Outcome.CANDIDATES
        desk.board.show_check(answered(str(number), NOON_MS + number, outcome))
    drawn_now(desk, page)
    yield "idle-results"
    desk.board.show_leads(())
    page.locator("#start").click()
    yield "purpose"
    page.locator("#back").click()
    desk.board.show_device(DeviceName.CAMERA)
    desk.board.show_software("2.1.0")
    drawn_now(desk, page)
    page.locator("#menu").click()
    yield "menu"
    page.locator("#to-languages").click()
    yield "languages"
    page.locator("#back").click()


def _answers(desk: Desk, page: Page) -> Iterator[str]:
    for notice in (KEYS_IN_FILES, CLOCK_NOT_SET):
        desk.board.show_notice(notice, shown=True)
    shown = {
        "waiting": Check(REQUEST, desk.started_ms - 90_000, Progress.PUBLISHED, NOT_CHECKED),
        "none": answered(REQUEST, desk.started_ms, Outcome.NONE),
        "candidates": answered(REQUEST, desk.started_ms, Outcome.CANDIDATES),
    }
    for name, check in shown.items():
        desk.board.show_check(check)
        desk.board.show_leads((lead(REQUEST),) if name == "candidates" else ())
        drawn_now(desk, page)
        yield f"sent-{name}"


def traveller_states(desk: Desk, page: Page, language: str = "en") -> Iterator[str]:
    """Yield each step while the traveller's page shows it."""
    steps = {
        "wait": ("capture", "ready"),
        "place": ("capture", "place"),
        "hold": ("capture", "reading"),
        "again": ("capture-ten", "again"),
        "lift": ("capture", "lift"),
        "done": ("review", "ready"),
        "out_of_order": ("adult", "fault"),
    }
    for step, (stage, state) in steps.items():
        desk.board.show_capture(CAPTURES[state])
        desk.board.show_case(msgspec.structs.replace(CASES[stage], language=language))
        page.locator(f'html[lang="{language}"] [data-step="{step}"]').wait_for()
        yield step
