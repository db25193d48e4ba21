"""How many minutiae the template network finds in each block of a lesson's picture."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("scipy", reason="drawing lessons needs SciPy (extra train-network)")

from greenline.models.extraction import Extractor
from greenline.models.training.lesson_shards import read_shard
from greenline.models.training.lesson_shards import write_shards as write_drawn
from greenline.models.training.quality_found import (
    NOISY,
    THRESHOLD,
    Counter,
    count_shards,
    in_noise,
    spread,
)
from greenline.models.training.quality_lessons import CANVASES
from greenline.models.training.synthesis import make_finger, press

SHAPE = (18, 16)
PLACES = arrays(np.float64, (7, 2), elements=st.floats(0, 1))


@given(PLACES)
def test_nothing_is_lost_or_won_by_spreading(places: np.ndarray) -> None:
    x, y = places[:, 0] * 255, places[:, 1] * 287
    weight = np.linspace(0.4, 1, 7)
    counts = spread(x, y, weight, SHAPE)

    assert counts.shape == SHAPE
    assert counts.min() >= 0
    assert float(counts.astype(float).sum()) == pytest.approx(weight.sum(), abs=0.01)


def test_a_minutia_in_a_blocks_middle_is_its_own_and_one_on_a_border_of_both() -> None:
    middle = spread(np.array([23.5]), np.array([39.5]), np.array([1.0]), SHAPE)
    border = spread(np.array([31.5]), np.array([39.5]), np.array([1.0]), SHAPE)

    assert np.argwhere(middle).tolist() == [[2, 1]]
    assert border[2, 1:3].tolist() == [0.5, 0.5]


def test_the_counts_of_a_picture_add_up_to_what_is_found() -> None:
    frame = press(make_finger(41), 3, height=288, width=256).frame
    template = Extractor(model="greenline-1", threshold=THRESHOLD).extract(frame)
    counts = Counter().count(frame.pixels)

    assert len(template) > 10
    assert float(counts.astype(float).sum()) == pytest.approx(
        template.quality.sum() / 100, rel=0.01
    )


def test_a_shard_for_the_template_network_gives_pictures_counts_and_contact(
    tmp_path: Path,
) -> None:
    list(write_drawn(tmp_path / "lessons", 7, 1))
    paths = list(count_shards(tmp_path / "lessons", tmp_path / "found"))

    with np.load(paths[0]) as shard:
        blocks = shard["pixels"][:, ::16, ::16].shape
        assert shard["found"].shape == shard["contact"].shape == blocks
        drawn = len(read_shard(tmp_path / "lessons" / paths[0].name))
        assert (shard["contact"][drawn:] == shard["contact"][:drawn:NOISY]).all()
        assert len(shard["contact"]) == drawn + -(-drawn // NOISY)
        assert shard["found"].sum(axis=(1, 2), dtype=float).max() > 10
        assert 0 <= shard["contact"].min() < shard["contact"].max() <= 1
    assert list(count_shards(tmp_path / "lessons", tmp_path / "found")) == paths


def test_noise_is_drawn_from_the_seed_and_hides_minutiae() -> None:
    clear = press(make_finger(41), 3, height=288, width=256).frame.pixels
    noisy = in_noise(np.stack([clear] * (8 * NOISY)), 5)

    assert (noisy == in_noise(np.stack([clear] * (8 * NOISY)), 5)).all()
    assert noisy.shape == (8, 288, 256)
    found = [float(Counter().count(each).sum()) for each in (clear, *noisy)]
    assert min(found) < found[0] / 2


def test_what_is_no_finger_has_none_and_padding_neither(tmp_path: Path) -> None:
    height, width = CANVASES[0]
    pixels = np.stack([press(make_finger(41), 3, height=height, width=width).frame.pixels] * 2)
    inside = np.ones((2, height // 16, width // 16), np.float16)
    inside[:, :4] = 0
    (tmp_path / "lessons").mkdir()
    np.savez(
        tmp_path / "lessons" / "quality-0000001.npz",
        pixels0=pixels,
        inside0=inside,
        finger0=np.array([41, 0]),
    )
    (path,) = count_shards(tmp_path / "lessons", tmp_path / "found")

    with np.load(path) as shard:
        found = shard["found0"]
    assert found[0, 4:].sum() > 3
    assert not found[0, :4].any()
    assert not found[1].any()
