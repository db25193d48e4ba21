"""Who reads a result is noted once for each person; while nobody is there, nothing is."""

from greenline.firmware.board import Check, Progress
from greenline.firmware.operators_reading import Reading
from greenline.protocol.audit import Event, pseudonym
from greenline.protocol.messages import Outcome
from tests.firmware.conftest import result

REQUEST = b"r" * 16
FOUND = result(Outcome.CANDIDATES)


def check(outcome: Outcome = Outcome.CANDIDATES, request_id: bytes = REQUEST) -> Check:
    return Check(
        request_id.hex(), 1, Progress.ANSWERED, "words", outcome,
        candidates=FOUND.candidates, searched=FOUND.searched,
    )  # fmt: skip


def told(events: list[Event]) -> list[tuple[str, str, object]]:
    return [(event.who, event.why, event.details["again"]) for event in events]


def test_on_a_kiosk_without_logins_everybody_reads() -> None:
    reading = Reading("border-check")

    assert told(reading.comes(REQUEST, FOUND)) == [("person not logged in", "border-check", False)]


def test_what_comes_while_somebody_is_there_is_read_by_them_and_noted_once() -> None:
    reading = Reading("border-check", lambda: "4711")

    assert told(reading.comes(REQUEST, FOUND)) == [("4711", "border-check", False)]
    assert reading.begins("4711", [check()]) == []


def test_what_comes_while_nobody_is_there_is_noted_when_somebody_comes() -> None:
    reading = Reading("border-check", str)

    assert reading.comes(REQUEST, FOUND) == []
    (event,) = reading.begins("4711", [check(), Check("00" * 16, 1, Progress.QUEUED, "words")])
    assert (event.who, event.case, dict(event.details)) == (
        "4711",
        pseudonym(REQUEST),
        {"outcome": "candidates", "candidates": 1, "lists": ("watch",), "again": True},
    )
    assert reading.begins("4711", [check()]) == []


def test_each_person_is_noted_and_each_new_answer() -> None:
    reading = Reading("border-check", str)
    reading.begins("4711", [check(Outcome.INCOMPLETE)])

    assert told(reading.begins("4712", [check(Outcome.INCOMPLETE)])) == [
        ("4712", "border-check", True)
    ]
    assert told(reading.begins("4711", [check(Outcome.CANDIDATES)])) == [
        ("4711", "border-check", True)
    ]


def test_what_has_left_the_board_is_forgotten() -> None:
    reading = Reading("border-check", str)
    reading.begins("4711", [check()])
    reading.begins("4711", [])

    assert len(reading.begins("4711", [check()])) == 1
