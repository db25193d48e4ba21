"""What a press looks like: where the skin touches, the ink it leaves, the tones of the sensor."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from greenline.models.training.fields import Field, bilinear, blur, smooth_field

MIDDLE = (168.0, 226.0)  # px at 500 dpi: the pad's middle on the finger
PAD = (122.0, 186.0)  # px at 500 dpi: half the width and height of a full contact


@dataclass(frozen=True)
class Conditions:
    """How a finger is pressed.

    quality: 0 (hopeless) to 1 (clean skin, clean sensor). rotation_deg: counter-clockwise.
    shift_mm: of the pad's middle from the sensor's, right and down. moisture: -1 (dry, broken
    ridges) to 1 (wet, filled valleys). contact: 0 (fingertip's touch) to 1 (whole pad).
    distortion: 0 (none) to 1 (strong) of the elastic skin. residue: 0 (clean glass) to 1, how
    plainly the print before this one still shows; its minutiae are no truth of this one.
    worn, dotted, scarred, smeared, faint: 0 (not at all) to 1, see wear.py.
    """

    quality: float = 0.8
    rotation_deg: float = 0.0
    shift_mm: tuple[float, float] = (0.0, 0.0)
    moisture: float = 0.0
    contact: float = 1.0
    distortion: float = 0.4
    residue: float = 0.0
    worn: float = 0.0
    dotted: float = 0.0
    scarred: float = 0.0
    smeared: float = 0.0
    faint: float = 0.0


def draw_conditions(rng: np.random.Generator) -> Conditions:
    """Draw conditions as cooperative people give them: most good, some fair, one in six hard."""
    hard = rng.random() < 0.17
    drawn = Conditions(
        quality=float(rng.beta(2.0, 2.5) if hard else rng.beta(4.0, 1.6)),
        rotation_deg=float(rng.normal(0, 20 if hard else 10)),
        shift_mm=(float(rng.normal(0, 0.8)), float(rng.normal(0, 1.2))),
        moisture=float(np.clip(rng.normal(0, 0.35), -1, 1)),
        contact=float(rng.beta(2.0, 1.5) if hard else rng.beta(5.0, 1.3)),
        distortion=float(min(1.0, abs(rng.normal(0, 0.8 if hard else 0.5)))),
        residue=float(rng.uniform(0, 0.4) if rng.random() < 0.2 else 0.0),
    )
    return _draw_wear(rng, drawn) if hard else drawn


def _draw_wear(rng: np.random.Generator, given: Conditions) -> Conditions:
    """Return given, in five presses of eight with one of the faults of wear.py."""
    kind, much = int(rng.integers(0, 8)), float(rng.uniform(0.3, 1.0))
    worn, dotted, scarred, smeared, faint = (much if kind == each else 0.0 for each in range(5))
    return replace(given, worn=worn, dotted=dotted, scarred=scarred, smeared=smeared, faint=faint)


@dataclass(frozen=True, eq=False)
class Place:
    """Where every pixel of an impression lies on the finger: x, y (height, width) at 500 dpi.

    scale: impression pixels per finger pixel.
    """

    x: Field
    y: Field
    scale: float

    def smooth(self, rng: np.random.Generator, knots: float) -> Field:
        """Return smooth noise over the impression, its knots that many finger pixels apart."""
        height, width = self.x.shape
        return smooth_field(rng, height, width, knots * self.scale)

    def grain(self, rng: np.random.Generator, sigma: float) -> Field:
        """Return noise of deviation 1 blurred by sigma finger pixels."""
        wide = max(0.4, sigma * self.scale)
        noise = blur(rng.standard_normal(self.x.shape), wide)
        return np.asarray(noise * (2 * np.sqrt(np.pi) * wide))


def draw_lift(rng: np.random.Generator, given: Conditions, place: Place) -> Field:
    """Return how high skin must stand to touch: below -1 all of it does, above 1 none.

    The pad is round: toward its rim only the ridge tops touch, then nothing.
    """
    out = _outward(rng, given, place)
    rim = rng.uniform(0.62, 0.85)
    rise = 0.9 * (np.clip(out - rim, 0, None) / (1 - rim)) ** 2 + 14 * np.clip(out - 1, 0, None)
    uneven = place.smooth(rng, 60) + 0.4 * place.smooth(rng, 22)
    level = 0.1 - 0.62 * given.moisture
    return np.asarray(level + (0.10 + 0.28 * (1 - given.quality)) * uneven + rise)


def _outward(rng: np.random.Generator, given: Conditions, place: Place) -> Field:
    """Return how far out on the pad each pixel is: 0 in its middle, 1 on its outline."""
    size = 0.55 + 0.45 * given.contact
    tilt = rng.normal(0, 40 * (1 - given.contact) + 4, 2)
    across = np.abs(place.x - MIDDLE[0] - tilt[0]) / (PAD[0] * size * rng.normal(1, 0.04))
    below = (place.y - MIDDLE[1] - tilt[1]) / (PAD[1] * size * rng.normal(1, 0.04))
    # Toward the joint the sides run straight, the tip is round.
    down = np.where(below > 0, 0.92 * below, -below)
    power = np.where(below > 0, 2.9, 2.2)
    ragged = 0.030 * place.smooth(rng, 55) + 0.012 * place.smooth(rng, 14)
    return np.asarray((across**power + down**power) ** (1 / power) + ragged)


def draw_touch(
    rng: np.random.Generator, given: Conditions, place: Place, skin: Field, lift: Field
) -> Field:
    """Return how much of each pixel touches the sensor, 0 to 1. skin: as a Finger has it."""
    poor, dry = 1 - given.quality, np.clip(lift, 0, 1)
    ridges, pores, creases = skin[..., 0], skin[..., 1], skin[..., 2]
    standing = ridges - rng.uniform(0.0, 0.7) * pores - 1.8 * creases
    standing += (0.10 + 0.38 * poor + 0.25 * dry) * place.grain(rng, 1.4)
    standing += (0.03 + 0.26 * poor) * place.grain(rng, 2.6)
    standing += 0.10 * rng.standard_normal(lift.shape)
    soft = np.exp(rng.uniform(np.log(0.10), np.log(0.32)))
    return np.asarray(1 / (1 + np.exp(-np.clip((standing - lift) / soft, -30, 30))))


def draw_ground(rng: np.random.Generator, given: Conditions, place: Place, skin: Field) -> Field:
    """Return the grey of the empty sensor: uneven light, and what the last print left there."""
    ground = rng.uniform(225, 252) + rng.normal(0, 4) * place.smooth(rng, 130)
    if given.residue > 0:
        ground = ground - 70 * given.residue * _left_behind(rng, place, skin)
    return np.asarray(ground)


def _left_behind(rng: np.random.Generator, place: Place, skin: Field) -> Field:
    """Return the ink, 0 to 1, of an earlier press of the same finger, turned and shifted."""
    angle = rng.normal(0, 0.3)
    right, below = place.x - MIDDLE[0], place.y - MIDDLE[1]
    x = rng.normal(0, 25) + right * np.cos(angle) - below * np.sin(angle)
    y = rng.normal(0, 25) + right * np.sin(angle) + below * np.cos(angle)
    ridges = bilinear(skin[..., :1], x + MIDDLE[0], y + MIDDLE[1])[..., 0]
    pad = np.clip((1 - np.hypot(x / PAD[0], y / PAD[1])) / 0.15, 0, 1)
    return np.asarray(
        np.clip(ridges, 0, 1) * pad * np.clip(0.6 + 0.6 * place.smooth(rng, 40), 0, 1)
    )


def develop(
    rng: np.random.Generator,
    given: Conditions,
    place: Place,
    touch: Field,
    lift: Field,
    ground: Field,
) -> NDArray[np.uint8]:
    """Return the 8-bit picture (height, width): tones, optics, electronics."""
    poor = 1 - given.quality
    pressed = 1 / (1 + np.exp(np.clip((lift - 1.0) / 0.25, -30, 30)))
    valley = ground - pressed * (rng.uniform(2, 14) + 30 * max(0.0, given.moisture))
    blackest = rng.uniform(15, 60) + 60 * poor * rng.random()
    dark = blackest + 14 * place.smooth(rng, 70) + 40 * np.clip(lift, 0, 1)
    picture = valley + touch * (np.minimum(dark, valley - 30) - valley)
    picture = blur(picture, rng.uniform(0.55, 0.85))
    picture += rng.normal(0, 1.5 + 4 * poor, picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
