import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from greenline.models.picture import read_picture
from greenline.models.quality import ALGORITHM, Quality, Reason, judge
from greenline.prints.frame import Frame
from tests.models.ridges import level_ridges, rings

HEIGHT, WIDTH = 288, 256
RNG = np.random.default_rng(11)


def sixteen_levels(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (pixels >> 4) * np.uint8(17)


def filtered_noise() -> NDArray[np.uint8]:
    """Noise of ridge width: it has the frequency of a finger, but no flow."""
    fx, fy = np.fft.fftfreq(WIDTH), np.fft.fftfreq(HEIGHT)[:, np.newaxis]
    band = np.abs(np.hypot(fx, fy) - 1 / 9) < 1 / 60
    noise = np.fft.ifft2(np.fft.fft2(RNG.standard_normal((HEIGHT, WIDTH))) * band).real
    return np.clip(128 + 50 * noise / noise.std(), 0, 255).astype(np.uint8)


NO_FINGERS = {
    "white": (np.full((HEIGHT, WIDTH), 255, np.uint8), (Reason.NO_FINGER,)),
    "black": (np.zeros((HEIGHT, WIDTH), np.uint8), (Reason.NO_FINGER, Reason.TOO_DARK)),
    "faint noise": (RNG.normal(230, 4, (HEIGHT, WIDTH)).astype(np.uint8), (Reason.NO_FINGER,)),
    "ramp": (np.tile(np.arange(WIDTH, dtype=np.uint8), (HEIGHT, 1)), (Reason.NO_FINGER,)),
    "noise": (RNG.integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8), (Reason.NOT_A_FINGER,)),
    "stripes": (level_ridges(HEIGHT, WIDTH, []), (Reason.NOT_A_FINGER,)),
    "smaller than a block": (np.zeros((9, 9), np.uint8), (Reason.NO_FINGER,)),
}


@pytest.mark.parametrize("name", NO_FINGERS)
def test_what_is_no_finger_scores_nothing_and_says_why(name: str):
    pixels, reasons = NO_FINGERS[name]
    assert judge(Frame(pixels, 500)) == Quality(0, reasons, ALGORITHM)


@pytest.mark.parametrize("name", [name for name in NO_FINGERS if name != "black"])
def test_sixteen_grey_levels_do_not_make_a_finger_of_it(name: str):
    assert judge(Frame(sixteen_levels(NO_FINGERS[name][0]), 500, 16)).score == 0


def test_noise_as_wide_as_ridges_scores_next_to_nothing():
    assert judge(Frame(filtered_noise(), 500)).score <= 5


def test_clear_bending_ridges_score_well_without_complaint():
    quality = judge(Frame(rings(HEIGHT, WIDTH), 500))
    assert (quality.score >= 60, quality.reasons) == (True, ())


def test_less_of_the_same_finger_scores_less():
    picture = rings(HEIGHT, WIDTH)
    scores = []
    for rows in (288, 200, 120, 80):
        part = np.full_like(picture, 240)
        part[:rows] = picture[:rows]
        scores.append(judge(Frame(part, 500)).score)
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4


def test_noise_on_the_same_finger_lowers_the_score():
    scores = []
    for deviation in (0, 20, 40, 60):
        noisy = rings(HEIGHT, WIDTH) + RNG.normal(0, deviation, (HEIGHT, WIDTH))
        scores.append(judge(Frame(np.clip(noisy, 0, 255).astype(np.uint8), 500)).score)
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4


def test_a_small_patch_of_finger_is_too_little():
    picture = np.full((HEIGHT, WIDTH), 240, np.uint8)
    picture[80:190, 70:180] = rings(HEIGHT, WIDTH)[80:190, 70:180]
    assert judge(Frame(picture, 500)).reasons == (Reason.TOO_LITTLE_AREA,)


def test_ridges_of_little_contrast_are_too_faint():
    faint = (230 - (230 - rings(HEIGHT, WIDTH).astype(float)) * 0.2).astype(np.uint8)
    assert judge(Frame(faint, 500)).reasons == (Reason.TOO_FAINT,)


def test_a_finger_half_drowned_is_too_dark():
    picture = rings(HEIGHT, WIDTH)
    picture[100:] = 20
    assert judge(Frame(picture, 500)).reasons == (Reason.TOO_DARK,)


@pytest.mark.parametrize("dpi", [300, 508, 1000])
def test_the_score_is_of_the_finger_not_of_the_resolution(dpi: int):
    factor = dpi / 500
    rows, columns = np.mgrid[: int(HEIGHT * factor), : int(WIDTH * factor)] / factor
    distance = np.hypot(columns - WIDTH / 2, rows - HEIGHT / 2)
    picture = (140 + 90 * np.cos(2 * np.pi * distance / 9)).astype(np.uint8)
    reference = judge(Frame(rings(HEIGHT, WIDTH), 500)).score
    assert judge(Frame(picture, dpi)).score == pytest.approx(reference, abs=6)


def test_a_recorded_scan_of_no_finger_is_recognised_as_one(shared_data: Path):
    frame = read_picture(shared_data / "uru4500" / "capture.png", 512)
    assert judge(frame).reasons == (Reason.NOT_A_FINGER,)


@pytest.mark.parametrize("levels", [256, 16])
def test_real_prints_are_ordered_much_as_nfiq_2_orders_them(shared_data: Path, levels: int):
    ours, theirs = [], []
    with (shared_data / "nfiq2" / "fvc2002.csv").open() as file:
        for row in csv.DictReader(file):
            if row["nfiq2"] and row["image"].endswith("_1.png"):
                frame = read_picture(shared_data / "fvc2002" / row["image"], float(row["ppi"]))
                pixels = frame.pixels if levels == 256 else sixteen_levels(frame.pixels)
                ours.append(judge(Frame(pixels, frame.dpi, levels)).score)
                theirs.append(float(row["nfiq2"]))
    assert len(ours) >= 39
    assert np.corrcoef(ranks(ours), ranks(theirs))[0, 1] > 0.7


def ranks(values: list[float]) -> NDArray[np.float64]:
    """Ranks, the mean rank for equal values (Spearman)."""
    array = np.array(values)
    return (array[:, np.newaxis] > array).sum(1) + (array[:, np.newaxis] == array).sum(1) / 2
