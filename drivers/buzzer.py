"""The buzzer: a passive piezo on one pin, driven by PWM at the pitch of the tone."""

import contextlib
import importlib
from typing import Any, Protocol, Self

from greenline.drivers.errors import DriverError
from greenline.drivers.gpio import Pins, faults_of_pins

_LOUD = 0.5  # half on, half off is the loudest a square wave gets
_FIRST_HERTZ = 1000


class Buzzer(Protocol):
    """Something that sounds one tone. Every method may raise PortLostError."""

    def sound(self, hertz: float | None) -> None:
        """Sound this tone until told otherwise; None: be silent."""

    def close(self) -> None:
        """Be silent and let go of the pin; harmless when closed already."""


class GpioBuzzer:
    """A passive piezo on a pin: a Buzzer."""

    def __init__(self, output: Any) -> None:
        self._output = output
        self._sounding: float | None = None

    @classmethod
    def open(cls, pin: int, pins: Pins) -> Self:
        """Take the pin, by its GPIO number. Raises PortLostError when it cannot be used."""
        with faults_of_pins("the buzzer"):
            output = importlib.import_module("gpiozero").PWMOutputDevice(
                pin, frequency=_FIRST_HERTZ, pin_factory=pins
            )
        return cls(output)

    def sound(self, hertz: float | None) -> None:
        """Sound this tone until told otherwise; None: be silent."""
        if hertz == self._sounding:
            return
        with faults_of_pins("the buzzer"):
            if hertz is None:
                self._output.value = 0.0
            else:
                self._output.frequency = round(hertz)
                self._output.value = _LOUD
        self._sounding = hertz

    def close(self) -> None:
        """Be silent and let go of the pin; harmless when closed already."""
        if not self._output.closed:
            with contextlib.suppress(DriverError):
                self.sound(None)
            with contextlib.suppress(DriverError), faults_of_pins("the buzzer"):
                self._output.close()
