"""How far each check has come, whether its answer is late, and that the number is the true one."""

import pytest

from greenline.firmware.board import Board, Progress
from greenline.firmware.checks import Checks
from greenline.firmware.inbox import Inbox
from greenline.firmware.lateness import Lateness
from greenline.firmware.line import Submitted
from greenline.firmware.store import Pending, Store
from greenline.protocol.messages import Outcome
from tests.firmware.conftest import KIOSK, Clock, Parties, result
from tests.firmware.test_lateness import Running


@pytest.fixture
def board() -> Board:
    return Board(KIOSK, 20)


@pytest.fixture
def running() -> Running:
    return Running()


@pytest.fixture
def inbox(store: Store, parties: Parties, clock: Clock) -> Inbox:
    return Inbox(KIOSK, parties.kiosk_opener, parties.matcher, store, clock, answer_lifetime_ms=50)


@pytest.fixture
def checks(board: Board, store: Store, inbox: Inbox, clock: Clock, running: Running) -> Checks:
    return Checks(board, store, inbox, clock, lateness=Lateness(running, late_after_s=120))


def again(board: Board, store: Store, inbox: Inbox, clock: Clock, running: Running) -> Checks:
    """The same kiosk after a restart."""
    return Checks(board, store, inbox, clock, lateness=Lateness(running, late_after_s=120))


def take(checks: Checks, request_id: bytes) -> None:
    checks.taken(Submitted(Pending(request_id, 0, 1, 10_000), 2.0), {})


def lates(board: Board) -> list[tuple[str, bool]]:
    return [(check.progress, check.late) for check in board.state().checks]


def test_a_check_comes_from_step_to_step_and_never_back(
    checks: Checks, board: Board, waiting: bytes
) -> None:
    take(checks, waiting)
    seen = []
    for step in (
        checks.offered,
        checks.published,
        checks.offered,
        checks.received,
        checks.published,
        checks.offered,
    ):
        step(waiting)
        seen.append(board.state().checks[0].progress)

    assert seen == [
        Progress.OFFERED,
        Progress.PUBLISHED,
        Progress.PUBLISHED,
        Progress.RECEIVED,
        Progress.RECEIVED,
        Progress.RECEIVED,
    ]
    assert board.state().pending == 1


@pytest.mark.parametrize("up", [False, True], ids=["link lost", "broker refused"])
def test_an_offer_that_came_to_nothing_is_taken_back_what_the_broker_has_is_not(
    checks: Checks, board: Board, waiting: bytes, up: bool
) -> None:
    take(checks, waiting)
    checks.offered(waiting)

    checks.link_changed(up=up, detail="gone")
    assert lates(board) == [(Progress.QUEUED, False)]

    checks.offered(waiting)
    checks.published(waiting)
    checks.link_changed(up=up, detail="gone")
    assert lates(board) == [(Progress.PUBLISHED, False)]


def test_what_is_no_check_changes_nothing(checks: Checks, board: Board) -> None:
    before = board.state().checks

    for step in (checks.offered, checks.published, checks.received):
        step(b"an audit report!")

    assert board.state().checks == before


@pytest.mark.parametrize(
    ("after_s", "outcome", "standing"),
    [
        (119, Outcome.CANDIDATES, (Progress.ANSWERED, False)),
        (121, Outcome.NONE, (Progress.ANSWERED, True)),
        (1_000, Outcome.INCOMPLETE, (Progress.PUBLISHED, False)),
    ],
    ids=["in time", "after so long", "not checked yet"],
)
def test_an_answer_is_late_after_so_long_unless_it_says_not_checked_yet(
    checks: Checks,
    board: Board,
    waiting: bytes,
    parties: Parties,
    running: Running,
    after_s: int,
    outcome: Outcome,
    standing: tuple[Progress, bool],
) -> None:
    take(checks, waiting)
    running.now_s += after_s

    checks.arrived([parties.answer(waiting, what=result(outcome))])

    assert lates(board) == [standing]


def test_an_answer_to_another_session_is_late(
    checks: Checks, board: Board, waiting: bytes, parties: Parties
) -> None:
    take(checks, waiting)
    checks.lateness.session_ended()

    checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])

    assert lates(board) == [(Progress.ANSWERED, True)]


def test_an_answer_to_a_finger_from_before_a_restart_is_late(
    checks: Checks, board: Board, waiting: bytes, parties: Parties
) -> None:
    checks.restore()
    assert lates(board) == [(Progress.QUEUED, False)]

    checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])

    assert lates(board) == [(Progress.ANSWERED, True)]


def test_an_answer_that_came_in_time_is_not_late_because_the_kiosk_was_restarted(
    checks: Checks,
    board: Board,
    store: Store,
    inbox: Inbox,
    clock: Clock,
    waiting: bytes,
    parties: Parties,
    running: Running,
) -> None:
    take(checks, waiting)
    checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])

    again(board, store, inbox, clock, running).restore()

    assert lates(board) == [(Progress.ANSWERED, False)]


def test_after_a_restart_all_that_wait_are_counted_however_many(
    checks: Checks, board: Board, store: Store, waiting: bytes
) -> None:
    for number in range(120):
        store.add_request(Pending(number.to_bytes(16), 0, 2 + number, 10_000), b"sealed")

    checks.restore()

    assert len(store.pending()) == 121
    assert board.state().pending == 121
    assert board.state().oldest_ms == 1
    assert waiting.hex() not in {check.request_id for check in board.state().checks}


def test_one_that_waits_is_counted_also_when_its_provisional_answer_was_deleted(
    checks: Checks, board: Board, store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    take(checks, waiting)
    checks.arrived([parties.answer(waiting, what=result(Outcome.INCOMPLETE))])
    clock.now_ms += 50

    assert checks.housekeeping() == []

    assert [pending.request_id for pending in store.pending()] == [waiting]
    assert board.state().pending == 1
    (check,) = board.state().checks
    assert (check.outcome, check.words) == ("", "Not checked yet")


def test_expired_requests_are_not_counted(
    checks: Checks, board: Board, waiting: bytes, clock: Clock
) -> None:
    take(checks, waiting)
    clock.now_ms += 10_000

    checks.housekeeping()

    assert (board.state().pending, board.state().oldest_ms) == (0, 0)
    assert lates(board) == [(Progress.EXPIRED, False)]
