import dataclasses

import numpy as np
import pytest

from greenline.models.face import measures
from greenline.models.face.detection import Face, Point
from greenline.models.face.measures import Framing
from greenline.models.face.portrait import EYES_X, EYES_Y, HEIGHT, WIDTH, Portrait

LEVEL = Face(
    score=0.9,
    left_top=Point(100, 100),
    right_bottom=Point(300, 300),
    right_eye=Point(150, 150),
    left_eye=Point(250, 150),
    nose=Point(200, 200),
    mouth=Point(200, 250),
    right_ear=Point(100, 160),
    left_ear=Point(300, 160),
)


def portrait(grey: np.ndarray, inside: np.ndarray | None = None) -> Portrait:
    """Grey and luminance alike: what is tested here does not depend on the difference."""
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    shown = everywhere if inside is None else inside
    return Portrait(grey.astype(np.float32), grey.astype(np.uint8), shown, 86.0)


def flat(level: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), level, np.float32)


def test_the_framing_is_the_largest_upright_portrait_in_the_middle():
    assert Framing.of(1280, 720) == Framing(370, 0, 540, 720)
    assert Framing.of(720, 1280) == Framing(0, 160, 720, 960)
    assert Framing.of(600, 800) == Framing(0, 0, 600, 800)


def test_sizes_and_places_are_read_from_the_eyes_and_the_mouth():
    framing = Framing.of(300, 400)
    assert measures.eye_distance(LEVEL) == 100
    assert measures.head_size(LEVEL, framing) == pytest.approx(1.67 * 100 / 400)
    assert measures.across(LEVEL, framing) == pytest.approx(200 / 300)
    assert measures.down(LEVEL, framing) == pytest.approx(150 / 400)


def test_a_tilt_is_positive_clockwise():
    assert measures.roll(LEVEL) == 0
    tilted = dataclasses.replace(LEVEL, left_eye=Point(250, 250))
    assert measures.roll(tilted) == pytest.approx(45)


def test_a_turn_is_read_from_the_nose_also_in_a_tilted_head():
    assert measures.yaw(LEVEL) == 0
    turned = dataclasses.replace(LEVEL, nose=Point(210, 200))
    assert measures.yaw(turned) == pytest.approx(14.04, abs=0.01)
    tilted = dataclasses.replace(
        LEVEL, right_eye=Point(200, 100), left_eye=Point(200, 200), nose=Point(150, 160)
    )
    assert measures.yaw(tilted) == pytest.approx(14.04, abs=0.01)


def test_a_second_face_is_a_rival_by_its_length():
    half = dataclasses.replace(LEVEL, left_top=Point(0, 0), right_bottom=Point(100, 100))
    assert measures.rivalry((LEVEL,)) == 0
    assert measures.rivalry((LEVEL, half)) == 0.5


@pytest.mark.parametrize(
    ("level", "dark", "glare"), [(25, 1, 0), (26, 0, 0), (246, 0, 0), (247, 0, 1)]
)
def test_black_ends_at_25_and_white_begins_at_247(level: int, dark: float, glare: float):
    assert measures.darkness(portrait(flat(level))) == dark
    assert measures.glare(portrait(flat(level))) == glare


def test_one_level_has_no_range_and_all_levels_have_eight_bits():
    assert measures.dynamic_range(portrait(flat(90))) == 0
    every = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH))
    assert measures.dynamic_range(portrait(every)) == pytest.approx(8, abs=0.05)


def test_cheeks_alike_share_all_their_light_and_a_lit_one_nothing():
    assert measures.even_light(portrait(flat(90))) == 1
    half = flat(90)
    half[:, EYES_X:] = 150
    assert measures.even_light(portrait(half)) == 0


def test_noise_alone_is_no_detail_and_a_few_lines_are():
    noise = 128 + np.random.default_rng(2).normal(0, 10, (HEIGHT, WIDTH))
    lines = noise.copy()
    lines[EYES_Y : EYES_Y + 100 : 25] -= 100
    assert measures.sharpness(portrait(noise)) < 0.12
    assert measures.sharpness(portrait(lines)) > 3 * measures.sharpness(portrait(noise))


def test_a_face_of_one_grey_is_not_sharp():
    assert measures.sharpness(portrait(flat(128))) == 0


def test_a_plain_wall_does_not_change_and_stripes_do():
    assert measures.background(portrait(flat(100))) == 0
    stripes = flat(100)
    stripes[:, ::8] = 200
    assert measures.background(portrait(stripes)) == pytest.approx(16 * 100 * 2 / 8, rel=0.02)


def test_the_face_itself_is_no_background():
    face = flat(100)
    face[measures.FACE] = 255
    assert measures.background(portrait(face)) == 0


def test_without_background_nothing_is_said_about_it():
    assert measures.background(portrait(flat(100), measures.FACE)) is None


def test_a_face_outside_the_picture_is_measured_without_a_fault():
    nothing = portrait(flat(0), np.zeros((HEIGHT, WIDTH), bool))
    assert measures.sharpness(nothing) == 0
    assert measures.dynamic_range(nothing) == 0
    assert measures.darkness(nothing) == 0
