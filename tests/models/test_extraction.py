import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from greenline.models.errors import ModelFileError, PictureError
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.prints.fmr import decode
from greenline.prints.frame import Frame
from greenline.prints.template import Template
from tests.models.conftest import NETWORKS
from tests.models.ridges import level_ridges, rings

FIVE = [(80, 90, 1), (170, 100, -1), (120, 180, 1), (60, 220, -1), (200, 220, 1)]
# Over four tiles of 512x416; some lie on the seams (y 328, x 300) and on their crossing.
MANY = [
    *[(60 + 120 * i, 60 + 90 * j, 1 if (i + j) % 2 else -1) for i in range(5) for j in range(3)],
    *[(60, 328, 1), (180, 328, -1), (300, 330, 1), (420, 326, -1), (540, 328, 1)],
    *[(300, 420, -1), (301, 510, 1), (299, 600, -1)],
]


def places(template: Template) -> list[tuple[float, float]]:
    return sorted(zip(template.x.tolist(), template.y.tolist(), strict=True))


def assert_same_places(template: Template, minutiae: list[tuple[float, float, int]], reach: float):
    """Each minutia is found once, within reach pixels, and nothing else is."""
    found = np.array(places(template))
    truth = np.array([(x, y) for x, y, _ in minutiae], float)
    gaps = np.hypot(*(found[:, None] - truth[None]).transpose(2, 0, 1))
    assert len(found) == len(truth)
    assert sorted(gaps.argmin(axis=1)) == list(range(len(truth)))
    assert gaps.min(axis=1).max() <= reach


def turned(one: float, other: float) -> float:
    return abs(math.degrees(math.remainder(one - other, 2 * math.pi)))


def test_the_minutiae_put_into_a_picture_are_found_and_no_others(extractor: Extractor):
    template = extractor.extract(Frame(level_ridges(288, 256, FIVE), 500))
    assert (template.width, template.height, template.dpi) == (256, 288, 500.0)
    assert_same_places(template, FIVE, reach=2)


def test_a_minutia_points_along_its_ridge_to_the_side_its_turn_says(extractor: Extractor):
    template = extractor.extract(Frame(level_ridges(288, 256, FIVE), 500))
    for x, y, turn in FIVE:
        [index] = np.flatnonzero(np.hypot(template.x - x, template.y - y) < 5)
        assert turned(float(template.direction[index]), 0 if turn > 0 else math.pi) < 10


def test_directions_stay_within_one_turn(extractor: Extractor):
    template = extractor.extract(Frame(level_ridges(288, 256, FIVE)[::-1].copy(), 500))
    assert len(template) == 5
    assert np.all((template.direction >= 0) & (template.direction < 2 * math.pi))


@pytest.mark.parametrize(
    "picture",
    [
        np.full((288, 256), 255, np.uint8),
        np.zeros((288, 256), np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (288, 1)),
        np.random.default_rng(3).integers(0, 256, (288, 256)).astype(np.uint8),
    ],
    ids=["white", "black", "ramp", "noise"],
)
def test_a_picture_without_minutiae_gives_an_empty_template(
    extractor: Extractor, picture: np.ndarray
):
    template = extractor.extract(Frame(picture, 500))
    assert (len(template), template.width, template.height) == (0, 256, 288)


def test_ridges_that_only_bend_have_no_minutia_but_perhaps_at_their_middle(extractor: Extractor):
    template = extractor.extract(Frame(rings(288, 256), 500))
    # A dot in the smallest ring is what an expert may call a ridge end too.
    assert len(template) <= 1
    assert np.hypot(template.x - 128, template.y - 144).max(initial=0) < 12


def test_padding_adds_no_minutiae_to_a_small_picture(extractor: Extractor):
    template = extractor.extract(Frame(level_ridges(192, 192, [(90, 100, 1)]), 500))
    assert_same_places(template, [(90, 100, 1)], reach=2)


@pytest.mark.parametrize("dpi", [250.0, 569.0, 1000.0])
def test_a_picture_of_another_resolution_is_brought_to_500_dpi(extractor: Extractor, dpi: float):
    size = (round(256 * dpi / 500), round(288 * dpi / 500))
    ridges = Image.fromarray(level_ridges(288, 256, FIVE))
    scaled = np.asarray(ridges.resize(size, Image.Resampling.BICUBIC))
    template = extractor.extract(Frame(scaled, dpi))
    assert (template.width, template.height, template.dpi) == (256, 288, 500.0)
    assert_same_places(template, FIVE, reach=3)


def test_a_picture_larger_than_the_largest_network_is_read_in_tiles(extractor: Extractor):
    template = extractor.extract(Frame(level_ridges(656, 600, MANY), 500))
    assert (template.width, template.height) == (600, 656)
    assert_same_places(template, MANY, reach=3)


def test_the_same_picture_gives_the_same_template_again(extractor: Extractor):
    frame = Frame(level_ridges(288, 256, FIVE), 500)
    once, again = extractor.extract(frame), extractor.extract(frame)
    assert places(once) == places(again)
    assert once.quality.tolist() == again.quality.tolist()


def test_minutiae_come_best_first_with_a_quality_of_1_to_100(extractor: Extractor):
    picture = level_ridges(288, 256, FIVE)
    faded = (picture * np.linspace(0.1, 1, 288)[:, np.newaxis]).astype(np.uint8)
    quality = extractor.extract(Frame(faded, 500)).quality.tolist()
    assert quality == sorted(quality, reverse=True)
    assert quality
    assert all(50 <= value <= 100 for value in quality)


def test_a_lower_threshold_only_adds_minutiae():
    noisy = level_ridges(288, 256, FIVE) / 2 + np.random.default_rng(5).uniform(0, 120, (288, 256))
    frame = Frame(noisy.astype(np.uint8), 500)
    strict, loose = (Extractor(threshold=t).extract(frame) for t in (0.5, 0.02))
    assert set(places(strict)) < set(places(loose))


def test_at_most_255_minutiae_are_kept():
    frame = Frame(np.random.default_rng(3).integers(0, 256, (512, 416)).astype(np.uint8), 500)
    template = Extractor(threshold=0.0).extract(frame)
    assert len(template) == 255


@pytest.mark.parametrize(
    ("height", "width", "dpi", "reason"),
    [
        (90, 300, 500.0, "15.2 x 4.6 mm: too small"),
        (300, 90, 500.0, "4.6 x 15.2 mm: too small"),
        (1010, 500, 500.0, "25.4 x 51.3 mm: too large to be one finger"),
        (500, 500, 200.0, "63.5 x 63.5 mm: too large to be one finger"),
    ],
)
def test_a_picture_that_cannot_show_one_finger_is_refused(
    extractor: Extractor, height: int, width: int, dpi: float, reason: str
):
    with pytest.raises(PictureError, match=re.escape(reason)):
        extractor.extract(Frame(np.zeros((height, width), np.uint8), dpi))


def test_the_model_id_is_the_models_name_a_hash_and_the_mode(extractor: Extractor):
    assert re.fullmatch(r"(leader-1|greenline-1)/[0-9a-f]{8}(\+mirror)?", extractor.model_id)


def test_each_network_and_mode_has_an_id_of_its_own():
    ids = {Extractor(**options).model_id for options in NETWORKS.values()}
    assert len(ids) == len(NETWORKS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "leader-2"}, "no model 'leader-2': there are leader-1, greenline-1"),
        ({"model": "leader-1", "accurate": True}, "leader-1 has no accurate mode"),
    ],
)
def test_what_no_network_can_do_is_refused(options: dict[str, Any], words: str):
    with pytest.raises(ModelFileError, match=words):
        Extractor(**options)


TURNED_ABOUT = {"leader-1": 0.01, "greenline-1": 0.02}
"""Share of directions that may point the other way: measured 0 of 326, 5 of 348, 1 with mirror."""


def test_directions_are_those_of_an_iso_extractor(extractor: Extractor, shared_data: Path):
    turns = np.array([turn for pair in _iso_pairs(extractor, shared_data) for turn in pair])
    assert len(turns) > 200
    assert np.mean(turns < 30) > 0.97
    assert np.mean(turns > 150) < TURNED_ABOUT[extractor.model_id.partition("/")[0]]


def _iso_pairs(extractor: Extractor, data: Path) -> Iterator[list[float]]:
    """For the first impressions: degrees between our minutia and the record's at the same place."""
    for record in sorted((data / "iso19794").glob("*_1.iso")):
        frame = read_picture(data / "fvc2002" / "DB1_B" / f"{record.stem}.png", 500)
        ours, theirs = extractor.extract(frame), decode(record.read_bytes()).views[0].template
        # The other extractor saw the picture squeezed to 300x400.
        x, y = theirs.x * frame.width / 300, theirs.y * frame.height / 400
        gaps = np.hypot(x[:, np.newaxis] - ours.x, y[:, np.newaxis] - ours.y)
        yield [
            turned(float(theirs.direction[index]), float(ours.direction[gaps[index].argmin()]))
            for index in np.flatnonzero(gaps.min(axis=1) < 8)
        ]
