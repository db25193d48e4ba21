"""The officer's live picture of a finger: only while it is taken, and only while somebody looks."""

import io

import numpy as np
import pytest
from PIL import Image

from greenline.firmware.finger_view import FingerView
from greenline.prints.frame import Frame

INK = Frame(np.full((100, 100), 20, np.uint8), 500.0)


@pytest.fixture
def view() -> FingerView:
    return FingerView()


def darkness(view: FingerView) -> np.ndarray:  # type: ignore[type-arg]  # of any size
    """Where the picture is dark."""
    return np.asarray(Image.open(io.BytesIO(view.newest()))) < 128


def test_nothing_is_kept_while_nobody_looks(view: FingerView) -> None:
    view.show(INK)
    assert not darkness(view).any()


def test_who_looks_is_told_and_sees_what_has_come_so_far(view: FingerView) -> None:
    told: list[int] = []
    leave = view.watch(lambda: told.append(1))
    view.show(INK, 200)

    shown = darkness(view)
    assert shown.shape == (200, 100)
    assert shown[:90].all()
    assert not shown[110:].any()
    leave()
    assert not darkness(view).any()
    view.show(INK)
    assert told == [1]
    assert not darkness(view).any()


def test_a_finger_that_is_over_is_shown_no_more(view: FingerView) -> None:
    told: list[int] = []
    view.watch(lambda: told.append(1))
    view.show(INK)
    view.forget()
    assert not darkness(view).any()
    view.forget()
    assert len(told) == 2


def test_a_large_picture_is_made_small(view: FingerView) -> None:
    view.watch(lambda: None)
    view.show(Frame(np.full((480, 400), 20, np.uint8), 500.0))
    assert darkness(view).shape == (240, 200)
