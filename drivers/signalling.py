"""Plays a signal on whatever lights and buzzers there are, from a thread of its own.

A light that fails must not stop a capture: it is left alone from then on and named.
"""

import threading
from collections.abc import Callable, Sequence

from greenline.drivers.buzzer import Buzzer
from greenline.drivers.errors import DriverError
from greenline.drivers.lights import Light
from greenline.drivers.port import Clock
from greenline.drivers.signals import Signal, colour_at, tone_at

STEP_S = 0.04  # smooth to the eye, and little work for a small board

Report = Callable[[DriverError], None]


class Signalling:
    """The signal that is shown now. show() may be called from any thread; step() from one only.

    lights: in the order of their ring, or a single one. report: told once of each that failed.
    """

    def __init__(
        self, lights: Sequence[Light], buzzers: Sequence[Buzzer], clock: Clock, report: Report
    ) -> None:
        self._lights: list[Light | None] = list(lights)
        self._buzzers: list[Buzzer | None] = list(buzzers)
        self._clock = clock
        self._report = report
        self._now = (Signal.WAIT, clock())  # one assignment: the two always belong together

    def show(self, signal: Signal) -> None:
        """Begin this signal, from its start even if it is shown already."""
        self._now = (signal, self._clock())

    def step(self) -> None:
        """Bring lights and buzzers to where the signal is now."""
        signal, since = self._now
        t_s = max(0.0, self._clock() - since)
        for number, light in enumerate(self._lights):
            if light is not None:
                colour = colour_at(signal, t_s, number / len(self._lights))
                try:
                    light.show(colour)
                except DriverError as error:
                    self._lights[number] = None
                    self._report(error)
        tone = tone_at(signal, t_s)
        for number, buzzer in enumerate(self._buzzers):
            if buzzer is not None:
                try:
                    buzzer.sound(tone)
                except DriverError as error:
                    self._buzzers[number] = None
                    self._report(error)

    def run(self, stop: threading.Event) -> None:
        """Step until told to stop: the body of a thread."""
        while not stop.wait(STEP_S):
            self.step()
