"""The pins of the board: one place that knows how gpiozero is opened and how it fails.

lgpio on the Pi; the mock pins of gpiozero anywhere else, chosen by the caller, never guessed.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from greenline.drivers.errors import PortLostError

Pins = Any
"""A gpiozero pin factory; gpiozero has no types."""


def open_pins(kind: str = "lgpio") -> Pins:
    """Open the board's pins ("lgpio"), or pins that exist in memory only ("mock").

    The caller calls close() on them when all their devices are closed. Raises PortLostError when
    this machine has no such pins, or a library is missing.
    """
    with faults_of_pins("the pins of this board"):
        if kind == "mock":
            mock = importlib.import_module("gpiozero.pins.mock")
            return mock.MockFactory(pin_class=mock.MockPWMPin)
        return importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory()


@contextmanager
def faults_of_pins(name: str) -> Iterator[None]:
    """Turn what gpiozero and lgpio raise into PortLostError. name: the device, in plain words."""
    try:
        yield
    except _faults() as error:
        raise PortLostError(f"{name}: {_remedy(error)}") from error


def _faults() -> tuple[type[Exception], ...]:
    """Return what the libraries raise; asked only when something was raised."""
    found: list[type[Exception]] = [OSError, ImportError]
    # Those that are loaded: neither need be installed, and lgpio's error is a plain Exception.
    for module, name in (("gpiozero.exc", "GPIOZeroError"), ("lgpio", "error")):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def _remedy(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"gpiozero or lgpio is not installed here ({error})"
    if isinstance(error, PermissionError) or "permission" in str(error).lower():
        return "this program may not use it; add its user to the group gpio"
    return f"it cannot be used ({error}); look at its pins in the configuration"
