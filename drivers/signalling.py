"""Plays a signal on lights and buzzers, step by step, on the thread that owns them."""

from collections.abc import Sequence
from typing import Self

from greenline.drivers.buzzer import Buzzer, GpioBuzzer
from greenline.drivers.gpio import Pins
from greenline.drivers.lights import GpioLight, Light, LightPins
from greenline.drivers.port import Clock
from greenline.drivers.signals import Signal, colour_at, tone_at

STEP_S = 0.04  # smooth to the eye, and little work for a small board


class Signalling:
    """Lights and buzzers, and the signal that they show. Not safe to share between threads.

    lights: in the order of their ring, or a single one.
    """

    def __init__(self, lights: Sequence[Light], buzzers: Sequence[Buzzer], clock: Clock) -> None:
        self._lights = lights
        self._buzzers = buzzers
        self._clock = clock
        self._signal = Signal.WAIT
        self._since_s = clock()

    @classmethod
    def open_lights(cls, where: Sequence[LightPins], pins: Pins, clock: Clock) -> Self:
        """Take the pins of the lights. Raises PortLostError; then none of them is held."""
        lights: list[GpioLight] = []
        try:
            lights.extend(GpioLight.open(place, pins) for place in where)
        except BaseException:
            for light in lights:
                light.close()
            raise
        return cls(lights, (), clock)

    @classmethod
    def open_buzzer(cls, pin: int, pins: Pins, clock: Clock) -> Self:
        """Take the pin of the buzzer. Raises PortLostError."""
        return cls((), (GpioBuzzer.open(pin, pins),), clock)

    def show(self, signal: Signal) -> None:
        """Begin this signal from its start; nothing changes when it is shown already."""
        if signal is not self._signal:
            self._signal, self._since_s = signal, self._clock()

    def step(self) -> None:
        """Bring lights and buzzers to where the signal is now. Raises PortLostError."""
        t_s = max(0.0, self._clock() - self._since_s)
        for number, light in enumerate(self._lights):
            light.show(colour_at(self._signal, t_s, number / len(self._lights)))
        tone = tone_at(self._signal, t_s)
        for buzzer in self._buzzers:
            buzzer.sound(tone)

    def close(self) -> None:
        """Go dark and silent, and let go of the pins; harmless when closed already."""
        for light in self._lights:
            light.close()
        for buzzer in self._buzzers:
            buzzer.close()
