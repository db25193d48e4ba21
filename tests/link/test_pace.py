"""The send window: a slow start, what a person waits for first, and never more than allowed."""

import contextlib

import pytest

from greenline.link.pace import Message, NotConnectedError, Pace


def message(name: bytes, *, urgent: bool = False) -> Message:
    return Message(name, "topic", b"", 60, urgent)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(pace: Pace) -> list[bytes]:
    found = []
    while (each := pace.take()) is not None:
        found.append(each.token)
    return found


def fill(pace: Pace) -> None:
    """Put in as much as it takes."""
    with contextlib.suppress(NotConnectedError):
        while True:
            pace.put(message(b"m"))


def test_it_begins_with_two_and_doubles_with_each_round_up_to_the_window() -> None:
    pace = Pace(16, Clock(), small=True)
    rounds = []
    for _ in range(5):
        fill(pace)
        rounds.append(len(taken(pace)))
        for _ in range(rounds[-1]):
            pace.confirmed()

    assert rounds == [2, 4, 8, 16, 16]


def test_after_a_short_loss_it_begins_with_the_whole_window() -> None:
    pace = Pace(4, Clock(), small=False)
    for number in range(4):
        pace.put(message(bytes([number])))

    assert taken(pace) == [b"\0", b"\1", b"\2", b"\3"]


def test_no_more_are_taken_than_the_window() -> None:
    pace = Pace(2, Clock(), small=True)
    pace.put(message(b"1"))
    pace.put(message(b"2"))

    with pytest.raises(NotConnectedError):
        pace.put(message(b"3"))


def test_what_a_person_waits_for_goes_first_and_is_not_held_back() -> None:
    pace = Pace(16, Clock(), small=True)
    for name in (b"1", b"2", b"3"):
        pace.put(message(name))
    assert taken(pace) == [b"1", b"2"]

    pace.put(message(b"person", urgent=True))

    assert taken(pace) == [b"person"]
    assert pace.size == 2


def test_a_person_does_not_go_beyond_what_the_broker_allows() -> None:
    pace = Pace(16, Clock(), small=False)
    pace.limit(1)
    pace.put(message(b"person", urgent=True))
    assert taken(pace) == [b"person"]

    with pytest.raises(NotConnectedError):
        pace.put(message(b"another", urgent=True))


def test_a_broker_that_has_too_much_gets_one_at_a_time() -> None:
    pace = Pace(16, Clock(), small=False)
    for _ in range(4):
        pace.put(message(b"m"))
    taken(pace)
    pace.confirmed(slower=True)

    assert pace.size == 1
    pace.confirmed()
    assert pace.size == 2


def test_silence_is_counted_from_the_last_confirmation_while_something_is_on_its_way() -> None:
    clock = Clock()
    pace = Pace(16, clock, small=False)
    clock.now = 200.0
    assert pace.silent_s() == 0.0

    pace.put(message(b"1"))
    pace.put(message(b"2"))
    taken(pace)
    clock.now = 210.0
    assert pace.silent_s() == 10.0
    pace.confirmed()
    assert pace.silent_s() == 0.0
    clock.now = 215.0
    assert pace.silent_s() == 5.0
    pace.confirmed()
    clock.now = 300.0
    assert pace.silent_s() == 0.0
