"""What the kiosk shows and sounds to the person before it: one table, state to light and sound.

Pure functions of time, so a thread only samples them. There is no signal for the result of a
search and there must never be one: no light, sound or timing may tell the person of a hit (and
spoof detection is never shown either, BSI TR-03121-3).

Colours after IEC 60073: red for faults alone. As about one man in twelve cannot tell red from
green, every signal also differs from every other by its pattern or its sound. What blinks does so
0.5 to 2 times a second, and even where one signal follows another there are at most three flashes
in any second (WCAG 2.2, 2.3.1), for people with photosensitive epilepsy.
"""

import math
from dataclasses import dataclass
from enum import Enum


class Signal(Enum):
    """What the person is told."""

    READY = "ready"
    PUT_FINGER = "put finger"
    HOLD_STILL = "hold still"
    LIFT_FINGER = "lift finger"
    AGAIN = "again"
    WAIT = "wait"
    OUT_OF_ORDER = "out of order"


class Pattern(Enum):
    """How the light changes."""

    DARK = "dark"
    STEADY = "steady"
    BREATHING = "breathing"
    RUNNING = "running"
    BLINKING = "blinking"
    DOUBLE_BLINK = "double blink"


@dataclass(frozen=True)
class Colour:
    """Shares of red, green and blue, 0.0 to 1.0."""

    red: float
    green: float
    blue: float

    def dimmed(self, level: float) -> "Colour":
        """Return the colour at a share of its brightness."""
        return Colour(self.red * level, self.green * level, self.blue * level)


BLACK = Colour(0.0, 0.0, 0.0)
WHITE = Colour(1.0, 1.0, 1.0)
RED = Colour(1.0, 0.0, 0.0)
AMBER = Colour(1.0, 0.5, 0.0)
GREEN = Colour(0.0, 1.0, 0.0)
BLUE = Colour(0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Beep:
    """One tone of a sound: its pitch in hertz, its start and length in seconds."""

    hertz: float
    start_s: float
    length_s: float


@dataclass(frozen=True)
class Show:
    """One row of the table.

    period_s: of the pattern's repetition. lasts_s: dark after so long, None: until the next
    signal. sound: played once, at the beginning.
    """

    colour: Colour
    pattern: Pattern
    period_s: float = 1.0
    lasts_s: float | None = None
    sound: tuple[Beep, ...] = ()


HIGH_BEEP = (Beep(2000.0, 0.0, 0.2),)
LOW_DOUBLE_BEEP = (Beep(400.0, 0.0, 0.15), Beep(400.0, 0.3, 0.15))

SHOWS = {
    Signal.READY: Show(WHITE, Pattern.BREATHING, period_s=4.0),
    Signal.PUT_FINGER: Show(BLUE, Pattern.STEADY),
    Signal.HOLD_STILL: Show(BLUE, Pattern.RUNNING, period_s=1.0),
    Signal.LIFT_FINGER: Show(GREEN, Pattern.STEADY, lasts_s=1.0, sound=HIGH_BEEP),
    Signal.AGAIN: Show(AMBER, Pattern.DOUBLE_BLINK, period_s=2.0, sound=LOW_DOUBLE_BEEP),
    Signal.WAIT: Show(BLACK, Pattern.DARK),
    Signal.OUT_OF_ORDER: Show(RED, Pattern.BLINKING, period_s=2.0),
}

_BLINK_S = 0.25  # of the double blink: on, off, on, then a pause
_DIMMEST = 0.15  # a breathing light never looks switched off


def colour_at(signal: Signal, t_s: float, place: float = 0.0) -> Colour:
    """Return the light's colour t_s seconds after the signal began (0 or more).

    place: where on a ring of lights this one sits, 0.0 to below 1.0; a single light is at 0.
    """
    show = SHOWS[signal]
    if show.lasts_s is not None and t_s >= show.lasts_s:
        return BLACK
    return show.colour.dimmed(_level(show.pattern, t_s % show.period_s, show.period_s, place))


def tone_at(signal: Signal, t_s: float) -> float | None:
    """Return the pitch in hertz t_s seconds after the signal began; None: silence."""
    for beep in SHOWS[signal].sound:
        if beep.start_s <= t_s < beep.start_s + beep.length_s:
            return beep.hertz
    return None


def _level(pattern: Pattern, into_s: float, period_s: float, place: float) -> float:
    """Return the brightness into_s seconds into a period, 0.0 to 1.0."""
    share = into_s / period_s
    match pattern:
        case Pattern.STEADY:
            return 1.0
        case Pattern.BREATHING:
            return 1.0 - (1.0 - _DIMMEST) * (1 - math.cos(2 * math.pi * share)) / 2
        case Pattern.RUNNING:  # a comet: brightest at its head, then a tail of half the ring
            behind_head = (share - place) % 1.0
            return max(0.0, 1.0 - 2.0 * behind_head)
        case Pattern.BLINKING:
            return 1.0 if share < 0.5 else 0.0
        case Pattern.DOUBLE_BLINK:
            return 1.0 if into_s < _BLINK_S or 2 * _BLINK_S <= into_s < 3 * _BLINK_S else 0.0
        case Pattern.DARK:
            return 0.0
