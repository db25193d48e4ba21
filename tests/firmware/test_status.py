"""What lights and status display make of the board."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from greenline.drivers.signals import Signal
from greenline.drivers.status_display import DisplayState, KioskState, Link, draw
from greenline.firmware.board import (
    FAULT_CODES,
    Board,
    Capture,
    Check,
    DeviceName,
    Phase,
    Progress,
)
from greenline.firmware.operators_shown import SessionState
from greenline.firmware.status import display_state, signal_of
from greenline.protocol.wording import KEYS_IN_FILES, NOT_CHECKED, RESULT_WORDS

NOW_MS = 1_800_000_000_000
NOON = datetime.fromtimestamp(NOW_MS / 1000, UTC)


@pytest.fixture
def board() -> Board:
    board = Board("kiosk-07", 20)
    board.show_capture(Capture(Phase.READY, "Ready"))
    board.show_link(up=True, detail="")
    board.show_device(DeviceName.UPLINK)
    return board


def shown(board: Board, *, screen: bool = True, clock_trusted: bool = True) -> DisplayState:
    return display_state(board.state(), NOW_MS, screen=screen, clock_trusted=clock_trusted)


def check(name: str, age_s: float, progress: Progress = Progress.QUEUED) -> Check:
    return Check(name, NOW_MS - round(age_s * 1000), progress, NOT_CHECKED)


@pytest.mark.parametrize(
    ("phase", "signal", "state"),
    [
        (Phase.STARTING, Signal.WAIT, KioskState.STARTING),
        (Phase.READY, Signal.READY, KioskState.READY),
        (Phase.PLACE_FINGER, Signal.PUT_FINGER, KioskState.BUSY),
        (Phase.READING, Signal.HOLD_STILL, KioskState.BUSY),
        (Phase.JUDGING, Signal.HOLD_STILL, KioskState.BUSY),
        (Phase.AGAIN, Signal.AGAIN, KioskState.BUSY),
        (Phase.TAKEN, Signal.LIFT_FINGER, KioskState.BUSY),
        (Phase.LIFT_FINGER, Signal.LIFT_FINGER, KioskState.BUSY),
        (Phase.STOPPED, Signal.READY, KioskState.READY),
        (Phase.REFUSED, Signal.OUT_OF_ORDER, KioskState.FAULT),
        (Phase.FAULT, Signal.OUT_OF_ORDER, KioskState.FAULT),
    ],
)
def test_each_phase_has_its_signal_and_its_word(
    board: Board, phase: Phase, signal: Signal, state: KioskState
) -> None:
    board.show_capture(Capture(phase, "words"))
    assert (signal_of(phase), shown(board).state) == (signal, state)


def test_no_phase_is_forgotten() -> None:
    assert {signal_of(phase) for phase in Phase} == set(Signal)


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (SessionState(), KioskState.READY),
        (SessionState(required=True), KioskState.LOCKED),
        (SessionState(required=True, operator="amina"), KioskState.READY),
        (SessionState(required=True, operator="amina", locked=True), KioskState.LOCKED),
    ],
)
def test_a_kiosk_at_which_nobody_is_logged_in_says_so(
    board: Board, session: SessionState, state: KioskState
) -> None:
    board.show_session(session)

    assert shown(board).state is state


def test_a_fault_counts_more_than_a_lock(board: Board) -> None:
    board.show_session(SessionState(required=True))
    board.show_capture(Capture(Phase.FAULT, "Sensor fault"))

    assert shown(board).state is KioskState.FAULT


def test_a_kiosk_that_is_well(board: Board) -> None:
    assert shown(board) == DisplayState(KioskState.READY, Link.UP, clock=NOON)


def test_what_a_search_found_changes_nothing(board: Board) -> None:
    board.show_check(check("one", 60.0, Progress.ANSWERED))
    before = shown(board)
    for words in RESULT_WORDS.values():
        board.show_check(Check("one", NOW_MS, Progress.ANSWERED, words, outcome="candidates"))
        assert shown(board) == before


def test_it_counts_what_waits_and_says_how_old_the_oldest_is(board: Board) -> None:
    board.show_check(check("new", 5.0))
    board.show_check(check("old", 90.0, Progress.PUBLISHED))
    board.show_check(check("done", 500.0, Progress.ANSWERED))
    found = shown(board)
    assert (found.pending, found.oldest_age_s) == (2, 90.0)


def test_what_waits_counts_even_when_it_is_too_old_to_be_listed(board: Board) -> None:
    board.show_check(check("old", 5000.0))
    for number in range(60):
        board.show_check(check(str(number), 10.0, Progress.ANSWERED))
    found = shown(board)
    assert (found.pending, found.oldest_age_s) == (1, 5000.0)


def test_no_link_is_no_fault_but_no_uplink_is(board: Board) -> None:
    board.show_link(up=False, detail="the broker does not answer")
    found = shown(board)
    assert (found.link, found.fault_code) == (Link.DOWN, "")
    board.show_device(DeviceName.UPLINK, missing="the uplink process is not running")
    found = shown(board)
    assert (found.link, found.fault_code, found.fault_words) == (Link.UNKNOWN, "E51", "no uplink")


@pytest.mark.parametrize("name", DeviceName)
def test_a_missing_device_has_a_code_and_words_that_fit(board: Board, name: DeviceName) -> None:
    board.show_device(name, missing="it was pulled out")
    found = shown(board)
    assert found.fault_code == FAULT_CODES[name]
    assert found.fault_words.startswith("no ")
    assert len(f"{found.fault_code} {found.fault_words}") <= 21
    board.show_device(name)
    assert shown(board).fault_code == ""


def test_the_gravest_fault_is_shown(board: Board) -> None:
    for name in DeviceName:
        board.show_device(name, missing="it was pulled out")
    codes = []
    for name in DeviceName:
        codes.append(shown(board, screen=name is not DeviceName.CAMERA).fault_code)
        board.show_device(name)
    assert codes == ["E21", "E61", "E51", "E41", "E32", "E33", "E34", "E35"]
    assert shown(board, screen=False).fault_code == "E41"


def test_a_clock_that_cannot_be_right_is_not_shown(board: Board) -> None:
    assert shown(board, clock_trusted=False).clock is None


def test_keys_in_files_are_announced_while_there_is_no_fault() -> None:
    board = Board("kiosk-07", 20, notices=(KEYS_IN_FILES,))
    board.show_capture(Capture(Phase.READY, "Ready"))
    board.show_device(DeviceName.UPLINK)

    assert shown(board).notice == "keys in a file"
    assert draw(shown(board)) != draw(replace(shown(board), notice=""))
    faulty = shown(board, screen=False)
    assert draw(faulty) == draw(replace(faulty, notice="")), "a fault goes first"
