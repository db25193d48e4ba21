"""The TFLite network finds what the original in Keras found, without Keras at hand."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from greenline.models.extraction import Extractor
from greenline.models.training.keras_golden import SEEDS, Golden, digest, synthetic_print
from greenline.models.training.verify_leader import from_template, match
from greenline.prints.frame import Frame

GOLDEN = {
    golden.seed: golden
    for golden in msgspec.json.decode(
        (Path(__file__).parent / "leader_keras.json").read_bytes(), type=list[Golden]
    )
}
# A minutia this near to the threshold may be in on one side and out on the other (float16).
CLOSE = 0.01


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor(model="leader-1")


@pytest.mark.parametrize("seed", SEEDS)
def test_keras_and_tflite_find_the_same_minutiae(extractor: Extractor, seed: int) -> None:
    pixels = synthetic_print(seed)
    golden = GOLDEN[seed]
    assert digest(pixels) == golden.pixels, "the generator has changed: write the golden file anew"
    keras = golden.columns
    tflite = from_template(extractor.extract(Frame(pixels, 500)))

    pairs = match(keras, tflite)

    alone = [
        columns[row, 4]
        for columns, paired in ((keras, {a for a, _ in pairs}), (tflite, {b for _, b in pairs}))
        for row in set(range(len(columns))) - paired
    ]
    assert len(keras) >= 20
    assert [quality for quality in alone if quality > extractor.threshold + CLOSE] == []
    one, other = keras[[a for a, _ in pairs]], tflite[[b for _, b in pairs]]
    turned = np.angle(np.exp(1j * (one[:, 2] - other[:, 2])))
    assert np.hypot(*(one - other)[:, :2].T).max() < 1.5
    assert np.abs(np.degrees(turned)).max() < 4
    assert np.mean(one[:, 3] == other[:, 3]) > 0.95
