"""What a data set says of its pictures is so."""

import subprocess
import sys

import numpy as np
import pytest

from greenline.models.training.contact_sheet import COLUMNS, TILE, Shown, draw_sheet
from greenline.models.training.data_set import GENERATOR, DataSet, generator, press_finger
from greenline.models.training.fingers import make_finger
from greenline.models.training.impressions import press
from greenline.models.training.sensors import SENSORS, as_sensor
from greenline.prints.frame import Frame

ORDER = DataSet(generator(), 7, SENSORS["as608"], 1, 2, truth=True)


def test_the_conditions_that_are_told_are_those_of_the_press() -> None:
    (pressed,) = press_finger(ORDER, 1, [2])

    finger = make_finger(7_000_001)
    plain = press(finger, 2)
    told = press(finger, 2, conditions=pressed.conditions)
    assert np.array_equal(plain.frame.pixels, told.frame.pixels)
    assert np.array_equal(pressed.frame.pixels, as_sensor(plain.frame, finger.seed + 2).pixels)
    assert np.array_equal(pressed.truth.x, plain.truth.x)
    assert pressed.pattern == finger.name


def test_the_version_of_the_generator_covers_every_file_that_it_is_made_of() -> None:
    code = (
        "import sys, greenline.models.training.data_set;"
        "print(*(n.rpartition('.')[2] for n in sys.modules if n.startswith("
        "'greenline.models.training.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert tuple(sorted(done.stdout.split())) == GENERATOR


@pytest.mark.parametrize("size", [(100, 120), (500, 600), (300, 100)])
def test_prints_of_any_size_are_shown_in_the_middle_of_their_tile(size: tuple[int, int]) -> None:
    width, height = size
    pixels = np.zeros((height, width), np.uint8)
    pixels[height // 2 - 5 : height // 2 + 5, width // 2 - 5 : width // 2 + 5] = 255

    sheet = np.asarray(draw_sheet([Shown(Frame(pixels, 500.0), "")], []))

    row, column = np.nonzero(sheet == 255)
    assert len(row) == 100
    assert abs(row.mean() - (8 + TILE[1] / 2)) < 1.5
    assert abs(column.mean() - (8 + TILE[0] / 2)) < 1.5


def test_real_prints_stand_on_the_right_of_ours() -> None:
    ours, theirs = (
        [Shown(Frame(np.full((360, 300), value, np.uint8), 500.0), "")] * (COLUMNS + 1)
        for value in (10, 240)
    )

    sheet = np.asarray(draw_sheet(ours, theirs))

    assert (
        np.nonzero((sheet == 10).any(axis=0))[0].max()
        < np.nonzero((sheet == 240).any(axis=0))[0].min()
    )
    for value in (10, 240):
        assert np.count_nonzero(sheet == value) == TILE[0] * TILE[1] * (COLUMNS + 1)
