"""What a sensor sees of a print."""

import numpy as np
import pytest

from greenline.drivers.simulation.sensor_area import on_sensor
from greenline.prints.frame import Frame


def frame(rows: list[list[int]], dpi: float = 500.0) -> Frame:
    return Frame(np.array(rows, np.uint8), dpi)


def test_a_print_of_the_sensors_size_loses_only_grey_levels() -> None:
    seen = on_sensor(frame([[0, 15, 16], [127, 128, 255]]), 3, 2, 500.0)
    assert seen.pixels.tolist() == [[0, 0, 17], [119, 136, 255]]
    assert (seen.dpi, seen.grey_levels) == (500.0, 16)


def test_a_larger_print_is_cut_to_its_middle_and_a_smaller_one_lies_on_white() -> None:
    wide = frame([[0, 17, 34, 51, 68]])
    assert on_sensor(wide, 3, 3, 500.0).pixels.tolist() == [
        [255, 255, 255],
        [17, 34, 51],
        [255, 255, 255],
    ]


@pytest.mark.parametrize(("dpi", "side"), [(250.0, 20), (1000.0, 5)])
def test_a_print_of_another_resolution_keeps_its_true_size(dpi: float, side: int) -> None:
    black = Frame(np.zeros((10, 10), np.uint8), dpi)
    seen = on_sensor(black, 30, 30, 500.0)
    assert int((seen.pixels == 0).sum()) == side * side
