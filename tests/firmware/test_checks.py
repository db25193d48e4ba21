"""What became of each check, as the officer's board shows it."""

import pytest

from greenline.firmware.board import Board, Progress
from greenline.firmware.checks import Checks
from greenline.firmware.inbox import Inbox
from greenline.firmware.line import Submitted
from greenline.firmware.store import Pending, Store
from greenline.protocol.messages import Outcome
from tests.firmware.conftest import KIOSK, Clock, Parties, result


@pytest.fixture
def board() -> Board:
    return Board(KIOSK, 20)


@pytest.fixture
def checks(board: Board, store: Store, parties: Parties, clock: Clock) -> Checks:
    inbox = Inbox(KIOSK, parties.kiosk_opener, parties.matcher, store, clock, answer_lifetime_ms=50)
    return Checks(board, store, inbox, clock)


def shown(board: Board) -> list[tuple[str, str, str]]:
    return [(check.progress, check.outcome, check.words) for check in board.state().checks]


def test_a_request_is_shown_from_taken_to_answered(
    checks: Checks, board: Board, waiting: bytes, parties: Parties
) -> None:
    checks.taken(Submitted(Pending(waiting, 0, 1, 10_000), 2.0), {"transfer": 3.0})
    assert shown(board) == [(Progress.QUEUED, "", "Not checked yet")]
    checks.published(waiting)
    assert shown(board) == [(Progress.PUBLISHED, "", "Not checked yet")]

    left = checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])

    assert left == [waiting]
    assert shown(board) == [
        (Progress.ANSWERED, Outcome.CANDIDATES, "Possible match - must be verified")
    ]
    steps = set(board.state().checks[0].steps_ms)
    assert steps == {"transfer", "durable", "broker", "search", "reply"}
    assert board.state().pending == 0


def test_answers_that_come_together_are_each_shown_and_what_is_forged_is_counted(
    checks: Checks, board: Board, store: Store, waiting: bytes, parties: Parties
) -> None:
    other = b"o" * 16
    store.add_request(Pending(other, 0, 1, 10_000), b"sealed")
    checks.restore()

    left = checks.arrived(
        [
            parties.answer(waiting, what=result(Outcome.NONE)),
            b"forged",
            parties.answer(other, what=result(Outcome.CANDIDATES)),
            parties.answer(other, what=result(Outcome.NONE)),  # the first final one counts
        ]
    )

    assert left == [waiting, None, other, None]
    outcomes = {check.request_id: check.outcome for check in board.state().checks}
    assert outcomes == {waiting.hex(): Outcome.NONE, other.hex(): Outcome.CANDIDATES}
    assert board.state().refused == 1
    assert store.pending() == []


def test_an_incomplete_search_is_shown_as_not_checked_and_still_waits(
    checks: Checks, board: Board, waiting: bytes, parties: Parties
) -> None:
    checks.restore()

    assert checks.arrived([parties.answer(waiting, what=result(Outcome.INCOMPLETE))]) == [None]

    assert shown(board) == [(Progress.PUBLISHED, Outcome.INCOMPLETE, "Not checked yet")]
    assert board.state().pending == 1


def test_an_expired_request_is_shown_as_not_checked(
    checks: Checks, board: Board, waiting: bytes, clock: Clock
) -> None:
    checks.restore()
    clock.now_ms += 10_000

    assert [pending.request_id for pending in checks.housekeeping()] == [waiting]

    assert shown(board) == [(Progress.EXPIRED, Outcome.EXPIRED, "Not checked yet")]
    assert board.state().pending == 0


def test_a_deleted_answer_leaves_the_board_too(
    checks: Checks, board: Board, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    checks.restore()
    checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])
    assert len(shown(board)) == 1
    clock.now_ms += 50

    checks.housekeeping()

    assert shown(board) == []


def test_after_a_restart_answers_and_waiting_requests_are_shown_again(
    checks: Checks,
    board: Board,
    store: Store,
    waiting: bytes,
    parties: Parties,
) -> None:
    checks.arrived([parties.answer(waiting, what=result(Outcome.NONE))])
    store.add_request(Pending(b"n" * 16, 0, 2, 10_000), b"sealed")

    checks.restore()

    assert shown(board) == [
        (Progress.QUEUED, "", "Not checked yet"),
        (Progress.ANSWERED, Outcome.NONE, "No match found in the lists searched"),
    ]
