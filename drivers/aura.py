"""The ring of light on the R503, showing the same table as the kiosk's own lights.

The module animates by itself, so it gets one command a signal instead of samples. Source: R503
user manual 1.2.1, AuraLedConfig. Its manual states the slowest cycle of 256 speeds as 5 s, so a
step is taken as 20 ms: not measured on a module yet.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Protocol, runtime_checkable

from greenline.drivers.signals import (
    AMBER,
    BLACK,
    BLUE,
    GREEN,
    RED,
    SHOWS,
    WHITE,
    Pattern,
    Signal,
)

STEP_S = 0.02
FOR_EVER = 0


class AuraControl(IntEnum):
    """What the ring does."""

    BREATHE = 1
    FLASH = 2
    ON = 3
    OFF = 4


class AuraColour(IntEnum):
    """What colours it has; modules before version 1.2 know the first three only.

    By the manual; how such a module refuses the others was not seen on one yet.
    """

    RED = 1
    BLUE = 2
    PURPLE = 3
    GREEN = 4
    YELLOW = 5
    CYAN = 6
    WHITE = 7


@dataclass(frozen=True)
class Aura:
    """The parameters of AuraLedConfig. speed: cycle in steps of 20 ms, 1-255; times: 0 for ever."""

    control: AuraControl
    colour: AuraColour
    speed: int = 1
    times: int = FOR_EVER

    def encode(self) -> bytes:
        """Return the four bytes behind the command."""
        return bytes([self.control, self.speed, self.colour, self.times])


@runtime_checkable
class Ring(Protocol):
    """A sensor with a ring of light, such as Zfm; used by the thread that uses the sensor."""

    def light(self, aura: Aura) -> bool:
        """Do this until told otherwise; False: the module cannot. May raise DriverError."""


def show_on_ring(sensor: object, signal: Signal) -> bool:
    """Show the signal on the sensor's ring; False: it has none. May raise DriverError."""
    return isinstance(sensor, Ring) and sensor.light(aura_for(signal))


_COLOURS = {
    BLACK: AuraColour.BLUE,  # which every module knows; the ring is dark
    WHITE: AuraColour.WHITE,
    RED: AuraColour.RED,
    AMBER: AuraColour.YELLOW,
    GREEN: AuraColour.GREEN,
    BLUE: AuraColour.BLUE,
}


_OF_THREE = {
    AuraColour.GREEN: AuraColour.BLUE,  # as far from it as red, which means a fault
    AuraColour.YELLOW: AuraColour.RED,
    AuraColour.CYAN: AuraColour.BLUE,
    AuraColour.WHITE: AuraColour.PURPLE,
}


def in_three_colours(aura: Aura) -> Aura:
    """Return the same for modules that know red, blue and purple only: its pattern is kept."""
    return replace(aura, colour=_OF_THREE.get(aura.colour, aura.colour))


def aura_for(signal: Signal) -> Aura:
    """Return what comes nearest to the signal on the ring.

    It cannot run round, so "hold still" flashes; it has no double blink, so "again" flashes twice;
    and it cannot stay on for a while, so "lift finger" is one flash of which half the cycle is lit.
    """
    show = SHOWS[signal]
    colour, speed = _COLOURS[show.colour], round(show.period_s / STEP_S)
    match show.pattern:
        case Pattern.DARK:
            return Aura(AuraControl.OFF, colour)
        case Pattern.BREATHING:
            return Aura(AuraControl.BREATHE, colour, speed)
        case Pattern.STEADY if show.lasts_s is not None:
            return Aura(AuraControl.FLASH, colour, round(2 * show.lasts_s / STEP_S), times=1)
        case Pattern.STEADY:
            return Aura(AuraControl.ON, colour)
        case Pattern.DOUBLE_BLINK:
            return Aura(AuraControl.FLASH, colour, speed // 2, times=2)
        case Pattern.RUNNING | Pattern.BLINKING:
            return Aura(AuraControl.FLASH, colour, speed)
