import math

import numpy as np
import pytest

from greenline.models.errors import PictureError
from greenline.models.face import quality
from greenline.models.face.detection import FaceDetector
from greenline.models.face.quality import RULES, FaceQuality, Measure, judge_face
from tests.models.face.drawn import draw_face
from tests.models.face.placing import (
    Pixels,
    Sitter,
    blurred,
    brighter,
    lit_from_the_left,
    moved,
    noisy,
    nose_pushed,
    side_by_side,
)

EYES_PX = 150  # of a good picture of 960x720


@pytest.fixture(scope="module")
def good(astronaut: Sitter) -> Pixels:
    return astronaut.at(EYES_PX)


def score(judged: FaceQuality, measure: Measure) -> int:
    finding = judged.of(measure)
    assert finding is not None
    return finding.score


def test_a_good_picture_needs_no_words(good: Pixels, detector: FaceDetector):
    judged = judge_face(good, detector)
    assert judged.words == ()
    assert [finding.measure for finding in judged.findings] == list(RULES)
    plain = [f.score for f in judged.findings if f.measure is not Measure.BACKGROUND]
    assert min(plain) >= 80  # behind her are a flag and a space shuttle
    assert judged.score == min(finding.score for finding in judged.findings)


SPOILED = {
    "far away": (lambda s: s.at(70), Measure.HEAD_SIZE, quality.CLOSER),
    "far away, in pixels": (lambda s: s.at(70), Measure.EYE_DISTANCE, quality.CLOSER),
    "too near": (lambda s: s.at(220), Measure.HEAD_SIZE, quality.BACK),
    "too far left": (lambda s: s.at(EYES_PX, x=0.4), Measure.ACROSS, quality.MIDDLE),
    "too far right": (lambda s: s.at(EYES_PX, x=0.6), Measure.ACROSS, quality.MIDDLE),
    "too low": (lambda s: s.at(EYES_PX, y=0.6), Measure.DOWN, quality.MIDDLE),
    "too high": (lambda s: s.at(EYES_PX, y=0.26), Measure.DOWN, quality.MIDDLE),
    "tilted left": (lambda s: s.at(EYES_PX, tilt=-18), Measure.ROLL, quality.UPRIGHT),
    "tilted right": (lambda s: s.at(EYES_PX, tilt=14), Measure.ROLL, quality.UPRIGHT),
    "turned": (lambda s: nose_pushed(s.at(EYES_PX), 50, 220), Measure.YAW, quality.STRAIGHT),
    "turned back": (lambda s: nose_pushed(s.at(EYES_PX), -50, 220), Measure.YAW, quality.STRAIGHT),
    "dark": (lambda s: brighter(s.at(EYES_PX), 0.3), Measure.UNDER_EXPOSURE, quality.TO_LIGHT),
    "dark and flat": (lambda s: brighter(s.at(EYES_PX), 0.3), Measure.DYNAMIC_RANGE, quality.FLAT),
    "glaring": (lambda s: brighter(s.at(EYES_PX), 1.6), Measure.OVER_EXPOSURE, quality.DIMMER),
    "half lit": (lambda s: lit_from_the_left(s.at(EYES_PX)), Measure.EVEN_LIGHT, quality.TO_LIGHT),
    "blurred": (lambda s: blurred(s.at(EYES_PX), 4), Measure.SHARPNESS, quality.STILL),
    "blurred, noisy": (
        lambda s: noisy(blurred(s.at(EYES_PX), 6), 8),
        Measure.SHARPNESS,
        quality.STILL,
    ),
    "moving": (lambda s: moved(s.at(EYES_PX), 40), Measure.SHARPNESS, quality.STILL),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_wrong_lowers_its_measure_and_is_said(
    astronaut: Sitter, good: Pixels, detector: FaceDetector, name: str
):
    spoil, measure, words = SPOILED[name]
    judged = judge_face(spoil(astronaut), detector)
    assert words in judged.words
    finding = judged.of(measure)
    assert finding is not None
    assert finding.words == words
    assert finding.score < score(judge_face(good, detector), measure)


def test_a_turn_and_its_mirror_image_are_told_apart(good: Pixels, detector: FaceDetector):
    one, other = (
        judge_face(nose_pushed(good, px, 220), detector).of(Measure.YAW) for px in (50, -50)
    )
    assert one is not None
    assert other is not None
    assert one.value > 0 > other.value


def test_noise_does_not_make_a_sharp_picture_blurred(good: Pixels, detector: FaceDetector):
    assert quality.STILL not in judge_face(noisy(good, 8), detector).words


def test_two_people_are_told_to_come_one_at_a_time(astronaut: Sitter, detector: FaceDetector):
    first, second = astronaut.at(130, width=640), astronaut.at(110, width=640)
    judged = judge_face(side_by_side(first, second), detector)
    assert len(judged.faces) == 2
    assert judged.words[0] == quality.ALONE
    assert score(judged, Measure.SINGLE_FACE) < 30


def test_somebody_far_behind_does_not_disturb(astronaut: Sitter, detector: FaceDetector):
    picture = astronaut.at(EYES_PX, width=1280).copy()
    picture[100:400, 980:] = astronaut.at(40, width=300, height=300)
    judged = judge_face(picture, detector)
    assert len(judged.faces) == 2
    assert quality.ALONE not in judged.words
    assert score(judged, Measure.SINGLE_FACE) < 100


def test_an_empty_place_is_said_and_nothing_else(detector: FaceDetector):
    judged = judge_face(np.full((480, 640, 3), 90, np.uint8), detector)
    assert (judged.score, judged.words, judged.faces) == (0, (quality.NOBODY,), ())


def test_a_drawn_face_is_well_placed_but_flatly_lit(detector: FaceDetector):
    judged = judge_face(draw_face(100, y=190), detector)
    assert judged.words == (quality.FLAT,)


def test_a_picture_too_small_ever_to_be_good_is_refused(detector: FaceDetector):
    with pytest.raises(PictureError, match=r"320x240 pixels: a face needs at least 300x400"):
        judge_face(np.zeros((240, 320, 3), np.uint8), detector)


def test_the_smallest_picture_allowed_can_be_good_and_never_asks_for_both(
    astronaut: Sitter, detector: FaceDetector
):
    judged = judge_face(astronaut.at(94, width=300, height=400), detector)
    assert quality.CLOSER not in judged.words
    assert quality.BACK not in judged.words


@pytest.mark.parametrize(
    ("measure", "value", "expected"),
    [
        (Measure.EYE_DISTANCE, 70, 50),
        (Measure.EYE_DISTANCE, 120, 92),
        (Measure.ROLL, -45, 50),
        (Measure.UNDER_EXPOSURE, 0, 100),
        (Measure.UNDER_EXPOSURE, 0.92, 40),
        (Measure.OVER_EXPOSURE, 0, 100),
        (Measure.OVER_EXPOSURE, 0.04, 20),
        (Measure.EVEN_LIGHT, 0.5, 81),
        (Measure.DYNAMIC_RANGE, 4, 50),
        (Measure.BACKGROUND, 10, 95),
        (Measure.BACKGROUND, 110, 51),
        (Measure.SINGLE_FACE, 0.25, 75),
        (Measure.HEAD_SIZE, 0.375, 100),
    ],
)
def test_the_published_mappings(measure: Measure, value: float, expected: int):
    # By hand from the formulas of ISO/IEC 29794-5 as OFIQ computes them; HEAD_SIZE is moved.
    assert round(RULES[measure].score(value)) == expected


@pytest.mark.parametrize("measure", Measure)
def test_every_rule_keeps_its_score_between_0_and_100_and_has_words(measure: Measure):
    rule = RULES[measure]
    ends = [rule.least, 0.0, 1e-9, 1e9, rule.most]
    for value in (end for end in ends if math.isfinite(end) and end >= min(0, rule.least)):
        assert 0 <= quality._find(measure, value).score <= 100
    assert rule.least < rule.most
    assert rule.too_small
    assert rule.too_large
