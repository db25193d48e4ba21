"""What lights and status display show of the board: pure functions, one table each.

Neither looks at what a search has found, so neither can tell it.
"""

from datetime import UTC, datetime

from greenline.drivers.signals import Signal
from greenline.drivers.status_display import DisplayState, KioskState, Link
from greenline.firmware.board import BoardState, DeviceName, Phase
from greenline.protocol.wording import short_notice

_SIGNALS = {
    Phase.STARTING: Signal.WAIT,
    Phase.READY: Signal.READY,
    Phase.PLACE_FINGER: Signal.PUT_FINGER,
    Phase.READING: Signal.HOLD_STILL,
    Phase.JUDGING: Signal.HOLD_STILL,
    Phase.AGAIN: Signal.AGAIN,
    Phase.TAKEN: Signal.LIFT_FINGER,
    Phase.LIFT_FINGER: Signal.LIFT_FINGER,
    Phase.STOPPED: Signal.READY,
    Phase.REFUSED: Signal.OUT_OF_ORDER,
    Phase.FAULT: Signal.OUT_OF_ORDER,
}

_STATES = {
    Phase.STARTING: KioskState.STARTING,
    Phase.READY: KioskState.READY,
    Phase.STOPPED: KioskState.READY,
    Phase.REFUSED: KioskState.FAULT,
    Phase.FAULT: KioskState.FAULT,
}

NO_SCREEN_CODE = "E41"

_NOTICE_MS = 4_000


def signal_of(phase: Phase) -> Signal:
    """Return what the person at the sensor is told."""
    return _SIGNALS[phase]


def display_state(
    board: BoardState, now_ms: int, *, screen: bool, clock_trusted: bool
) -> DisplayState:
    """Return what the status display shows. now_ms: Unix milliseconds, on the clock of the board.

    screen: the officer's page is being shown somewhere. clock_trusted: now_ms may be shown.
    """
    if board.wipe_left_s is not None:
        return _wiping(board.wipe_left_s, _link(board), now_ms)
    code, words = _fault(board, screen=screen)
    return DisplayState(
        state=_state(board),
        link=_link(board),
        pending=board.pending,
        oldest_age_s=(now_ms - board.oldest_ms) / 1000 if board.pending else None,
        fault_code=code,
        fault_words=words,
        clock=datetime.fromtimestamp(now_ms / 1000, UTC) if clock_trusted else None,
        notice=_notice(board.notices, now_ms),
        beat=now_ms // 1000 % 2 == 0,
    )


def _notice(notices: tuple[str, ...], now_ms: int) -> str:
    """Return one notice after the other, each for a while: there is one line for all."""
    return short_notice(notices[now_ms // _NOTICE_MS % len(notices)]) if notices else ""


def _state(board: BoardState) -> KioskState:
    state = _STATES.get(board.capture.phase, KioskState.BUSY)
    session = board.session
    nobody = session.required and (session.locked or not session.operator)
    return KioskState.LOCKED if nobody and state is KioskState.READY else state


def _wiping(left_s: int, link: Link, now_ms: int) -> DisplayState:
    """Return the countdown of the wipe key, or that it is over; nothing else matters then."""
    state = KioskState.WIPING if left_s else KioskState.WIPED
    notice = f"let go: {left_s} s left" if left_s else ""
    return DisplayState(state, link, beat=now_ms // 1000 % 2 == 0, notice=notice)


def _link(board: BoardState) -> Link:
    if board.link:
        return Link.UP
    uplink = [device for device in board.devices if device.name is DeviceName.UPLINK]
    return Link.UNKNOWN if any(device.missing for device in uplink) else Link.DOWN


def _fault(board: BoardState, *, screen: bool) -> tuple[str, str]:
    """Return the code and words of the gravest fault; both empty without one."""
    missing = [device for device in board.devices if device.missing]  # the gravest first
    if missing and missing[0].needed:
        return missing[0].code, f"no {missing[0].name.value}"
    if not screen:
        return NO_SCREEN_CODE, "no screen"
    if missing:
        return missing[0].code, f"no {missing[0].name.value}"
    return "", ""
