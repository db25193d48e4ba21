"""What lights and status display show of the board: pure functions, one table each.

Neither looks at what a search has found, so neither can tell it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from greenline.drivers.signals import Signal
from greenline.drivers.status_display import DisplayState, KioskState, Link
from greenline.firmware.board import NO_UPLINK, BoardState, DeviceName, DeviceState, Phase

_SIGNALS = {
    Phase.STARTING: Signal.WAIT,
    Phase.READY: Signal.READY,
    Phase.PLACE_FINGER: Signal.PUT_FINGER,
    Phase.READING: Signal.HOLD_STILL,
    Phase.JUDGING: Signal.HOLD_STILL,
    Phase.AGAIN: Signal.AGAIN,
    Phase.TAKEN: Signal.LIFT_FINGER,
    Phase.LIFT_FINGER: Signal.LIFT_FINGER,
    Phase.STOPPED: Signal.WAIT,
    Phase.FAULT: Signal.OUT_OF_ORDER,
}

_STATES = {
    Phase.STARTING: KioskState.STARTING,
    Phase.READY: KioskState.READY,
    Phase.STOPPED: KioskState.READY,
    Phase.FAULT: KioskState.FAULT,
}

NO_UPLINK_CODE, NO_SCREEN_CODE = "E51", "E41"
_SHORT = {DeviceName.DISPLAY: "no display"}  # the others fit as they are called


def signal_of(phase: Phase) -> Signal:
    """Return what the person at the sensor is told."""
    return _SIGNALS[phase]


def display_state(
    board: BoardState, now_ms: int, *, screen: bool, clock_trusted: bool
) -> DisplayState:
    """Return what the status display shows. now_ms: Unix milliseconds, on the clock of the board.

    screen: the officer's page is being shown somewhere. clock_trusted: now_ms may be shown.
    """
    code, words = _fault(board, screen=screen)
    return DisplayState(
        state=_STATES.get(board.capture.phase, KioskState.BUSY),
        link=_link(board),
        pending=board.pending,
        oldest_age_s=(now_ms - board.oldest_ms) / 1000 if board.pending else None,
        fault_code=code,
        fault_words=words,
        clock=datetime.fromtimestamp(now_ms / 1000, UTC) if clock_trusted else None,
        beat=now_ms // 1000 % 2 == 0,
    )


def _link(board: BoardState) -> Link:
    if board.link:
        return Link.UP
    return Link.UNKNOWN if board.link_detail == NO_UPLINK else Link.DOWN


def _fault(board: BoardState, *, screen: bool) -> tuple[str, str]:
    """Return the code and words of the gravest fault; both empty without one."""
    missing = _missing(board.devices)
    sensor = [device for device in missing if device.name is DeviceName.SENSOR]
    for device in sensor:
        return device.code, _words(device)
    if not screen:
        return NO_SCREEN_CODE, "no screen"
    if not board.link and board.link_detail == NO_UPLINK:
        return NO_UPLINK_CODE, "no uplink"
    for device in missing:
        return device.code, _words(device)
    return "", ""


def _missing(devices: Sequence[DeviceState]) -> list[DeviceState]:
    return [device for device in devices if device.missing]


def _words(device: DeviceState) -> str:
    return _SHORT.get(device.name, f"no {device.name.value}")
