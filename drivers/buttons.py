"""The hardware keys: left, OK and right, and a wipe key that must be held for three seconds.

Sampled, not interrupted: what the keys mean is a pure function of samples and time. The driver
below it only reads pins.
"""

import contextlib
import importlib
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from greenline.drivers.errors import DriverError
from greenline.drivers.gpio import Pins, faults_of_pins
from greenline.drivers.port import Clock

SAMPLE_S = 0.02
WIPE_HOLD_S = 3.0

_BOUNCE_S = 0.04  # a contact that has just closed chatters for a few milliseconds
_LONGEST_GAP_S = 0.5  # samples further apart prove nothing about what lies between


class Key(Enum):
    """The keys of the kiosk."""

    LEFT = "left"
    OK = "ok"
    RIGHT = "right"
    WIPE = "wipe"


class KeyReader:
    """Turns samples into presses.

    A key counts once, when it has been down for 40 ms, the wipe key when it has been down for 3 s
    without a break. A key that is down at the first sample counts only after it has been released:
    a stuck key wipes nothing.
    """

    def __init__(self) -> None:
        self._down_since: dict[Key, float | None] = dict.fromkeys(Key)  # None: not in a press
        self._armed: dict[Key, bool] = dict.fromkeys(Key, False)
        self._last_s: float | None = None

    def sample(self, now_s: float, down: frozenset[Key]) -> list[Key]:
        """Take which keys are down now; return those that count as pressed by it."""
        gap = self._last_s is not None and now_s - self._last_s > _LONGEST_GAP_S
        self._last_s = now_s
        return [key for key in Key if self._counts(key, now_s, down=key in down, gap=gap)]

    def wipe_share(self, now_s: float) -> float:
        """Return how much of the wipe key's three seconds have passed, 0.0 to 1.0."""
        since = self._down_since[Key.WIPE]
        return 0.0 if since is None else min(1.0, (now_s - since) / WIPE_HOLD_S)

    def _counts(self, key: Key, now_s: float, *, down: bool, gap: bool) -> bool:
        if not down:
            self._armed[key], self._down_since[key] = True, None
            return False
        if not self._armed[key]:
            return False
        since = self._down_since[key]
        if since is None or gap:
            self._down_since[key] = now_s
            return False
        if now_s - since < (WIPE_HOLD_S if key is Key.WIPE else _BOUNCE_S):
            return False
        self._armed[key], self._down_since[key] = False, None
        return True


@dataclass(frozen=True)
class ButtonPins:
    """GPIO numbers; each key connects its pin to ground. None: this kiosk has no such key."""

    left: int | None = None
    ok: int | None = None
    right: int | None = None
    wipe: int | None = None


class GpioButtons:
    """The keys on their pins. Not safe to share between threads."""

    def __init__(self, inputs: dict[Key, Any], clock: Clock) -> None:
        self._inputs = inputs
        self._clock = clock
        self._reader = KeyReader()

    @classmethod
    def open(cls, where: ButtonPins, pins: Pins, clock: Clock) -> Self:
        """Take the pins. Raises PortLostError when one cannot be used; then none is held."""
        numbers = {
            Key.LEFT: where.left, Key.OK: where.ok, Key.RIGHT: where.right, Key.WIPE: where.wipe,
        }  # fmt: skip
        buttons = cls({}, clock)
        try:
            with faults_of_pins("the keys"):
                input_device = importlib.import_module("gpiozero").InputDevice
                for key, number in numbers.items():
                    if number is not None:
                        buttons._inputs[key] = input_device(number, pull_up=True, pin_factory=pins)
        except BaseException:
            buttons.close()
            raise
        return buttons

    def pressed(self) -> list[Key]:
        """Look at the keys once, which the caller does every 20 ms; return what was pressed."""
        with faults_of_pins("the keys"):
            down = frozenset(key for key, pin in self._inputs.items() if pin.is_active)
        return self._reader.sample(self._clock(), down)

    def wipe_share(self) -> float:
        """Return how much of the wipe key's three seconds have passed, 0.0 to 1.0."""
        return self._reader.wipe_share(self._clock())

    def close(self) -> None:
        """Let go of the pins; harmless when closed already."""
        for pin in self._inputs.values():
            with contextlib.suppress(DriverError), faults_of_pins("the keys"):
                pin.close()
        self._inputs.clear()
