"""The ridge flow of a synthetic finger: pattern class, cores and deltas, orientation, period.

The zero-pole model (Sherlock & Monro 1993) with the correction about cores that Vizcaya &
Gerhardt (1996) asked for, over a flow that arches with the fingertip. How steeply the ridges run
beside and below the core was set beside the mean flow about the cores of FVC2002 DB1 and DB2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.models.training.fields import Field, smooth_field

HEIGHT = 480
WIDTH = 336

CLASSES = ("arch", "tented arch", "left loop", "right loop", "whorl")
# Shares among all fingers: Wilson, Candela, Watson, "Neural network fingerprint
# classification" (NIST, 1994).
SHARES = (0.037, 0.029, 0.338, 0.317, 0.279)

# The middle of the pad, where the core of most fingers lies.
_MIDDLE = complex(WIDTH / 2, -HEIGHT * 0.45)


@dataclass(frozen=True)
class Flow:
    """The plan of one finger, at 500 dpi.

    orientation: (HEIGHT, WIDTH) radians, counter-clockwise on the screen, modulo pi.
    period: (HEIGHT, WIDTH) pixels from ridge to ridge.
    cores, deltas: points x - iy, so that y counts upward.
    """

    name: str
    orientation: Field
    period: Field
    cores: tuple[complex, ...]
    deltas: tuple[complex, ...]


def draw_flow(rng: np.random.Generator) -> Flow:
    """Draw a finger's class and its flow."""
    name = str(rng.choice(CLASSES, p=SHARES))
    cores, deltas = _singularities(rng, name)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    points = x - 1j * y
    orientation = _arching(rng, name, points) + _winding(rng, points, cores, deltas)
    orientation += 0.10 * smooth_field(rng, HEIGHT, WIDTH, 110)
    orientation += 0.04 * smooth_field(rng, HEIGHT, WIDTH, 50)
    if name == "whorl":
        orientation -= _twist(orientation, points, cores)
    period = _period(rng, points, deltas)
    return Flow(name, np.mod(orientation, np.pi), period, cores, deltas)


def _singularities(
    rng: np.random.Generator, name: str
) -> tuple[tuple[complex, ...], tuple[complex, ...]]:
    """Place cores and deltas, in pixels about the middle of the pad, y upward."""

    def near(x: float, y: float, spread_x: float, spread_y: float) -> complex:
        return _MIDDLE + complex(rng.normal(x, spread_x), rng.normal(y, spread_y))

    if name == "arch":
        return (), ()
    if name == "tented arch":
        core = near(0, 5, 8, 12)
        return (core,), (core + complex(rng.normal(0, 5), -rng.uniform(45, 90)),)
    if name == "whorl":
        upper = near(0, 24, 8, 12)
        lower = upper + complex(rng.normal(0, 13), -rng.uniform(12, 75))
        left = near(-98, -118, 16, 26)
        return (upper, lower), (left, near(98, -118, 16, 26))
    # The legs of a left loop leave to the left, so its delta lies to the right.
    side = 1 if name == "left loop" else -1
    core = near(-6 * side, 12, 8, 14)
    return (core,), (core + complex(side * rng.uniform(50, 112), -rng.uniform(80, 160)),)


def _arching(rng: np.random.Generator, name: str, points: NDArray[np.complex128]) -> Field:
    """Return the flow without its singularities: level at the joint, round the tip above."""
    x, y = points.real - _MIDDLE.real, points.imag - _MIDDLE.imag
    centre = rng.normal(0, 8)
    above = 1 / (1 + np.exp(-(y + rng.normal(10, 15)) / 70))
    roundness = np.arctan2(x - centre, rng.uniform(190, 260) * np.ones_like(x))
    bow = 0.12 * np.sin(np.clip((x - centre) / 150, -1.5, 1.5)) * (1 - above)
    if name != "arch":
        return -roundness * above * 1.1 + bow - _sides(rng, x - centre, y)
    width, height = rng.uniform(42, 60), rng.uniform(0.9, 1.5)
    fade = np.exp(-0.5 * ((y + rng.normal(20, 12)) / np.where(y > 0, 125, 90)) ** 2)
    hump = height * fade * (x - centre) / width * np.exp(0.5 - 0.5 * ((x - centre) / width) ** 2)
    return -np.arctan(hump) - 0.7 * roundness * above + bow


def _sides(rng: np.random.Generator, x: Field, y: Field) -> Field:
    """Return how much steeper the ridges run on the right, and less on the left, than they wind.

    From the tip down to the deltas they stand steeply on both sides; at the joint they lie level.
    """
    steepness = rng.normal(0.38, 0.09)
    down, foot = y + rng.normal(140, 18), rng.uniform(14, 30)
    below = 1 / (1 + np.exp(-down / foot))
    above = 1 / (1 + np.exp(np.clip((y - rng.normal(85, 15)) / 45, -30, 30)))
    return np.asarray(steepness * np.tanh(x / 45) * below * (0.3 + 0.7 * above))


def _winding(
    rng: np.random.Generator,
    points: NDArray[np.complex128],
    cores: tuple[complex, ...],
    deltas: tuple[complex, ...],
) -> Field:
    """Return half the angle about every core less half the angle about every delta."""
    total = np.zeros(points.shape)
    for delta in deltas:
        total -= np.angle(points - delta) / 2
    for index, core in enumerate(cores):
        others = [each for at, each in enumerate(cores) if at != index]
        rest = float(np.sum(np.angle([core - each for each in others])))
        rest -= float(np.sum(np.angle([core - each for each in deltas])))
        # The ridge stands square to the ray along the axis, outward of the bend: there
        # angle / 2 + rest / 2 = angle + pi / 2.
        axis = rest - np.pi
        away = points - core
        # Round the bend the ridges are circles, between the legs they are parallel; the
        # plain half angle gives parabolas.
        rounding = rng.uniform(0.22, 0.42) * np.exp(-np.abs(away) / 160)
        angle = np.angle(away)
        total += angle / 2 + rounding * np.sin(angle - axis)
    return total


def _twist(orientation: Field, points: NDArray[np.complex128], cores: tuple[complex, ...]) -> Field:
    """Return most of what makes a pinwheel of a whorl: its ridges close on themselves or nearly."""
    middle = sum(cores) / len(cores)
    away = points - middle
    ring = (np.abs(away) > 30) & (np.abs(away) < 45)
    slants = np.exp(2j * (orientation[ring] - np.angle(away[ring]) - np.pi / 2))
    return np.asarray(0.75 * np.angle(slants.mean()) / 2 * np.exp(-((np.abs(away) / 110) ** 2)))


def _period(
    rng: np.random.Generator, points: NDArray[np.complex128], deltas: tuple[complex, ...]
) -> Field:
    """Return the ridge period: 7 to 10.5 px, wider toward the joint, varying smoothly."""
    low = (_MIDDLE.imag - points.imag) / 240
    period = rng.normal(8.55, 0.6) * (1 + rng.normal(0.07, 0.04) * np.clip(low, -1, 1.2))
    period *= 1 + rng.uniform(0.04, 0.1) * smooth_field(rng, HEIGHT, WIDTH, 90)
    for delta in deltas:
        period *= 1 + 0.06 * np.exp(-0.5 * (np.abs(points - delta) / 35) ** 2)
    return np.clip(period, 6.6, 12.0)
