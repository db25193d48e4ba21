"""What became of each check, as the officer's board shows it."""

import msgspec
import pytest

from greenline.firmware.board import Board, Progress
from greenline.firmware.checks import Checks
from greenline.firmware.inbox import Inbox
from greenline.firmware.line import Submitted
from greenline.firmware.store import Pending, Store
from greenline.protocol.examination import FingerQuality
from greenline.protocol.messages import Outcome, Result, encode_result
from greenline.protocol.wording import LATE_ANSWER, LIST_TOO_OLD
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
    checks.lateness.taken(waiting.hex())

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
    checks.lateness.taken(waiting.hex())
    checks.arrived([parties.answer(waiting, what=result(Outcome.NONE))])
    store.add_request(Pending(b"n" * 16, 0, 2, 10_000), b"sealed")

    checks.restore()

    assert shown(board) == [
        (Progress.QUEUED, "", "Not checked yet"),
        (Progress.ANSWERED, Outcome.NONE, "No match found in the lists searched"),
    ]


def test_what_is_withheld_is_not_shown_again_and_its_answer_is_not_shown(
    checks: Checks, board: Board, store: Store, waiting: bytes, parties: Parties
) -> None:
    store.add_request(Pending(b"n" * 16, 0, 2, 10_000), b"sealed")
    checks.withheld = waiting.__eq__
    checks.restore()
    assert [each.request_id for each in board.state().checks] == [(b"n" * 16).hex()]

    checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])
    checks.restore()

    assert [each.request_id for each in board.state().checks] == [(b"n" * 16).hex()]


def why(board: Board) -> list[tuple[str, str]]:
    return [(check.words, check.reason) for check in board.state().checks]


def again(parties: Parties, store: Store, clock: Clock) -> Board:
    """Return what the board shows after a restart."""
    board = Board(KIOSK, 20)
    inbox = Inbox(KIOSK, parties.kiosk_opener, parties.matcher, store, clock, answer_lifetime_ms=50)
    Checks(board, store, inbox, clock).restore()
    return board


def test_an_answer_that_comes_late_is_no_no_match_also_after_a_restart(
    checks: Checks, board: Board, store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    checks.restore()  # of an earlier run: its person has left

    assert checks.arrived([parties.answer(waiting, what=result(Outcome.NONE))]) == [waiting]

    expected = [("Not checked yet", LATE_ANSWER)]
    assert why(board) == expected
    assert why(again(parties, store, clock)) == expected


def test_a_list_that_is_older_than_allowed_gives_no_no_match(
    checks: Checks, board: Board, store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    hour_ms = 3_600_000
    checks.list_age_ms = 24 * hour_ms
    checks.restore()
    checks.lateness.taken(waiting.hex())
    old = msgspec.structs.replace(result(Outcome.NONE), answered_ms=1 + 49 * hour_ms)

    checks.arrived([parties.answer(waiting, what=old)])

    expected = [("Not checked yet", LIST_TOO_OLD.format(name="watch", n=2))]
    assert why(board) == expected
    assert why(again(parties, store, clock)) == expected


def test_a_possible_match_is_one_however_late_and_old_its_list(
    checks: Checks, board: Board, waiting: bytes, parties: Parties
) -> None:
    checks.list_age_ms = 1
    checks.restore()

    checks.arrived([parties.answer(waiting, what=result(Outcome.CANDIDATES))])

    assert shown(board)[0][2] == "Possible match - must be verified"
    assert board.state().checks[0].late


class Heard:
    """Leads that a test looks at."""

    def __init__(self) -> None:
        self.came: list[bytes] = []
        self.taken_for: list[tuple[bytes, str]] = []
        self.gone: list[bytes] = []

    def taken(
        self, request_id: bytes, who: str, captured: tuple[FingerQuality, ...], purpose: str
    ) -> None:
        self.taken_for.append((request_id, purpose))

    def arrived(self, request_id: bytes, result: Result, *, late: bool, purpose: str) -> None:
        if result.outcome is Outcome.CANDIDATES:
            self.came.append(request_id)

    def forget(self, request_id: bytes) -> None:
        self.gone.append(request_id)


def test_the_leads_know_what_a_request_is_for_and_when_it_has_expired(
    checks: Checks, waiting: bytes, clock: Clock
) -> None:
    checks.leads = heard = Heard()
    checks.reading.asked(waiting, "asylum")
    checks.taken(Submitted(Pending(waiting, 0, 1, 10_000), 2.0), {})
    clock.now_ms += 10_000
    checks.housekeeping()

    assert (heard.taken_for, heard.gone) == ([(waiting, "asylum")], [waiting])


def test_after_a_restart_each_lead_is_there_however_many_answers_are_newer(
    checks: Checks, board: Board, store: Store
) -> None:
    leads = [b"old lead".rjust(16), b"new lead".rjust(16)]
    kept = dict.fromkeys((number.to_bytes(16) for number in range(60)), Outcome.REFUSED)
    outcomes = {leads[0]: Outcome.CANDIDATES, **kept, leads[1]: Outcome.CANDIDATES}
    for born_ms, (name, outcome) in enumerate(outcomes.items(), 1):
        store.add_request(Pending(name, 0, born_ms, 100_000), b"sealed")
        body = encode_result(result(outcome))
        store.add_answer(name, body, final=True, arrived_ms=born_ms, expires_ms=100_000)
    checks.leads = heard = Heard()

    checks.restore()

    assert sorted(heard.came) == sorted(leads)
    shown_now = {check.request_id for check in board.state().checks}
    assert len(shown_now) == 50
    assert leads[0].hex() not in shown_now
    assert leads[1].hex() in shown_now
