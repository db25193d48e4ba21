"""What years, work and a hasty press do to a print, each by what it must change in the picture."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from greenline.models.quality import judge
from greenline.models.training.appearance import draw_conditions
from greenline.models.training.fields import seeded
from greenline.models.training.synthesis import Conditions, Finger, Impression, make_finger, press

CLEAN = Conditions(quality=1.0, distortion=0.0)
FAULTS = ("worn", "dotted", "scarred", "smeared", "faint")


@cache
def finger() -> Finger:
    return make_finger(3)


@cache
def pressed(fault: str = "", much: float = 1.0, seed: int = 1) -> Impression:
    given = replace(CLEAN, **{fault: much}) if fault else CLEAN
    return press(finger(), seed, conditions=given)


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_drawn_the_same_again_and_more_of_it_changes_more(fault: str) -> None:
    again = press(finger(), 1, conditions=replace(CLEAN, **{fault: 1.0}))
    assert np.array_equal(again.frame.pixels, pressed(fault).frame.pixels)
    clean = pressed().frame.pixels.astype(float)
    little, much = (
        np.abs(pressed(fault, share).frame.pixels - clean).mean() for share in (0.3, 1.0)
    )
    assert 0 < little < much


@pytest.mark.parametrize("fault", ["worn", "dotted", "smeared"])
def test_worn_dotted_and_smeared_ridges_run_less_clearly(fault: str) -> None:
    assert judge(pressed(fault).frame).score < 0.85 * judge(pressed().frame).score


def test_a_faint_print_keeps_its_ridges_at_a_third_of_the_contrast() -> None:
    clean, faint = (made.frame.pixels.astype(float) for made in (pressed(), pressed("faint")))
    assert faint.std() < 0.4 * clean.std()
    assert np.corrcoef(clean.reshape(-1), faint.reshape(-1))[0, 1] > 0.9


def test_a_scar_hides_minutiae_and_lies_in_the_same_place_on_every_press() -> None:
    hidden = []
    for seed in (1, 2):
        kept = set(pressed("scarred", 1.0, seed).truth.x.tolist())
        whole = pressed("", 1.0, seed).truth
        hidden.append({index for index, x in enumerate(whole.x.tolist()) if x not in kept})
        assert len(kept) + len(hidden[-1]) == len(whole)
    assert hidden[0] == hidden[1] != set()


def test_other_fingers_have_other_scars() -> None:
    lines = []
    for seed in (3, 4):
        made = make_finger(seed)
        plain, scarred = (
            press(made, 1, conditions=replace(CLEAN, scarred=much)).frame.pixels.astype(float)
            for much in (0.0, 1.0)
        )
        lines.append(scarred - plain > 60)
        assert lines[-1].sum() > 200
    both, either = (lines[0] & lines[1]).sum(), (lines[0] | lines[1]).sum()
    assert both < 0.5 * either


def test_only_hard_presses_are_worn_and_never_by_two_faults() -> None:
    drawn = [draw_conditions(seeded(seed, 9)) for seed in range(1500)]
    counts = [sum(getattr(each, fault) > 0 for fault in FAULTS) for each in drawn]
    assert set(counts) == {0, 1}
    assert 0.06 < np.mean(counts) < 0.16  # 0.17 are hard, five of eight of them get one
    for fault in FAULTS:
        assert any(getattr(each, fault) > 0 for each in drawn)
