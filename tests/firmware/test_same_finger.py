"""Two fingers of one case that look like one."""

import pytest

from greenline.firmware.impressions import Impression
from greenline.firmware.same_finger import SAME_SCORE, likeness, same_as
from greenline.models.extraction import Extractor
from greenline.models.quality import Quality
from greenline.models.training.synthesis import make_finger, press
from greenline.prints import fmr
from tests.firmware.case_world import impression


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor(model="greenline-1")


def pressed(extractor: Extractor, number: int, which: int, position: int) -> Impression:
    """A press of a synthetic finger, said to be at a position."""
    template = extractor.extract(press(make_finger(91_500 + number), which).frame).best(255)
    record = fmr.from_template(template, finger_position=position, quality=50)
    return Impression(position, record, Quality(50, (), "test"), extractor.model_id, {})


def test_one_finger_at_two_positions_is_noticed_and_the_other_named(extractor: Extractor) -> None:
    right, left = pressed(extractor, 1, 0, 2), pressed(extractor, 2, 0, 7)
    again = pressed(extractor, 1, 1, 3)
    assert likeness(again, right) > SAME_SCORE > likeness(again, left)
    assert same_as(again, [left, right]) == 2
    assert same_as(left, [right]) is None


def test_a_finger_that_is_taken_again_is_not_compared_with_itself() -> None:
    assert same_as(impression(2), [impression(2)]) is None
    assert same_as(impression(7, of=2), [impression(2)]) == 2
    assert same_as(impression(2), []) is None
