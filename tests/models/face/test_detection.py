import math

import numpy as np
import pytest

from greenline.models.errors import PictureError
from greenline.models.face.detection import Face, FaceDetector, Point, squares
from greenline.models.face.measures import eye_distance, roll
from tests.models.face.drawn import draw_face
from tests.models.face.placing import Pixels, Sitter, brighter, side_by_side


def off(point: Point, x: float, y: float) -> float:
    return math.hypot(point.x - x, point.y - y)


def the_one(faces: tuple[Face, ...]) -> Face:
    assert len(faces) == 1
    return faces[0]


@pytest.mark.parametrize("eyes_px", [40, 60, 90, 130])
def test_a_drawn_faces_points_are_found_where_they_were_drawn(
    detector: FaceDetector, eyes_px: float
):
    face = the_one(detector.detect(draw_face(eyes_px)))
    assert off(face.right_eye, 320 - eyes_px / 2, 200) < 0.05 * eyes_px
    assert off(face.left_eye, 320 + eyes_px / 2, 200) < 0.05 * eyes_px
    assert off(face.mouth, 320, 200 + 1.05 * eyes_px) < 0.06 * eyes_px
    assert abs(roll(face)) < 1  # drawn alike on both sides
    assert face.score > 0.8


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (720, 1280), (640, 480), (500, 500)])
def test_the_shape_of_the_picture_does_not_matter(detector: FaceDetector, width: int, height: int):
    x, y = 0.5 * width, 0.45 * height
    face = the_one(detector.detect(draw_face(80, width=width, height=height, x=x, y=y)))
    assert eye_distance(face) == pytest.approx(80, rel=0.05)
    assert off(face.right_eye, x - 40, y) < 4


@pytest.mark.parametrize("x", [120, 640, 1160])
def test_a_face_anywhere_in_a_wide_picture_is_found(detector: FaceDetector, x: int):
    face = the_one(detector.detect(draw_face(50, width=1280, height=720, x=x, y=300)))
    assert off(face.left_eye, x + 25, 300) < 4


def test_the_astronaut_is_found_where_she_is(detector: FaceDetector, astronaut: Sitter):
    face = the_one(detector.detect(astronaut.pixels))
    assert off(face.right_eye, 203, 102) < 3
    assert off(face.left_eye, 247, 104) < 3
    assert face.left_top.x < face.right_eye.x < face.left_eye.x < face.right_bottom.x
    assert face.left_top.y < face.nose.y < face.mouth.y < face.right_bottom.y


@pytest.mark.parametrize("tilt", [-25, -12, 12, 25])
def test_a_tilt_is_read_within_three_degrees(
    detector: FaceDetector, astronaut: Sitter, tilt: float
):
    upright = roll(the_one(detector.detect(astronaut.at(120))))
    assert roll(the_one(detector.detect(astronaut.at(120, tilt=tilt)))) == pytest.approx(
        upright + tilt, abs=3
    )


def test_two_faces_come_with_the_larger_first(detector: FaceDetector):
    small, large = draw_face(60), draw_face(90)
    faces = detector.detect(side_by_side(small, large))
    assert [round(eye_distance(face), -1) for face in faces] == [90, 60]
    assert faces[0].right_eye.x > 640


def test_a_face_in_the_dark_is_still_found(detector: FaceDetector, astronaut: Sitter):
    assert len(detector.detect(brighter(astronaut.at(120), 0.15))) == 1


def noise() -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (480, 640, 3), dtype=np.uint8)


def grey() -> Pixels:
    return np.full((480, 640, 3), 128, np.uint8)


@pytest.mark.parametrize("make", [noise, grey])
def test_where_there_is_no_face_none_is_found(detector: FaceDetector, make):
    assert detector.detect(make()) == ()


def test_what_looks_like_a_face_at_first_only_is_none(detector: FaceDetector, astronaut: Sitter):
    # Upside down the first look takes a piece of the space shuttle for a face, with a score of 0.6.
    assert detector.detect(np.ascontiguousarray(astronaut.at(120)[::-1, ::-1])) == ()


def test_the_model_is_named_with_the_hash_of_its_file(detector: FaceDetector):
    assert detector.model_id.startswith("blazeface-short-range-1/")


@pytest.mark.parametrize(
    ("shape", "kind", "says"),
    [
        ((480, 640), np.uint8, "needs a colour picture"),
        ((480, 640, 4), np.uint8, "needs a colour picture"),
        ((480, 640, 3), np.float32, "needs a colour picture"),
        ((480, 20, 3), np.uint8, "20x480 pixels, too few for a face"),
        ((0, 640, 3), np.uint8, "640x0 pixels, too few for a face"),
        ((64, 9000, 3), np.uint8, "more than any camera"),
    ],
)
def test_what_can_be_no_picture_of_a_face_is_refused(detector: FaceDetector, shape, kind, says):
    with pytest.raises(PictureError, match=says):
        detector.detect(np.zeros(shape, kind))


def test_the_squares_cover_a_picture_and_neighbours_share_half():
    wide = list(squares(1280, 720))
    assert (wide[0].left, wide[0].top, wide[0].side) == (0, -280, 1280)
    lefts = [square.left for square in wide[1:]]
    assert lefts == [0, 280, 560]
    assert all(square.side == 720 for square in wide[1:])
    assert [square.top for square in squares(720, 1280)][1:] == lefts
    assert len(list(squares(640, 600))) == 1
