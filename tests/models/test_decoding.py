"""Answers on a grid become minutiae: places between the cells, the way they point, no doubles."""

import math

import numpy as np
import pytest

from greenline.models.decoding import (
    CELL,
    CONTACT,
    COSINE,
    DOUBLE_COSINE,
    DOUBLE_SINE,
    DOWN,
    ENDING,
    MINUTIA,
    RIGHT,
    SINE,
    Map,
    decode,
    mirrored,
)

ROWS, COLUMNS = 12, 16
THRESHOLD = 0.35


def blank(flow: float = 0.0) -> Map:
    """Return answers without a minutia over ridges along flow (radians)."""
    answers = np.zeros((ROWS, COLUMNS, 9), np.float32)
    answers[..., DOUBLE_COSINE] = math.cos(2 * flow)
    answers[..., DOUBLE_SINE] = math.sin(2 * flow)
    answers[..., CONTACT] = 1
    return answers


def put(answers: Map, x: float, y: float, direction: float, chance: float = 0.9) -> None:
    """Say that a minutia lies at x, y in pixels."""
    across, down = (x + 0.5) / CELL - 0.5, (y + 0.5) / CELL - 0.5
    row, column = round(down), round(across)
    answers[row, column, MINUTIA] = chance
    answers[row, column, [RIGHT, DOWN]] = across - column, down - row
    answers[row, column, [COSINE, SINE]] = math.cos(direction), math.sin(direction)
    answers[row, column, ENDING] = 0.8


@pytest.mark.parametrize("x", [20.0, 21.3, 22.9, 23.5])
@pytest.mark.parametrize("y", [16.0, 17.8])
def test_a_minutia_is_placed_between_the_cells(x: float, y: float) -> None:
    answers = blank()
    put(answers, x, y, 0.0)
    [[found_x, found_y, direction, ending, quality]] = decode(answers, THRESHOLD)
    assert (found_x, found_y) == pytest.approx((x, y), abs=1e-4)
    assert (direction, ending, quality) == pytest.approx((0.0, 0.8, 0.9), abs=1e-6)


@pytest.mark.parametrize("degrees", range(-170, 181, 25))
def test_the_axis_is_that_of_the_ridges_and_the_way_that_of_the_minutia(degrees: int) -> None:
    flow = math.radians(degrees)
    answers = blank(flow)
    put(answers, 30.0, 22.0, flow + 0.4)  # it says the way, but not exactly
    [[_, _, direction, _, _]] = decode(answers, THRESHOLD)
    assert math.remainder(direction - flow, 2 * math.pi) == pytest.approx(0.0, abs=1e-5)


def test_of_two_that_nearly_touch_the_better_one_stays() -> None:
    answers = blank()
    put(answers, 20.0, 20.0, 0.0, chance=0.6)
    put(answers, 28.4, 20.0, 0.0, chance=0.9)
    assert len(decode(answers, THRESHOLD)) == 2
    answers[..., RIGHT] *= 0
    put(answers, 22.9, 20.0, 0.0, chance=0.8)
    found = decode(answers, THRESHOLD)
    assert found[:, 4].tolist() == pytest.approx([0.9, 0.8])


def test_what_is_too_uncertain_is_left_out_and_the_best_come_first() -> None:
    answers = blank()
    for number, chance in enumerate((0.34, 0.36, 0.9, 0.5)):
        put(answers, 6.0 + 16 * number, 20.0, 0.0, chance)
    assert decode(answers, THRESHOLD)[:, 4].tolist() == pytest.approx([0.9, 0.5, 0.36])


def test_no_minutia_is_no_fault() -> None:
    assert decode(blank(), THRESHOLD).shape == (0, 5)


def test_the_answers_to_a_mirrored_picture_turn_back_into_those_of_the_picture() -> None:
    width = COLUMNS * CELL
    straight, other = blank(0.5), blank(math.pi - 0.5)
    for x, y, direction in ((20.3, 16.0, 0.5), (44.0, 30.6, 0.5 - math.pi)):
        put(straight, x, y, direction)
        put(other, width - 1 - x, y, math.pi - direction)
    wanted, found = (decode(answers, THRESHOLD) for answers in (straight, mirrored(other)))
    np.testing.assert_allclose(found, wanted, atol=1e-4)
