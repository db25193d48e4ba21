"""What a kiosk has besides sensor and page: lights, buzzer, keys, status display, camera.

Each on a thread of its own, so that none can delay or stop a capture. What they show is
firmware/status.py's affair.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from greenline.drivers.buttons import SAMPLE_S, WIPE_HOLD_S, GpioButtons, Key
from greenline.drivers.camera import Camera
from greenline.drivers.port import Clock
from greenline.drivers.signalling import STEP_S, Signalling
from greenline.drivers.status_display import StatusScreen, draw
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.device_thread import DeviceThread
from greenline.firmware.reopening import Opening
from greenline.firmware.status import display_state, signal_of
from greenline.protocol.wording import CLOCK_NOT_SET

_DRAW_S = 0.25
_STARTING_S = 60.0  # a browser may need so long to come up after the kiosk
_RELOADING_S = 5.0
_BRUSHED = 0.1


@dataclass(frozen=True)
class Panel:
    """How each device is opened; None: this kiosk has none such.

    clock_trusted_ms: Unix milliseconds; an earlier time cannot be right and is not shown.
    """

    lights: Opening[Signalling] | None = None
    buzzer: Opening[Signalling] | None = None
    keys: Opening[GpioButtons] | None = None
    display: Opening[StatusScreen] | None = None
    camera: Opening[Camera] | None = None
    clock_trusted_ms: int = 0


class Desk(Protocol):
    """What the keys may ask of the kiosk, and what lights and display show."""

    board: Board

    def confirm(self) -> None:
        """Do the one obvious step of the open case."""

    def stop_case(self) -> None:
        """End the open case."""

    def wipe(self) -> None:
        """Destroy the keys of this kiosk, and end."""


class DeviceLife(Protocol):
    """A thread with a device."""

    def start(self) -> None:
        """Begin; the device is opened on the thread."""

    def end(self) -> None:
        """Begin to end, without waiting for it."""

    def stop(self) -> None:
        """Let go of the device and end."""


def panel_threads(
    panel: Panel, desk: Desk, now_ms: Callable[[], int], clock: Clock = time.monotonic
) -> list[DeviceLife]:
    """Return a thread for each device but the camera, which also serves the page."""
    board = desk.board
    threads: list[DeviceLife] = []
    for name, signals in ((DeviceName.LIGHTS, panel.lights), (DeviceName.BUZZER, panel.buzzer)):
        if signals is not None:
            threads.append(DeviceThread(name, signals, _signal(board), board))
    if panel.keys is not None:
        threads.append(DeviceThread(DeviceName.KEYS, panel.keys, _obey(desk), board))
    if panel.display is not None:
        show = _Display(board, now_ms, panel.clock_trusted_ms, clock)
        threads.append(DeviceThread(DeviceName.DISPLAY, panel.display, show, board))
    return threads


def _signal(board: Board) -> Callable[[Signalling], float]:
    def step(signalling: Signalling) -> float:
        signalling.show(signal_of(board.state().capture.phase))
        signalling.step()
        return STEP_S

    return step


def _obey(desk: Desk) -> Callable[[GpioButtons], float]:
    def step(keys: GpioButtons) -> float:
        pressed = keys.pressed()
        desk.board.show_wipe(_wipe_left_s(keys.wipe_share()))
        for key in pressed:
            if key is Key.OK:
                desk.confirm()
            elif key is Key.LEFT:
                desk.stop_case()
            elif key is Key.WIPE:
                desk.wipe()
        return SAMPLE_S

    return step


def _wipe_left_s(share: float) -> int | None:
    """Return the seconds that the wipe key must still be held; None: it was at most brushed."""
    return math.ceil((1 - share) * WIPE_HOLD_S) if share > _BRUSHED else None


class _Display:
    """Draws the board on the status display, step by step."""

    def __init__(
        self, board: Board, now_ms: Callable[[], int], clock_trusted_ms: int, clock: Clock
    ) -> None:
        self._board = board
        self._now_ms = now_ms
        self._clock_trusted_ms = clock_trusted_ms
        self._clock = clock
        self._screen_until_s = clock() + _STARTING_S

    def __call__(self, screen: StatusScreen) -> float:
        now_s, now_ms = self._clock(), self._now_ms()
        if self._board.pages():
            self._screen_until_s = max(self._screen_until_s, now_s + _RELOADING_S)
        state = self._board.state()
        shown = display_state(
            state,
            now_ms,
            screen=now_s < self._screen_until_s,
            clock_trusted=now_ms >= self._clock_trusted_ms and CLOCK_NOT_SET not in state.notices,
        )
        screen.show(draw(shown))
        return _DRAW_S
