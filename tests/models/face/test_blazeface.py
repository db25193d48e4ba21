import numpy as np
import pytest
from PIL import Image

from greenline.models.face.blazeface import (
    SIDE,
    Square,
    anchors,
    decode,
    merged,
    mirrored,
    see,
    shares,
)

NO_FACE = -100.0


def answers(found: dict[int, tuple[float, list[float]]]) -> tuple[np.ndarray, np.ndarray]:
    """What the network would give: per answer's number its logit and its 16 numbers."""
    boxes, logits = np.zeros((896, 16), np.float32), np.full((896, 1), NO_FACE, np.float32)
    for number, (logit, values) in found.items():
        boxes[number], logits[number] = values, logit
    return boxes, logits


def test_the_anchors_are_two_of_each_fine_cell_then_six_of_each_coarse_one():
    places = anchors()
    assert places.shape == (896, 2)
    assert places[:3].tolist() == [[4, 4], [4, 4], [12, 4]]
    assert places[32].tolist() == [4, 12]
    assert places[511].tolist() == [124, 124]
    assert places[512:519].tolist() == [[8, 8]] * 6 + [[24, 8]]
    assert places[-1].tolist() == [120, 120]


def test_an_answer_is_read_relative_to_its_anchor():
    numbers = [1.0, 2.0, 20.0, 30.0, *range(12)]
    faces = decode(*answers({2: (0.0, numbers)}), 0.5, 0.3)  # the anchor is at 12, 4
    points = np.arange(12.0) + [12, 4] * 6
    assert faces.tolist() == [[0.5, 3, -9, 23, 21, *points]]


def test_answers_below_the_least_score_are_none():
    boxes, logits = answers({2: (-0.01, [0.0] * 16)})
    assert decode(boxes, logits, 0.5, 0.3).shape == (0, 17)


def test_endless_logits_are_scores_and_not_faults():
    faces = decode(*answers({2: (3e38, [0, 0, 8, 8] + [0.0] * 12)}), 0.5, 0.3)
    assert faces[0, 0] == 1.0


def test_answers_that_overlap_are_one_face_averaged_by_score():
    rows = np.zeros((3, 17), np.float32)
    rows[0, :5] = (0.6, 0, 0, 10, 10)
    rows[1, :5] = (0.9, 1, 0, 11, 10)
    rows[2, :5] = (0.7, 50, 50, 60, 60)
    faces = merged(rows, 0.3)
    assert faces[:, 0].tolist() == pytest.approx([0.9, 0.7])
    assert faces[0, 1:5].tolist() == pytest.approx([0.6, 0, 10.6, 10])
    assert faces[1, 1:5].tolist() == [50, 50, 60, 60]


def test_faces_side_by_side_stay_two():
    rows = np.zeros((2, 17), np.float32)
    rows[:, :5] = (0.9, 0, 0, 10, 10), (0.8, 8, 0, 18, 10)
    assert len(merged(rows, 0.3)) == 2


def test_boxes_of_no_area_share_nothing():
    box = np.zeros(4, np.float32)
    assert shares(box, np.zeros((1, 4), np.float32)).tolist() == [0]


def test_a_wide_picture_is_put_between_black_bars_and_not_squeezed():
    picture = Image.new("RGB", (200, 100), "white")
    seen = see(picture, Square(0, -50, 200))[0]
    assert seen.shape == (SIDE, SIDE, 3)
    assert np.unique(seen[32:96]).tolist() == [1.0]
    assert np.unique(seen[:32]).tolist() == np.unique(seen[96:]).tolist() == [-1.0]


def test_a_circle_stays_a_circle_in_a_tall_picture():
    y, x = np.mgrid[:400, :200]
    picture = Image.fromarray((255 * (np.hypot(x - 100, y - 150) < 80)).astype(np.uint8))
    rows, columns = np.nonzero(see(picture.convert("RGB"), Square(-100, 0, 400))[0, ..., 0] > 0)
    assert np.ptp(rows) == np.ptp(columns)


@pytest.mark.parametrize("corner", [(-150, -150), (90, 90), (-150, 90), (-60, -60)])
def test_a_square_over_the_border_is_black_outside(corner: tuple[float, float]):
    seen = see(Image.new("RGB", (100, 100), "white"), Square(*corner, 200))
    share = np.prod([min(100, c + 200) - max(0, c) for c in corner]) / 200**2
    assert np.mean(seen > 0) == pytest.approx(share, abs=0.01)


def test_a_place_in_the_input_comes_back_to_the_picture():
    row = np.full((1, 17), 64.0, np.float32)
    back = Square(-100, 30, 400).to_picture(row)
    assert back[0, 0] == 64
    assert back[0, 1:].reshape(-1, 2).tolist() == [[100, 230]] * 8


def test_mirroring_twice_is_the_same_and_once_changes_left_with_right():
    row = np.arange(17, dtype=np.float32)[np.newaxis]
    once = mirrored(row)
    assert once[0, 1:5].tolist() == [SIDE - 3, 2, SIDE - 1, 4]
    assert once[0, 5:7].tolist() == [SIDE - 7, 8]  # the right eye is where the left one was
    assert mirrored(once).tolist() == row.tolist()
