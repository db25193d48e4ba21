"""Every outcome of a press has one instruction that an officer can act on."""

import pytest

from greenline.drivers.sensor import Retry
from greenline.firmware.advice import advice
from greenline.firmware.line import Unusable
from greenline.models.quality import Quality, Reason

PLAIN = advice(Unusable(Quality(0, ())))


def told(*reasons: Reason) -> str:
    return advice(Unusable(Quality(0, reasons)))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_an_instruction_of_its_own(reason: Reason) -> None:
    words = told(reason)

    assert words != PLAIN
    assert reason.value not in words
    assert words[0].isupper()
    assert not words.endswith(".")  # "Lift the finger" is put after it


def test_the_first_reason_is_the_one_that_is_acted_on() -> None:
    assert told(Reason.SMUDGED, Reason.TOO_DRY) == told(Reason.SMUDGED)


def test_what_is_done_about_it_fits_the_reason() -> None:
    assert "middle" in told(Reason.OFF_CENTRE)
    assert "moisten" in told(Reason.TOO_DRY)
    assert "Dry" in told(Reason.TOO_WET)
    assert "still" in told(Reason.SMUDGED)
    assert "Wipe" in told(Reason.RESIDUE)


@pytest.mark.parametrize("retry", [*Retry, None])
def test_every_press_without_a_picture_has_an_instruction(retry: Retry | None) -> None:
    words = advice(retry)

    assert words[0].isupper()
    assert not words.endswith(".")
