"""Fingers and impressions: made from a seed, alike where they must be, different where not."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from greenline.models.training.fields import seeded
from greenline.models.training.orientation import CLASSES, SHARES, draw_flow
from greenline.models.training.synthesis import (
    Conditions,
    Finger,
    Impression,
    as_sensor,
    make_finger,
    press,
)
from greenline.prints.frame import Frame
from greenline.prints.template import Template

CLEAN = Conditions(quality=1.0, distortion=0.0)


@cache
def finger(seed: int = 1) -> Finger:
    return make_finger(seed)


def columns(template: Template) -> list[list[float]]:
    every = (template.x, template.y, template.direction, template.kind, template.quality)
    return [column.tolist() for column in every]


def digest(impression: Impression) -> str:
    truth = impression.truth
    columns = b"".join(part.tobytes() for part in (truth.x, truth.y, truth.direction))
    held = impression.frame.pixels.tobytes() + columns + truth.kind.tobytes()
    return hashlib.sha256(held).hexdigest()


def likeness(a: Frame, b: Frame) -> float:
    return float(np.corrcoef(a.pixels.reshape(-1), b.pixels.reshape(-1))[0, 1])


def test_a_seed_gives_the_same_finger_again() -> None:
    again = make_finger(1)
    assert (again.seed, again.name) == (finger().seed, finger().name)
    assert np.array_equal(again.skin, finger().skin)
    assert columns(again.template) == columns(finger().template)


def test_another_process_makes_the_same_impression() -> None:
    program = (
        "import hashlib;"
        "from greenline.models.training.synthesis import make_finger, press;"
        "p = press(make_finger(1), 3); t = p.truth;"
        "held = [p.frame.pixels, t.x, t.y, t.direction, t.kind];"
        "print(hashlib.sha256(b''.join(part.tobytes() for part in held)).hexdigest())"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert answer.stdout.decode().strip() == digest(press(finger(), 3))


def test_another_seed_gives_another_finger() -> None:
    assert abs(np.corrcoef(finger(1).ridges.reshape(-1), finger(2).ridges.reshape(-1))[0, 1]) < 0.2
    assert columns(finger(1).template) != columns(finger(2).template)


def test_a_finger_is_at_500_dpi_with_minutiae_inside_it_and_apart() -> None:
    template = finger().template
    assert (template.height, template.width) == finger().ridges.shape
    assert template.dpi == 500.0
    assert 40 <= len(template) <= 120
    assert np.all((template.x >= 0) & (template.x < template.width))
    assert np.all((template.y >= 0) & (template.y < template.height))
    assert np.all((template.direction >= 0) & (template.direction < 2 * np.pi))
    assert set(template.kind.tolist()) == {1, 2}


def ridge_period(of: Finger) -> float:
    spectrum = np.abs(np.fft.fft2(of.ridges)) ** 2
    height, width = of.ridges.shape
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    return float(1 / np.average(frequency, weights=spectrum))


def test_ridges_stand_as_far_apart_as_on_real_prints_and_not_alike_on_every_finger() -> None:
    periods = [ridge_period(finger(seed)) for seed in range(1, 9)]
    assert 8.0 < np.mean(periods) < 9.2  # FVC2002: 8.2 to 8.8 px, by set
    assert all(6.5 < period < 11 for period in periods)
    assert max(periods) - min(periods) > 0.8


def slopes(names: tuple[str, ...], right: int, down: int) -> list[float]:
    """Return the slopes, degrees, that far from the upper core of fingers of those classes."""
    found = []
    for seed in range(60):
        flow = draw_flow(seeded(seed, 6))
        if flow.name in names:
            core = flow.cores[0]
            at = round(-core.imag) + down, round(core.real) + right
            found.append(np.degrees(np.mod(flow.orientation[at] + np.pi / 2, np.pi)) - 90)
    assert len(found) > 20
    return found


def test_ridges_run_steeply_beside_the_core_and_level_at_the_joint() -> None:
    """Mean flow of FVC2002 DB1-2: 63 degrees beside the core, 18 far below it."""
    loops = ("left loop", "right loop", "whorl")
    left, right = slopes(loops, -96, 0), slopes(loops, 96, 0)
    assert 55 < np.median(left) < 72
    assert -72 < np.median(right) < -55
    assert np.median(np.abs(slopes(loops, 0, 190))) < 25


def test_the_classes_come_in_their_natural_shares() -> None:
    names = [str(seeded(seed, 5).choice(CLASSES, p=SHARES)) for seed in range(2000)]
    shares = [names.count(name) / 2000 for name in CLASSES]
    assert shares == pytest.approx(SHARES, abs=0.03)
    assert sum(SHARES) == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize("seed", range(6))
def test_a_flow_turns_by_half_about_each_core_and_back_about_each_delta(seed: int) -> None:
    flow = draw_flow(seeded(seed, 0x6669))
    for centres, half in ((flow.cores, 0.5), (flow.deltas, -0.5)):
        for centre in centres:
            rim = centre + 12 * np.exp(1j * np.arange(120) * np.pi / 60)
            at = np.rint(-rim.imag).astype(int), np.rint(rim.real).astype(int)
            turns = np.diff(flow.orientation[at], append=flow.orientation[at][0])
            turned = (np.mod(turns + np.pi / 2, np.pi) - np.pi / 2).sum() / (2 * np.pi)
            assert turned == pytest.approx(half)


def test_impressions_of_one_finger_differ_in_picture_and_place() -> None:
    one, other = press(finger(), 1), press(finger(), 2)
    assert not np.array_equal(one.frame.pixels, other.frame.pixels)
    assert columns(one.truth) != columns(other.truth)


def test_the_same_press_again_is_the_same_picture() -> None:
    assert digest(press(finger(), 7)) == digest(press(finger(), 7))


def test_two_clean_presses_of_a_finger_are_alike_and_of_two_fingers_are_not() -> None:
    one, again = (press(finger(1), seed, conditions=CLEAN).frame for seed in (1, 2))
    other = press(finger(2), 1, conditions=CLEAN).frame
    assert likeness(one, again) > 0.5
    assert likeness(one, other) < 0.35


def test_the_sensor_decides_size_and_resolution() -> None:
    made = press(finger(), 1, width=388, height=374, dpi=569.0)
    assert (made.frame.width, made.frame.height, made.frame.dpi) == (388, 374, 569.0)
    assert (made.truth.width, made.truth.height, made.truth.dpi) == (388, 374, 569.0)


def test_twice_the_resolution_shows_the_minutiae_at_twice_the_distance() -> None:
    coarse = press(finger(), 1, width=300, height=400, conditions=CLEAN).truth
    fine = press(finger(), 1, width=600, height=800, dpi=1000.0, conditions=CLEAN).truth
    middle = np.array([[299.5, 399.5]])
    places = np.stack([fine.x, fine.y], axis=1) - middle
    for x, y in zip(coarse.x, coarse.y, strict=True):
        away = np.hypot(*(places - 2 * np.array([x - 149.5, y - 199.5])).T)
        assert away.min() < 0.1 or min(x, y) < 8 or x > 290 or y > 390 or len(fine) < len(coarse)


def test_a_finger_leaves_the_picture_blank_round_it() -> None:
    made = press(finger(), 1, width=420, height=520, conditions=replace(CLEAN, contact=0.7))
    pixels = made.frame.pixels.astype(float)
    rim = np.ones(pixels.shape, dtype=bool)
    rim[24:-24, 24:-24] = False
    assert pixels[rim].std() < 8
    assert pixels[rim].mean() > 200
    assert pixels[200:320, 150:270].std() > 50


def test_dark_is_ridge_and_each_true_minutia_lies_in_the_print() -> None:
    made = press(finger(), 4, conditions=CLEAN)
    pixels = made.frame.pixels
    for x, y in zip(made.truth.x.astype(int), made.truth.y.astype(int), strict=True):
        around = pixels[max(0, y - 7) : y + 8, max(0, x - 7) : x + 8]
        assert int(around.min()) < 140
        assert int(around.max()) - int(around.min()) > 60


@pytest.mark.parametrize("moisture", [-0.8, 0.8])
def test_wet_skin_prints_darker_than_dry(moisture: float) -> None:
    plain = press(finger(), 1, conditions=CLEAN).frame.pixels.mean()
    changed = press(finger(), 1, conditions=replace(CLEAN, moisture=moisture)).frame.pixels.mean()
    assert (changed < plain - 10) == (moisture > 0)
    assert (changed > plain + 10) == (moisture < 0)


def test_a_smaller_contact_shows_fewer_minutiae() -> None:
    whole = press(finger(), 1, conditions=CLEAN).truth
    touch = press(finger(), 1, conditions=replace(CLEAN, contact=0.1)).truth
    assert 0 < len(touch) < len(whole)


def test_a_module_sends_sixteen_grey_levels_with_noise_of_its_own() -> None:
    frame = press(finger(), 1).frame
    sent, again, other = as_sensor(frame, 1), as_sensor(frame, 1), as_sensor(frame, 2)
    assert set(np.unique(sent.pixels).tolist()) <= set(range(0, 256, 17))
    assert len(np.unique(sent.pixels)) > 8
    assert (sent.grey_levels, sent.width, sent.height, sent.dpi) == (16, 256, 288, 500.0)
    assert np.array_equal(sent.pixels, again.pixels)
    assert not np.array_equal(sent.pixels, other.pixels)
    assert likeness(sent, frame) > 0.9
    whole = Frame.from_nibbles(sent.to_nibbles(), sent.width, sent.height, sent.dpi)
    assert np.array_equal(whole.pixels, sent.pixels)


def test_the_columns_of_a_module_differ_the_same_way_in_every_frame() -> None:
    grey = Frame(np.full((288, 256), 150, np.uint8), 500.0)
    one, other = (as_sensor(grey, seed).pixels.mean(axis=0) for seed in (1, 2))
    assert np.corrcoef(one, other)[0, 1] > 0.8
