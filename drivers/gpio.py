"""The pins of the board: one place that knows how gpiozero is opened and how it fails.

lgpio on the Pi; the mock pins of gpiozero anywhere else, chosen by the caller, never guessed.
"""

import contextlib
import importlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from greenline.drivers.errors import PortLostError

Pins = Any
"""A gpiozero pin factory; gpiozero has no types."""


def open_pins(kind: str = "lgpio") -> Pins:
    """Open the board's pins ("lgpio"), or pins that exist in memory only ("mock").

    The caller calls close() on them when all their devices are closed. Raises PortLostError when
    this machine has no such pins, or a library is missing. The first call for lgpio changes the
    working directory of the process for a moment.
    """
    with faults_of_pins("the pins of this board"):
        if kind == "mock":
            mock = importlib.import_module("gpiozero.pins.mock")
            return mock.MockFactory(pin_class=mock.MockPWMPin)
        if "lgpio" not in sys.modules:
            with _writable_folder():
                importlib.import_module("lgpio")
        return importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory()


class PinsOnDemand:
    """The board's pins, opened when the first device asks for them, and shared by all."""

    def __init__(self, open_them: Callable[[], Pins] = open_pins) -> None:
        self._open_them = open_them
        self._lock = threading.Lock()
        self._pins: Pins = None

    def pins(self) -> Pins:
        """Return the pin factory. Any thread. Raises PortLostError; the next call tries again."""
        with self._lock:
            if self._pins is None:
                self._pins = self._open_them()
            return self._pins

    def close(self) -> None:
        """Let go of the pins, when all their devices are closed."""
        with self._lock:
            if self._pins is not None:
                self._pins.close()
                self._pins = None


@contextmanager
def _writable_folder() -> Iterator[None]:
    """Stand in a folder of our own while lgpio is imported, and remove it afterwards.

    lgpio makes a pipe named .lgd-nfy0 in $LG_WD or the working directory as soon as it is imported,
    and keeps it open. Once that has failed, it fails until the process ends: so we try first. It
    also moves the whole process to $LG_WD, from where we come back.
    """
    base = os.environ.get("LG_WD") or os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    try:
        folder = tempfile.TemporaryDirectory(prefix="greenline-", dir=base or None)
    except OSError as error:
        raise PortLostError(
            f"the pins of this board: lgpio needs a folder to write to ({error}); set LG_WD to one "
            "that this program may write to"
        ) from error
    with folder, contextlib.chdir(folder.name):
        yield


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
