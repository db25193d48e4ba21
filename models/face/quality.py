"""Judges the picture of a face: named measures from 0 to 100, and what to do about the low ones.

The kiosk calls judge_face() on a preview, tells the officer the words, and takes the picture when
there are none. The measures are inspired by OFIQ (BSI, the reference of ISO/IEC 29794-5): names,
formulas and constants are its own where they could be followed, but the points and the cut-out
come from another detector, so a score here is no OFIQ score. docs/models/blazeface.md says which
constant is whose. Whether eyes are open, a mouth is closed or a face is hidden is not judged.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from greenline.models.errors import PictureError
from greenline.models.face import measures
from greenline.models.face.detection import Face, FaceDetector, as_image
from greenline.models.face.measures import Framing
from greenline.models.face.portrait import Portrait, cut_portrait

ALGORITHM = "greenline-face-1"
# In fewer pixels nobody can be near enough for EYE_DISTANCE and far enough for HEAD_SIZE.
LEAST_HEIGHT = 400

ALONE = "One person at a time"
NOBODY = "Nobody is in the picture"
CLOSER = "Come closer"
BACK = "Step back"
MIDDLE = "Move to the middle"
UPRIGHT = "Hold the head upright"
STRAIGHT = "Look straight at the camera"
STILL = "Hold still"
TO_LIGHT = "Turn towards the light"
DIMMER = "Too bright"
FLAT = "Change the light: the face looks flat"
PLAIN = "Stand before a plain background"


class Measure(Enum):
    """What is judged, in the words of a technician."""

    SINGLE_FACE = "single face"
    HEAD_SIZE = "head size"
    EYE_DISTANCE = "eye distance"
    ACROSS = "place across"
    DOWN = "place down"
    ROLL = "roll"
    YAW = "yaw"
    UNDER_EXPOSURE = "under-exposure"
    OVER_EXPOSURE = "over-exposure"
    EVEN_LIGHT = "even light"
    DYNAMIC_RANGE = "dynamic range"
    SHARPNESS = "sharpness"
    BACKGROUND = "background"


def sigmoid(value: float, x0: float, w: float) -> float:
    """Return 1 / (1 + exp((x0 - value) / w)), the mapping that ISO/IEC 29794-5 uses most."""
    return 1 / (1 + math.exp(min(700.0, max(-700.0, (x0 - value) / w))))


def near(value: float, best: float, w: float) -> float:
    """Return 100 at best, 54 at w and 24 at 2 w away from it."""
    return 200 * (1 - sigmoid(abs(value - best), 0, w))


def turned(degrees: float) -> float:
    """Return 100 for no turn, 0 for a right angle."""
    return 100 * math.cos(math.radians(degrees)) ** 2


@dataclass(frozen=True)
class Rule:
    """How a value becomes a score, which values are accepted, and the words for the others."""

    score: Callable[[float], float]
    least: float
    most: float
    too_small: str
    too_large: str


ENDLESS = math.inf

# The one table of limits and words, in the order in which an officer hears them.
RULES: dict[Measure, Rule] = {
    Measure.SINGLE_FACE: Rule(lambda v: 100 * (1 - v), 0, 0.4, NOBODY, ALONE),
    Measure.HEAD_SIZE: Rule(lambda v: near(v, 0.375, 0.05), 0.3, 0.45, CLOSER, BACK),
    Measure.EYE_DISTANCE: Rule(lambda v: 100 * sigmoid(v, 70, 20), 90, ENDLESS, CLOSER, BACK),
    Measure.ACROSS: Rule(lambda v: near(v, 0.5, 0.05), 0.45, 0.55, MIDDLE, MIDDLE),
    Measure.DOWN: Rule(lambda v: near(v, 0.4, 0.1), 0.3, 0.5, MIDDLE, MIDDLE),
    Measure.ROLL: Rule(turned, -8, 8, UPRIGHT, UPRIGHT),
    Measure.YAW: Rule(turned, -12, 12, STRAIGHT, STRAIGHT),
    Measure.UNDER_EXPOSURE: Rule(
        lambda v: 120 * (0.832 - sigmoid(v, 0.92, 0.05)), 0, 0.92, TO_LIGHT, TO_LIGHT
    ),
    Measure.OVER_EXPOSURE: Rule(lambda v: 1 / (v + 0.01), 0, 0.05, DIMMER, DIMMER),
    Measure.EVEN_LIGHT: Rule(lambda v: 100 * v**0.3, 0.2, 1, TO_LIGHT, TO_LIGHT),
    Measure.DYNAMIC_RANGE: Rule(lambda v: 12.5 * v, 5, 8, FLAT, FLAT),
    Measure.SHARPNESS: Rule(lambda v: 100 * sigmoid(v, 0.06, 0.02), 0.075, ENDLESS, STILL, STILL),
    Measure.BACKGROUND: Rule(lambda v: 190 * (1 - sigmoid(v, 10, 100)), 0, 150, PLAIN, PLAIN),
}


@dataclass(frozen=True)
class Finding:
    """One measure of one picture: its value as measures.py gives it, its score from 0 to 100.

    words: what to do, for the officer; None where the value is accepted.
    """

    measure: Measure
    value: float
    score: int
    words: str | None


@dataclass(frozen=True)
class FaceQuality:
    """What is to be said about one picture. faces: the largest first; it is the one judged.

    findings: in the order of RULES; without a face only SINGLE_FACE, and without enough
    background not BACKGROUND.
    """

    faces: tuple[Face, ...]
    findings: tuple[Finding, ...]
    algorithm: str = ALGORITHM

    @property
    def score(self) -> int:
        """The worst measure's score, 0 to 100."""
        return min(finding.score for finding in self.findings)

    @property
    def words(self) -> tuple[str, ...]:
        """What the officer should ask for, the most important first; none when all is well."""
        return tuple(dict.fromkeys(f.words for f in self.findings if f.words is not None))

    def of(self, measure: Measure) -> Finding | None:
        """Return one measure's finding; None where it could not be measured."""
        return next((finding for finding in self.findings if finding.measure is measure), None)


def judge_face(picture: NDArray[np.uint8], detector: FaceDetector) -> FaceQuality:
    """Judge an upright picture (height, width, 3), red green blue: a camera's Picture.pixels.

    Raises PictureError when that is no colour picture, or too small ever to be good.
    """
    image = as_image(picture)
    framing = Framing.of(*image.size)
    if framing.height < LEAST_HEIGHT:
        raise PictureError(
            f"the camera's picture has {image.width}x{image.height} pixels: a face needs at least "
            f"{LEAST_HEIGHT * 3 // 4}x{LEAST_HEIGHT}"
        )
    faces = detector.detect(picture)
    if not faces:
        return FaceQuality((), (Finding(Measure.SINGLE_FACE, 0, 0, NOBODY),))
    values = [*_of_detection(faces, framing)]
    portrait = cut_portrait(image, faces[0])
    if portrait is not None:
        values += _of_pixels(portrait)
    found = {measure: _find(measure, value) for measure, value in values}
    return FaceQuality(faces, tuple(found[measure] for measure in RULES if measure in found))


def _of_detection(faces: tuple[Face, ...], framing: Framing) -> Iterator[tuple[Measure, float]]:
    face = faces[0]
    yield Measure.SINGLE_FACE, measures.rivalry(faces)
    yield Measure.HEAD_SIZE, measures.head_size(face, framing)
    yield Measure.EYE_DISTANCE, measures.eye_distance(face)
    yield Measure.ACROSS, measures.across(face, framing)
    yield Measure.DOWN, measures.down(face, framing)
    yield Measure.ROLL, measures.roll(face)
    yield Measure.YAW, measures.yaw(face)


def _of_pixels(portrait: Portrait) -> Iterator[tuple[Measure, float]]:
    yield Measure.UNDER_EXPOSURE, measures.darkness(portrait)
    yield Measure.OVER_EXPOSURE, measures.glare(portrait)
    yield Measure.EVEN_LIGHT, measures.even_light(portrait)
    yield Measure.DYNAMIC_RANGE, measures.dynamic_range(portrait)
    yield Measure.SHARPNESS, measures.sharpness(portrait)
    background = measures.background(portrait)
    if background is not None:
        yield Measure.BACKGROUND, background


def _find(measure: Measure, value: float) -> Finding:
    rule = RULES[measure]
    words = None
    if value < rule.least:
        words = rule.too_small
    elif value > rule.most:
        words = rule.too_large
    return Finding(measure, value, round(min(100.0, max(0.0, rule.score(value)))), words)
