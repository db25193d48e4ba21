"""Where things stand in the picture of a comparison: minutiae, lines between them, numbers."""

import itertools
import math

import numpy as np
import pytest

from greenline.cli.compare_layout import (
    GAP,
    MARGIN,
    NARROWEST,
    RING,
    TAIL,
    Box,
    Layout,
    Side,
    lay_out,
    place_numbers,
)
from greenline.prints.template import Template

HEAD = 46


def template(
    places: list[tuple[float, float]],
    size: tuple[int, int] = (300, 400),
    dpi: float = 500.0,
    direction: float = 0.0,
) -> Template:
    x, y = np.array(places, np.float32).reshape(-1, 2).T
    count = len(x)
    return Template(
        *size, dpi, x, y,
        np.full(count, direction, np.float32), np.ones(count, np.uint8),
        np.full(count, 50, np.uint8),
    )  # fmt: skip


def side(*places: tuple[float, float], size: tuple[int, int] = (300, 400)) -> Side:
    return Side("a.fmr", template(list(places), size))


def laid_out(first: Side, second: Side, pairs: list[tuple[int, int]]) -> Layout:
    return lay_out(first, second, np.array(pairs, np.int64).reshape(-1, 2), HEAD)


def test_each_line_ends_at_the_two_minutiae_of_its_pair() -> None:
    first, second = side((10, 20), (30, 40)), side((5, 6), (7, 8), (250, 390))

    layout = laid_out(first, second, [(1, 2), (0, 1)])

    left, right = layout.boxes
    # Twice as large; a minutia lies in the middle of its pixel, so half a pixel further.
    assert layout.enlargement == 2
    assert layout.lines().tolist() == [
        [[left.left + 61, left.top + 81], [right.left + 501, right.top + 781]],
        [[left.left + 21, left.top + 41], [right.left + 15, right.top + 17]],
    ]


def test_the_prints_stand_side_by_side_with_room_for_lines_and_words() -> None:
    layout = laid_out(side((1, 1)), side((1, 1), size=(320, 200)), [])

    first, second = layout.boxes
    assert first == Box(MARGIN, MARGIN + HEAD, 600, 800)
    assert second == Box(MARGIN + 600 + GAP, MARGIN + HEAD + 200, 640, 400)
    assert (layout.width, layout.height) == (2 * MARGIN + 600 + GAP + 640, 2 * MARGIN + HEAD + 800)


def test_both_prints_have_the_same_scale_whatever_their_resolutions() -> None:
    coarse = Side("a", template([(0, 0), (99.5, 0)], (100, 100), 250.0))
    fine = Side("b", template([(0, 0), (399, 0)], (400, 400), 1000.0))

    layout = laid_out(coarse, fine, [])

    assert [(box.width, box.height) for box in layout.boxes] == [(800, 800)] * 2
    across = [places[1, 0] - places[0, 0] for places in layout.places]
    assert across == pytest.approx([99.5 * 8, 399 * 2])


@pytest.mark.parametrize(("length", "times"), [(1004, 2), (500, 2), (333, 3), (192, 4), (32, 4)])
def test_small_prints_are_enlarged_more(length: int, times: int) -> None:
    small = side((1, 1), size=(32, 32))

    assert laid_out(small, side((1, 1), size=(20, length)), []).enlargement == times


def test_a_print_too_narrow_for_its_name_stands_in_the_middle_of_its_column() -> None:
    layout = laid_out(side((1, 1), size=(40, 400)), side((1, 1)), [])

    assert layout.columns[0].width == NARROWEST
    assert layout.boxes[0].left - MARGIN == (NARROWEST - 80) // 2


@pytest.mark.parametrize(
    ("direction", "wanted"),
    [(0.0, (TAIL, 0)), (math.pi / 2, (0, -TAIL)), (math.pi, (-TAIL, 0))],
)
def test_directions_turn_counter_clockwise_on_the_screen(
    direction: float, wanted: tuple[int, int]
) -> None:
    shown = Side("a", template([(100, 100)], direction=direction))

    layout = laid_out(shown, shown, [])

    assert (layout.tails[0] - layout.places[0])[0] == pytest.approx(wanted, abs=1e-4)


def test_a_ground_says_the_size_and_a_record_without_one_its_own() -> None:
    points = template([(1, 1)], (300, 400), 1000.0)

    assert Side("a", points, np.zeros((7, 9), np.uint8)).size == (9, 7)
    assert Side("a", points).size == (150, 200)
    assert Side("a", template([], (1, 1), 4000.0)).size == (1, 1)


SIZE = (14.0, 11.0)
BOX = Box(0, 0, 600, 600)


def numbers(marks: list[tuple[float, float]], box: Box = BOX) -> np.ndarray:
    points = np.array(marks, np.float64).reshape(-1, 2)
    return place_numbers(points, [SIZE] * len(points), points, box)


def overlapping(places: np.ndarray) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, j in itertools.combinations(range(len(places)), 2)
        if (np.abs(places[i] - places[j]) < SIZE).all()
    ]


def test_numbers_of_crowded_minutiae_do_not_lie_on_each_other() -> None:
    marks = [(300 + 15 * (at % 5), 300 + 15 * (at // 5)) for at in range(25)]

    assert overlapping(numbers(marks)) == []


def test_a_number_lies_beside_its_minutia_not_on_it() -> None:
    (place,) = numbers([(300, 300)])

    apart = np.abs(place - 300) - np.array(SIZE) / 2
    assert apart.max() >= RING
    assert apart.max() <= RING + 4


def test_a_number_at_an_edge_stays_inside_its_print() -> None:
    corners = [(1, 1), (599, 1), (1, 599), (599, 599)]

    places = numbers(corners)

    assert (places >= np.array(SIZE) / 2).all()
    assert (places <= 600 - np.array(SIZE) / 2).all()


def test_no_minutiae_need_no_numbers() -> None:
    assert numbers([]).shape == (0, 2)


def test_numbers_in_a_print_smaller_than_a_number_are_still_placed() -> None:
    assert np.isfinite(numbers([(2, 2), (3, 3)], Box(0, 0, 5, 5))).all()
