"""How well fingers are taken, counted off the board: no case, no person, no time of one."""

from pathlib import Path

import msgspec
import pytest

from greenline.firmware.board import Board
from greenline.firmware.case_state import CaseShown, CaseStage, FingerShown, FingerStatus
from greenline.firmware.checks_shown import answered, waiting
from greenline.firmware.finger_counts import KEPT_EVERY_S, FingerCount, FingerCounts, ListTold
from greenline.firmware.store_rows import Pending
from greenline.protocol.messages import Outcome
from greenline.protocol.wording import CLEAN_SENSOR
from tests.firmware.conftest import KIOSK, result

CASE = CaseShown(CaseStage.CAPTURE, "border-check", "law", "gate 1", "1", opened_ms=5)


class Desk:
    """A board, and what counts on it; restart() reads the file again."""

    def __init__(self, path: Path, clean_every: int = 0) -> None:
        self.path, self.clean_every = path, clean_every
        self.board = Board(KIOSK, 20)
        self.now_s = 0.0
        self.restart()

    def restart(self) -> None:
        self.counts = FingerCounts(
            self.path, self.board, self.clean_every, lambda: self.now_s, lambda: 99
        )
        self.counts.start()

    def show(self, *fingers: FingerShown, opened_ms: int = 5) -> None:
        self.board.show_case(msgspec.structs.replace(CASE, fingers=fingers, opened_ms=opened_ms))

    def fingers(self) -> dict[int, FingerCount]:
        return {each.finger: each for each in self.counts.counts().fingers}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "counts")


def shown(finger: int, status: FingerStatus, attempts: int = 0) -> FingerShown:
    return FingerShown(finger, status, None, 40, attempts)


def test_attempts_and_ends_are_counted_once_each(desk: Desk) -> None:
    two, three = FingerStatus.NOW, FingerStatus.WAITING
    desk.show(shown(2, two), shown(3, three))
    for attempts in (1, 2):
        desk.show(shown(2, two, attempts), shown(3, three))
        desk.show(shown(2, two, attempts), shown(3, three))  # the live picture: nothing new
    desk.show(shown(2, FingerStatus.TAKEN, 3), shown(3, FingerStatus.MISSING))
    desk.show(shown(2, FingerStatus.TAKEN, 3), shown(3, FingerStatus.MISSING))

    assert desk.fingers() == {2: FingerCount(2, 3, 1, 0, 0), 3: FingerCount(3, 0, 0, 0, 1)}
    assert desk.counts.counts().uncleaned == 3


def test_another_case_and_a_finger_begun_anew_count_on(desk: Desk) -> None:
    desk.show(shown(2, FingerStatus.POOR, 3))
    desk.show(shown(2, FingerStatus.NOW, 0))
    desk.show(shown(2, FingerStatus.TAKEN, 1))
    desk.board.show_case(None, "sent")
    desk.show(shown(2, FingerStatus.TAKEN, 1), opened_ms=6)

    assert desk.fingers() == {2: FingerCount(2, 5, 2, 1, 0)}


def test_they_are_kept_now_and_then_and_at_the_end_and_tell_nothing_else(desk: Desk) -> None:
    desk.show(shown(2, FingerStatus.TAKEN, 1))
    desk.counts.tend()
    assert not desk.path.exists()
    desk.now_s += KEPT_EVERY_S
    desk.counts.tend()
    assert msgspec.json.decode(desk.path.read_bytes()) == {
        "fingers": [{"finger": 2, "attempts": 1, "taken": 1, "below": 0, "missing": 0}],
        "uncleaned": 1,
        "lists": [],
    }
    desk.show(shown(2, FingerStatus.TAKEN, 1), opened_ms=7)
    desk.counts.stop()
    desk.restart()

    assert desk.fingers() == {2: FingerCount(2, 2, 2, 0, 0)}


def test_a_damaged_file_begins_anew_and_a_full_card_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    path.write_bytes(b'{"fingers": 3}')
    assert Desk(path).fingers() == {}

    lost = Desk(tmp_path / "nowhere" / "counts")
    lost.show(shown(2, FingerStatus.TAKEN, 1))
    lost.counts.stop()
    assert lost.fingers() == {2: FingerCount(2, 1, 1, 0, 0)}


def test_the_board_reminds_of_the_sensor_until_somebody_has_cleaned_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "counts", clean_every=2)
    desk.show(shown(2, FingerStatus.TAKEN, 1))
    desk.counts.tend()
    assert CLEAN_SENSOR not in desk.board.state().notices
    desk.show(shown(2, FingerStatus.TAKEN, 1), shown(3, FingerStatus.TAKEN, 1))
    desk.counts.tend()
    assert CLEAN_SENSOR in desk.board.state().notices

    desk.counts.cleaned()

    assert CLEAN_SENSOR not in desk.board.state().notices
    desk.restart()
    assert desk.counts.counts().uncleaned == 0


def test_lists_are_known_by_the_newest_answer_also_once_that_is_deleted(desk: Desk) -> None:
    check = answered(waiting(Pending(b"r" * 16, 0, 1, 2)), result(Outcome.NONE), 50)
    desk.board.show_check(check)
    older = answered(waiting(Pending(b"o" * 16, 0, 1, 2)), result(Outcome.NONE), 40)
    desk.board.show_check(older)
    desk.board.remove_check(check.request_id)

    assert desk.counts.counts().lists == (ListTold("watch", 3, 1, 50),)
