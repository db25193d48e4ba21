"""The traveller's side: placement alone, byte for byte the same whatever was found."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser, Page, expect

from greenline.firmware.board import Capture, Check, Phase, Progress
from greenline.firmware.case_state import CaseStage
from greenline.firmware.page.app import make_app
from greenline.firmware.page.traveller import traveller_state
from greenline.protocol.messages import Outcome
from tests.firmware.page.cases import CASES, CHOICES, FOUR, REQUEST, REVIEWED, case
from tests.firmware.page.catalogues import LANGUAGES, sentences
from tests.firmware.page.checkpoint import CAPTURES, NOON_MS, Desk, answered, lead, waiting
from tests.firmware.page.fitting import PICTURES, SCREENS
from tests.firmware.page.looking import LOWEST_CONTRAST
from tests.firmware.page.serving import Server
from tests.firmware.page.states import traveller_states

ANSWERS: dict[str, Check | None] = {
    "no answer": None,
    "waiting": waiting(REQUEST, NOON_MS, Progress.PUBLISHED),
    "none": answered(REQUEST, NOON_MS, Outcome.NONE),
    "candidates": answered(REQUEST, NOON_MS, Outcome.CANDIDATES),
    "incomplete": answered(REQUEST, NOON_MS, Outcome.INCOMPLETE, "a part did not answer"),
    "rejected": answered(REQUEST, NOON_MS, Outcome.CANDIDATES),
    "late": msgspec.structs.replace(answered(REQUEST, NOON_MS, Outcome.CANDIDATES), late=True),
}
RETRY = b"retry: 1000\n\n"


class Events:
    """The traveller's event stream, as bytes."""

    def __init__(self, server: Server) -> None:
        host, port = server.url.removeprefix("http://").rstrip("/").split(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=10)
        self._connection.request("GET", "/api/traveller/events")
        self.answer = self._connection.getresponse()
        self.read = b""

    def until(self, step: str) -> dict[str, Any]:
        """Read up to the first event of a step that was not read before, and return it."""
        while True:
            line = self.answer.readline()
            self.read += line
            if line.startswith(b"data: "):
                found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                if found["step"] == step:
                    self.read += self.answer.readline()
                    return found

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


def whole_case(desk: Desk, events: Events, answer: Check | None, *, rejected: bool) -> bytes:
    """Run a case up to the next one on the board, with this answer; return what was sent of it.

    Each change that the traveller sees is waited for: two at once may be told as one.
    """
    board = desk.board
    events.until("wait")
    board.show_case(CASES["capture"])
    events.until("wait")
    for state, step in (("place", "place"), ("reading", "hold")):
        board.show_capture(CAPTURES[state])
        events.until(step)
    board.show_case(msgspec.structs.replace(CASES["capture"], fingers=REVIEWED))
    events.until("hold")
    board.show_capture(CAPTURES["lift"])
    events.until("lift")
    board.show_case(CASES["review"])
    events.until("lift")
    board.show_capture(CAPTURES["ready"])
    events.until("done")
    board.show_case(CASES["sending"])
    board.show_case(CASES["sent"])
    events.until("wait")
    _answer(desk, answer)
    if rejected:
        board.show_leads(())
        board.remove_check(REQUEST)
    board.show_case(None)
    board.show_case(case(CaseStage.CAPTURE, language="fr", fingers=FOUR, now=7))
    events.until("wait")
    board.show_capture(CAPTURES["place"])
    events.until("place")
    return events.read


def _answer(desk: Desk, answer: Check | None) -> None:
    if answer is not None:
        desk.board.show_check(waiting(REQUEST, NOON_MS))
        desk.board.show_check(answer)
        desk.board.show_leads((lead(REQUEST),) if answer.outcome == Outcome.CANDIDATES else ())
        desk.board.show_link(up=True, detail="")


def test_the_streams_of_a_hit_of_none_and_of_no_answer_are_the_same_bytes() -> None:
    streams = {}
    for name, answer in ANSWERS.items():
        desk = Desk()
        desk.board.show_capture(CAPTURES["ready"])
        server = Server(make_app(desk))
        server.start()
        events = Events(server)
        streams[name] = whole_case(desk, events, answer, rejected=name == "rejected")
        events.close()
        server.stop()

    assert streams["none"].startswith(RETRY)
    assert streams["none"].count(b"data: ") == 11
    assert set(streams.values()) == {streams["none"]}


@pytest.mark.parametrize("stage", CASES)
@pytest.mark.parametrize("state", CAPTURES)
def test_an_answer_changes_nothing_that_the_traveller_may_see(stage: str, state: str) -> None:
    seen = []
    for answer in ANSWERS.values():
        desk = Desk()
        desk.board.show_choices(CHOICES)
        desk.board.show_case(CASES[stage])
        desk.board.show_capture(CAPTURES[state])
        if answer is not None:
            desk.board.show_check(answer)
            desk.board.show_link(up=True, detail="")
        seen.append(traveller_state(desk.board.state()))

    assert seen == seen[:1] * len(ANSWERS)


@pytest.mark.parametrize("state", CAPTURES)
def test_the_moment_at_which_a_case_that_was_sent_is_closed_changes_nothing(
    desk: Desk, state: str
) -> None:
    desk.board.show_capture(CAPTURES[state])
    desk.board.show_case(CASES["sent"])
    before = traveller_state(desk.board.state())
    desk.board.show_case(None)

    assert traveller_state(desk.board.state()) == before


def test_nothing_but_step_finger_language_and_progress_is_told(desk: Desk) -> None:
    desk.board.show_case(CASES["capture-ten"])
    desk.board.show_capture(CAPTURES["place"])

    told = json.loads(msgspec.json.encode(traveller_state(desk.board.state())))
    assert told == {"step": "place", "finger": 4, "language": "sq", "done": 3, "of": 9}


@pytest.mark.parametrize("phase", [Phase.READY, Phase.PLACE_FINGER, Phase.TAKEN, Phase.STOPPED])
def test_without_a_case_the_traveller_waits(desk: Desk, phase: Phase) -> None:
    desk.board.show_capture(Capture(phase, "words"))

    assert traveller_state(desk.board.state()).step == "wait"


def test_a_fault_is_told_whatever_the_case(desk: Desk) -> None:
    desk.board.show_capture(CAPTURES["fault"])
    assert traveller_state(desk.board.state()).step == "out_of_order"
    desk.board.show_case(CASES["capture"])
    assert traveller_state(desk.board.state()).step == "out_of_order"


@pytest.fixture(params=SCREENS)
def screen(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def traveller(browser: Browser, server: Server, screen: str) -> Iterator[Page]:
    wide, high = SCREENS[screen]
    page = browser.new_page(viewport={"width": wide, "height": high})
    page.goto(f"{server.url}traveller")
    yield page
    page.close()


TOLD = {
    "wait": "Please wait",
    "place": "Put this finger on the sensor",
    "hold": "Keep the finger still",
    "again": "Lift the finger, then place it again",
    "lift": "Lift the finger",
    "done": "Done. Thank you",
    "out_of_order": "Please wait for the officer",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_step_is_shown_in_the_travellers_language(
    desk: Desk, traveller: Page, screen: str, language: str
) -> None:
    for step in traveller_states(desk, traveller, language):
        expect(traveller.locator("#told")).to_have_text(sentences(language)[TOLD[step]])
        expect(traveller.locator("html")).to_have_attribute(
            "dir", "rtl" if language == "ar" else "ltr"
        )
        traveller.screenshot(path=PICTURES / f"{screen}-{language}-traveller-{step}.png")
        assert traveller.evaluate("document.documentElement.scrollHeight") <= SCREENS[screen][1]
        assert traveller.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen][0]
        assert traveller.evaluate(LOWEST_CONTRAST)[0] >= 7
