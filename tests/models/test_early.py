"""What the upper rows promise: right for pictures that end well, and a bound for the others."""

import numpy as np
import pytest
from numpy.typing import NDArray

from greenline.models.early import (
    GROWTH,
    PARTS,
    Forecast,
    Outlook,
    forecast,
)
from greenline.models.quality import Quality, Reason, judge
from greenline.prints.frame import Frame
from tests.models.ridges import rings

HEIGHT, WIDTH, DPI = 288, 256, 500.0
MINIMUM = 20
CLEAR = rings(HEIGHT, WIDTH)
BLANK = np.full((HEIGHT, WIDTH), 238, np.uint8)


def courses(pixels: NDArray[np.uint8], minimum: int = MINIMUM) -> list[Forecast]:
    """Return the forecasts after each eighth of the rows but the last."""
    height = len(pixels)
    return [
        forecast(Frame(pixels[: height * part // PARTS], DPI, 16), height, minimum, judge)
        for part in range(1, PARTS)
    ]


def below(rows: int) -> NDArray[np.uint8]:
    """A finger that begins so many rows below the picture's top."""
    return np.vstack([BLANK[:rows], CLEAR[rows:]])


def above(rows: int) -> NDArray[np.uint8]:
    """A finger of which only so many rows lie on the sensor."""
    return np.vstack([CLEAR[:rows], BLANK[rows:]])


def test_a_clear_finger_is_going_well_before_it_has_come():
    found = [coming.outlook for coming in courses(CLEAR)]
    assert Outlook.HOPELESS not in found
    assert found[len(found) // 2 :] == [Outlook.GOING_WELL] * (len(found) - len(found) // 2)


@pytest.mark.parametrize("rows", range(0, 180, 20))
def test_a_finger_that_lies_low_is_waited_for(rows: int):
    assert judge(Frame(below(rows), DPI, 16)).score >= MINIMUM
    assert Outlook.HOPELESS not in {coming.outlook for coming in courses(below(rows))}


def test_an_empty_sensor_is_hopeless_before_its_end_and_says_so():
    found = courses(BLANK)
    assert found[0].outlook is Outlook.OPEN
    assert found[-1].outlook is Outlook.HOPELESS
    assert found[-1].told.reasons == (Reason.NO_FINGER,)
    assert found[-1].told.score < MINIMUM


def test_a_fingertip_alone_is_hopeless_before_its_end():
    picture = above(32)
    assert judge(Frame(picture, DPI, 16)).score < MINIMUM
    found = courses(picture)
    assert found[-1].outlook is Outlook.HOPELESS
    assert found[-1].told.reasons == (Reason.TOO_LITTLE_AREA,)


def test_what_can_be_mended_comes_before_what_is_only_not_there_yet():
    faint = (235 - (235 - above(32).astype(float)) * 0.2).astype(np.uint8)
    assert judge(Frame(faint, DPI)).score < MINIMUM
    told = courses(faint)[-1].told
    assert told.reasons == (Reason.TOO_FAINT,)


# Not beyond: that a perfectly clear strip at the very end is enough was 1 case in 100 at most.
@pytest.mark.parametrize("rows", range(20, 200, 40))
@pytest.mark.parametrize("minimum", [5, 20, 40])
def test_what_is_called_hopeless_does_not_become_good(rows: int, minimum: int):
    for picture in (above(rows), below(rows)):
        score = judge(Frame(picture, DPI, 16)).score
        stopped = {coming.outlook for coming in courses(picture, minimum)}
        assert score < minimum or Outlook.HOPELESS not in stopped


def test_a_judge_that_was_not_measured_stops_nothing():
    def stranger(_: Frame) -> Quality:
        return Quality(0, (Reason.NO_FINGER,), "stranger-1")

    coming = forecast(Frame(BLANK[:-8], DPI), HEIGHT, MINIMUM, stranger)
    assert (coming.outlook, coming.at_most) == (Outlook.OPEN, 100)


def test_the_first_rows_alone_decide_nothing():
    coming = forecast(Frame(BLANK[:2], DPI), HEIGHT, MINIMUM, judge)
    assert coming.outlook is Outlook.OPEN


def test_the_table_has_a_bound_for_each_part_and_class():
    for growth in GROWTH.values():
        assert [len(line) for line in growth.measured] == [len(growth.classes) + 2] * (PARTS - 1)
        assert all(0 < bound <= growth.most for line in growth.measured for bound in line)
