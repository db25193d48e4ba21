"""How far a sensor's picture meets what a search among many people needs. Pure.

What it is measured against: 500 pixels an inch, 256 grey levels and FAP 10, the smallest area for
one finger in ANSI/NIST-ITL 1, which is 12.7 x 16.5 mm. The rules of certification ask for more
than these numbers; no sensor is certified by this.
"""

from dataclasses import dataclass
from enum import Enum

from greenline.drivers.sensor import SensorInfo

NEEDED_DPI = 490.0  # 500 less the two per cent that scanners are allowed
NEEDED_GREY_LEVELS = 256
NEEDED_MM = (12.7, 16.5)

_WEAK_MM = 11.0  # narrower than this on either side: hardly a dozen minutiae of a fingertip
_WEAK_DPI = 400.0
_MM_PER_INCH = 25.4


class Level(Enum):
    """What the pictures are good for."""

    GOOD = "good"
    FAIR = "fair"
    WEAK = "weak"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fitness:
    """The level, and every need that is not met in a sentence of its own."""

    level: Level
    reasons: tuple[str, ...]


def fitness_of(info: SensorInfo) -> Fitness:
    """Compare what a sensor says of itself with what a search needs."""
    few_greys: tuple[str, ...] = ()
    if info.grey_levels < NEEDED_GREY_LEVELS:
        lost = "faint ridges and pores are lost"
        few_greys = (f"{info.grey_levels} grey levels instead of 256: {lost}",)
    if info.width is None or info.height is None or info.dpi is None:
        unknown = "the size of its pictures is known after the first one"
        return Fitness(Level.UNKNOWN, (unknown, *few_greys))
    width, height = (pixels / info.dpi * _MM_PER_INCH for pixels in (info.width, info.height))
    reasons = [*few_greys]
    if info.dpi < NEEDED_DPI:
        reasons.append(f"{info.dpi:g} dpi instead of 500: ridges blur into each other")
    if width < NEEDED_MM[0] or height < NEEDED_MM[1]:
        reasons.append(
            f"it sees {width:.1f} x {height:.1f} mm of the finger instead of 12.7 x 16.5 mm: "
            "two presses may show different parts"
        )
    weak = min(width, height) < _WEAK_MM or info.dpi < _WEAK_DPI
    level = Level.WEAK if weak else Level.FAIR if reasons else Level.GOOD
    return Fitness(level, tuple(reasons))
