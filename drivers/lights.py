"""The light that the person sees: one red, green and blue LED on three pins."""

import contextlib
import importlib
from dataclasses import dataclass
from typing import Any, Protocol, Self

from greenline.drivers.errors import DriverError
from greenline.drivers.gpio import Pins, faults_of_pins
from greenline.drivers.signals import BLACK, Colour


class Light(Protocol):
    """Something that shows one colour. Every method may raise PortLostError."""

    def show(self, colour: Colour) -> None:
        """Shine in this colour until told otherwise."""

    def close(self) -> None:
        """Go dark and let go of the pins; harmless when closed already."""


@dataclass(frozen=True)
class LightPins:
    """GPIO numbers. common_anode: the LED's shared leg is at the supply, so low is on."""

    red: int
    green: int
    blue: int
    common_anode: bool = False


class GpioLight:
    """An RGB LED on three pins: a Light."""

    def __init__(self, led: Any) -> None:
        self._led = led
        self._shown: Colour | None = None

    @classmethod
    def open(cls, where: LightPins, pins: Pins) -> Self:
        """Take the pins; the light is dark. Raises PortLostError when they cannot be used."""
        with faults_of_pins("the light"):
            led = importlib.import_module("gpiozero").RGBLED(
                where.red,
                where.green,
                where.blue,
                active_high=not where.common_anode,
                pin_factory=pins,
            )
        return cls(led)

    def show(self, colour: Colour) -> None:
        """Shine in this colour; nothing is written when it is the same as before."""
        if colour == self._shown:
            return
        with faults_of_pins("the light"):
            self._led.value = (colour.red, colour.green, colour.blue)
        self._shown = colour

    def close(self) -> None:
        """Go dark and let go of the pins; harmless when closed already."""
        if not self._led.closed:
            with contextlib.suppress(DriverError):
                self.show(BLACK)
            with contextlib.suppress(DriverError), faults_of_pins("the light"):
                self._led.close()
