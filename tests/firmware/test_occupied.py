"""Who stands at the kiosk: a capture, an answer that is waited for, one that is read."""

import pytest

from greenline.firmware.board import Board, Capture, Check, Phase, Progress
from greenline.firmware.case_state import CaseShown, CaseStage
from greenline.firmware.lateness import LATE_AFTER_S
from greenline.firmware.occupied import (
    ANSWER_READ_S,
    BEGINNING_S,
    LONGEST_WAIT_S,
    MATCH_READ_S,
    Occupied,
)
from greenline.firmware.operators_shown import SessionState
from greenline.protocol.messages import Outcome


class World:
    """A board and a clock."""

    def __init__(self, *, late_after_s: float = LATE_AFTER_S) -> None:
        self.now_s = 1000.0
        self.board = Board("k1", 20)
        self.board.show_capture(Capture(Phase.READY, "Ready"))
        self.late_after_s = late_after_s
        self.occupied = self.begun()

    def begun(self) -> Occupied:
        return Occupied(self.board.state(), lambda: self.now_s, self.late_after_s)

    def show(self, progress: Progress, outcome: str = "", name: str = "one") -> None:
        self.board.show_check(Check(name, 1, progress, "words", outcome))
        self.look()

    def look(self) -> bool:
        return self.occupied.look(self.board.state())

    def lasts_s(self) -> float:
        """How long it is occupied from now on, to the second; inf: for more than a day."""
        begun_s = self.now_s
        while self.look():
            self.now_s += 1.0
            if self.now_s - begun_s > 90_000:
                return float("inf")
        return self.now_s - begun_s


@pytest.fixture
def world() -> World:
    return World()


def test_nobody_is_there_at_first(world: World) -> None:
    assert not world.look()


def test_an_open_case_lasts_as_long_as_it_does(world: World) -> None:
    case = CaseShown(CaseStage.ADULT, "border-check", "law", "gate 1", "1", opened_ms=5)
    world.board.show_case(case)
    assert world.lasts_s() == float("inf")
    world.board.show_case(None, "stopped")
    assert not world.look()


def test_a_capture_lasts_as_long_as_it_does(world: World) -> None:
    world.board.show_capture(Capture(Phase.PLACE_FINGER, ""))
    assert world.lasts_s() == float("inf")

    world.board.show_capture(Capture(Phase.READY, ""))
    assert not world.look()


def test_a_check_that_is_asked_for_has_begun_before_the_board_says_so(world: World) -> None:
    world.occupied.begins()

    assert world.lasts_s() == BEGINNING_S


def test_an_answer_is_waited_for_while_the_person_may_be_there(world: World) -> None:
    world.show(Progress.QUEUED)
    world.now_s += 10
    world.show(Progress.PUBLISHED)

    assert world.lasts_s() == LATE_AFTER_S - 10


def test_a_kiosk_without_a_link_can_be_updated_however_late_an_answer_may_be() -> None:
    world = World(late_after_s=86_400)
    world.show(Progress.QUEUED)

    assert world.lasts_s() == LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("outcome", "lasts_s"),
    [(Outcome.NONE, ANSWER_READ_S), (Outcome.CANDIDATES, MATCH_READ_S)],
)
def test_an_answer_is_read_and_a_possible_match_verified(
    world: World, outcome: Outcome, lasts_s: float
) -> None:
    world.show(Progress.QUEUED)
    world.now_s += 50
    world.show(Progress.ANSWERED, outcome)

    assert world.lasts_s() == lasts_s


def test_a_provisional_answer_ends_no_waiting(world: World) -> None:
    world.show(Progress.QUEUED)
    world.now_s += 50
    world.show(Progress.RECEIVED, Outcome.INCOMPLETE)

    assert world.lasts_s() == LATE_AFTER_S - 50


def test_nobody_reads_that_a_check_has_expired(world: World) -> None:
    world.show(Progress.EXPIRED)

    assert not world.look()


def test_what_an_earlier_run_left_does_not_count(world: World) -> None:
    world.show(Progress.ANSWERED, Outcome.CANDIDATES)
    world.show(Progress.QUEUED, name="two")
    world.occupied = world.begun()
    assert not world.look()

    world.show(Progress.ANSWERED, Outcome.CANDIDATES, name="two")
    assert world.lasts_s() == MATCH_READ_S


def test_a_result_that_was_deleted_is_read_by_nobody(world: World) -> None:
    world.show(Progress.ANSWERED, Outcome.CANDIDATES)
    world.board.remove_check("one")

    assert not world.look()


def test_who_logs_out_reads_nothing_any_more_but_a_locked_page_waits(world: World) -> None:
    world.board.show_session(SessionState(required=True, operator="op-7", role="officer"))
    world.show(Progress.ANSWERED, Outcome.CANDIDATES)
    world.board.show_session(SessionState(required=True, operator="op-7", locked=True))
    assert world.look()

    world.board.show_session(SessionState(required=True))
    assert not world.look()
