"""Which checks the board shows and how many wait, against the simplest way to say it."""

import time

from hypothesis import given
from hypothesis import strategies as st

from greenline.firmware.board import Board
from greenline.firmware.board_checks import MOST_SHOWN, BoardChecks
from greenline.firmware.board_state import Check, Progress

OVER = {Progress.ANSWERED, Progress.EXPIRED}


def check(number: int, made: int, progress: Progress = Progress.QUEUED) -> Check:
    return Check(f"{number:04}", made, progress, "words")


def newest(checks: dict[str, Check]) -> tuple[Check, ...]:
    ordered = sorted(checks.values(), key=lambda each: (each.created_ms, each.request_id))
    return tuple(reversed(ordered))[:MOST_SHOWN]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 80), st.sampled_from(list(Progress)), st.booleans(), st.integers(0, 9)
        ),
        max_size=300,
    )
)
def test_it_shows_the_newest_and_counts_all_that_wait(
    steps: list[tuple[int, Progress, bool, int]],
) -> None:
    board = BoardChecks()
    everything: dict[str, Check] = {}
    for number, progress, goes, made in steps:
        each = check(number, number * 10 + made, progress)
        if goes:
            board.remove(each.request_id)
            everything.pop(each.request_id, None)
        else:
            board.put(each)
            everything[each.request_id] = each
        waiting = [c for c in everything.values() if c.progress not in OVER]
        assert board.waiting() == len(waiting)
        assert board.oldest_ms() == min((c.created_ms for c in waiting), default=0)
        # What was out of sight and over is forgotten; it never comes back into sight.
        everything = {
            name: c
            for name, c in everything.items()
            if c in newest(everything) or c.progress not in OVER
        }
        assert board.shown() == newest(everything)


def test_what_waits_is_counted_beyond_what_is_shown_and_leaves_when_it_is_answered() -> None:
    board = BoardChecks()
    for number in range(200):
        board.put(check(number, number))
    assert (len(board.shown()), board.waiting(), board.oldest_ms()) == (MOST_SHOWN, 200, 0)

    for number in range(120):
        board.put(check(number, number, Progress.ANSWERED))

    assert (board.waiting(), board.oldest_ms()) == (80, 120)
    assert board.get("0003") is None
    assert board.get("0130") == check(130, 130)


def test_ten_thousand_that_wait_cost_little_more_for_each_change_than_a_few() -> None:
    board = Board("kiosk-01", 20)
    began = time.process_time()
    for number in range(10_000):
        board.add_check(check(number, number))
    for number in range(10_000):
        board.show_check(check(number, number, Progress.PUBLISHED))
        board.show_check(check(number, number, Progress.ANSWERED))

    # Sorting all of them each time would take minutes.
    assert time.process_time() - began < 15
    assert (board.state().pending, board.state().oldest_ms) == (0, 0)
    assert len(board.state().checks) == MOST_SHOWN


def test_what_was_taken_just_now_is_shown_first_although_the_clock_was_set_back() -> None:
    board = BoardChecks()
    for number in range(3 * MOST_SHOWN):
        board.put(check(number, 1_000 + number))

    board.put(check(9_000, 10), taken=True)
    board.put(check(9_001, 5), taken=True)
    board.put(check(9_000, 10, Progress.ANSWERED))

    assert [each.request_id for each in board.shown()[:3]] == ["9001", "9000", "0149"]
    assert board.waiting() == 3 * MOST_SHOWN + 1
    assert board.oldest_ms() == 1_000
