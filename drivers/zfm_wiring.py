"""What may be wired to a module besides its serial line: the touch line and a supply switch.

Source: R503 user manual 1.2.1. Its WAKEUP pin is high and goes low within 120 ms while a finger
lies on it; the touch circuit has a supply pin of its own (2 microamperes), so it works while the
main supply is switched off. That must then stay off for 2 s at least.
"""

import importlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from greenline.drivers.errors import DriverError
from greenline.drivers.gpio import Pins, faults_of_pins, open_pins

OFF_AT_LEAST_S = 2.0


class TouchLine(Protocol):
    """Tells without the serial line whether a finger lies on the module."""

    @property
    def touched(self) -> bool:
        """Whether one lies there now."""

    def wait(self, *, touched: bool, timeout_s: float) -> bool:
        """Wait until one lies there (or none does); False: the time ran out."""


class SupplySwitch(Protocol):
    """Switches the module's main supply."""

    def switch(self, *, on: bool) -> None:
        """Switch it on or off."""


def _release_nothing() -> None:
    """Release the pins of a module that has none."""


@dataclass(frozen=True)
class Wiring:
    """What is wired to one module; None: it is not. release: gives the pins back."""

    touch: TouchLine | None = None
    supply: SupplySwitch | None = None
    release: Callable[[], None] = _release_nothing


class TouchPin:
    """The touch line on a pin of the board: low while touched."""

    def __init__(self, pin: str, pins: Pins) -> None:
        with faults_of_pins(f"the touch line on {pin}"):
            gpiozero: Any = importlib.import_module("gpiozero")
            # Pulled up: without its touch supply a module's line says "no finger".
            self._device = gpiozero.DigitalInputDevice(pin, pull_up=True, pin_factory=pins)

    @property
    def touched(self) -> bool:
        """Whether a finger lies there now."""
        with faults_of_pins("the touch line"):
            return bool(self._device.is_active)

    def wait(self, *, touched: bool, timeout_s: float) -> bool:
        """Wait until one lies there (or none does); False: the time ran out."""
        with faults_of_pins("the touch line"):
            wait = self._device.wait_for_active if touched else self._device.wait_for_inactive
            return bool(wait(timeout_s))

    def close(self) -> None:
        """Give the pin back."""
        with suppress(DriverError), faults_of_pins("the sensor's pin"):
            self._device.close()


class SupplyPin:
    """The supply switch on a pin of the board: high is on, and it begins with on."""

    def __init__(self, pin: str, pins: Pins) -> None:
        with faults_of_pins(f"the supply switch on {pin}"):
            gpiozero: Any = importlib.import_module("gpiozero")
            self._device = gpiozero.DigitalOutputDevice(pin, initial_value=True, pin_factory=pins)

    def switch(self, *, on: bool) -> None:
        """Switch the supply on or off."""
        with faults_of_pins("the supply switch"):
            self._device.value = on

    def close(self) -> None:
        """Give the pin back."""
        with suppress(DriverError), faults_of_pins("the sensor's pin"):
            self._device.close()


def wire_up(touch: str | None, supply: str | None, pins: Pins | None = None) -> Wiring:
    """Open what is wired, by the pins' names ("GPIO17"); None: nothing is.

    pins: a gpiozero pin factory, which stays the caller's; None opens the board's own. Raises
    PortLostError when the pins are not there.
    """
    if touch is None and supply is None:
        return Wiring()
    board = open_pins() if pins is None else pins
    opened: list[Any] = [board] if pins is None else []

    def release() -> None:
        while opened:
            opened.pop().close()

    try:
        touch_pin = TouchPin(touch, board) if touch else None
        opened.extend([touch_pin] if touch_pin else [])
        supply_pin = SupplyPin(supply, board) if supply else None
        opened.extend([supply_pin] if supply_pin else [])
    except BaseException:
        release()
        raise
    return Wiring(touch_pin, supply_pin, release)
