"""What is left on the glass is told from a finger, and nothing is kept that should not be."""

import numpy as np
import pytest
from numpy.typing import NDArray

from greenline.firmware.residue import KEPT_S, Glass
from greenline.models.quality import Quality, Reason, judge
from greenline.prints.frame import Frame
from tests.models.ridges import rings

PRINT = rings(288, 256)
RESIDUE = Quality(0, (Reason.RESIDUE,))


def frame(pixels: NDArray[np.uint8]) -> Frame:
    return Frame(pixels, 500.0)


def faded(share: float, noise: float = 4.0) -> Frame:
    grain = np.random.default_rng(3).normal(0, noise, PRINT.shape)
    return frame((235 - share * (235.0 - PRINT) + grain).clip(0, 255).astype(np.uint8))


@pytest.fixture
def glass() -> Glass:
    """The glass after a press."""
    made = Glass(judge, 7)
    assert made.judge(frame(PRINT)) == judge(frame(PRINT))
    made.lifted()
    return made


@pytest.mark.parametrize("share", [0.15, 0.2, 0.3, 0.5, 0.6])
def test_the_same_ridges_at_the_same_place_but_fainter_are_residue(
    glass: Glass, share: float
) -> None:
    assert glass.judge(faded(share)) == RESIDUE
    assert glass.judge(faded(share)) == RESIDUE


def test_the_same_picture_at_full_contrast_is_a_finger(glass: Glass) -> None:
    assert glass.judge(frame(PRINT)) == judge(frame(PRINT))


@pytest.mark.parametrize("moved", [(3, 0), (0, 3), (-4, 5), (20, 1)])
def test_a_fainter_press_beside_the_place_is_a_finger(glass: Glass, moved: tuple[int, int]) -> None:
    there = frame(np.roll(faded(0.5).pixels, moved, (0, 1)))
    assert glass.judge(there) == judge(there)


def test_another_finger_over_the_residue_is_a_finger(glass: Glass) -> None:
    other = np.minimum(rings(288, 300)[:, 44:], faded(0.2).pixels)
    assert glass.judge(frame(other)) == judge(frame(other))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_even_picture_is_judged_as_ever(glass: Glass, grey: int) -> None:
    even = frame(np.full_like(PRINT, grey))
    assert glass.judge(even) == judge(even)


def test_rows_that_are_on_their_way_are_judged_as_ever(glass: Glass) -> None:
    upper = frame(faded(0.5).pixels[:144])
    assert glass.judge(upper) == judge(upper)


def test_upper_rows_that_came_before_the_whole_picture_do_not_count() -> None:
    glass = Glass(judge, 7)
    for rows in (36, 144, 288):
        glass.judge(frame(PRINT[:rows]))
        glass.judge(frame(PRINT[: rows // 4]))
    glass.lifted()
    assert glass.judge(faded(0.3)) == RESIDUE


def test_of_a_press_that_was_stopped_nothing_is_kept() -> None:
    glass = Glass(judge, 7)
    glass.judge(frame(PRINT))
    glass.forget()
    glass.lifted()
    assert glass.judge(faded(0.3)) == judge(faded(0.3))


def test_while_the_finger_still_lies_there_it_is_no_residue() -> None:
    glass = Glass(judge, 7)
    glass.judge(frame(PRINT))
    assert glass.judge(faded(0.5)) == judge(faded(0.5))


def test_of_a_check_that_was_stopped_no_earlier_press_is_kept_either() -> None:
    glass = Glass(judge, 7)
    glass.begin()
    glass.judge(frame(PRINT))
    glass.lifted()
    glass.judge(frame(np.roll(PRINT, 40, 1)))
    glass.forget()
    assert not glass.pressed
    assert glass.judge(faded(0.3)) == judge(faded(0.3))


def test_a_check_that_was_stopped_does_not_clear_the_glass_of_the_one_before(glass: Glass) -> None:
    glass.begin()
    glass.forget()
    assert glass.judge(faded(0.3)) == RESIDUE


def test_a_finger_that_left_after_its_check_is_residue_in_the_next() -> None:
    glass = Glass(judge, 7)
    glass.begin()
    glass.judge(frame(PRINT))
    assert glass.pressed
    glass.begin()
    glass.lifted()
    glass.forget()
    assert glass.judge(faded(0.3)) == RESIDUE


def test_a_last_look_at_a_leaving_finger_does_not_hide_what_it_has_left() -> None:
    glass = Glass(judge, 7)
    glass.judge(frame(PRINT))
    glass.judge(frame(np.full_like(PRINT, 235)))
    glass.lifted()
    assert glass.judge(faded(0.3)) == RESIDUE


def test_of_a_press_that_was_given_up_the_rows_that_came_are_known_again() -> None:
    glass = Glass(judge, 7)
    glass.judge(frame(PRINT[:144]))
    glass.lifted()
    assert glass.judge(faded(0.3)) == RESIDUE
    assert glass.judge(frame(PRINT)) == judge(frame(PRINT))


def test_after_a_while_without_a_press_nothing_is_known_any_more() -> None:
    now = [0.0]
    glass = Glass(judge, 7, lambda: now[0])
    glass.judge(frame(PRINT))
    glass.lifted()
    now[0] = KEPT_S - 1
    glass.expire()
    assert glass.judge(faded(0.3)) == RESIDUE
    now[0] = KEPT_S
    glass.expire()
    assert glass.judge(faded(0.3)) == judge(faded(0.3))
