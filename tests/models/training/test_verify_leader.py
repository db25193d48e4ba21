import math

import numpy as np

from greenline.models.training.verify_leader import Report, match

ENDING, BIFURCATION = 1.0, 2.0


def minutiae(*rows: tuple[float, float, float, float, float]) -> np.ndarray:
    return np.array(rows, float).reshape(-1, 5)


def test_the_nearest_minutiae_are_paired_first_and_each_once():
    one = minutiae((10, 10, 0, 1, 0.9), (14, 10, 0, 1, 0.9), (90, 90, 0, 1, 0.9))
    other = minutiae((15, 10, 0, 1, 0.9), (50, 50, 0, 1, 0.9))
    assert match(one, other) == [(1, 0)]


def test_nothing_pairs_with_nothing():
    assert match(minutiae(), minutiae((1, 1, 0, 1, 0.5))) == []
    assert match(minutiae((1, 1, 0, 1, 0.5)), minutiae()) == []


def test_a_report_counts_every_kind_of_difference():
    report = Report()
    report.add(
        "101_1.png",
        minutiae((10, 10, 0.1, ENDING, 0.9), (50, 50, 3.1, ENDING, 0.8), (80, 80, 0, ENDING, 0.51)),
        minutiae((10, 10, 0.1, ENDING, 0.9), (53, 54, 3.1 - 2 * math.pi, BIFURCATION, 0.75)),
    )
    assert report.lines() == [
        "tiles compared: 1",
        "minutiae: Keras 3, TFLite 2, matched 2",
        "matched but not on the same pixel: 1, farthest 5.00 px",
        "matched but of another kind: 1",
        "largest difference of direction: 0.000 degrees",
        "largest difference of quality: 0.0500 (TFLite's is rounded to 0.01)",
        "not matched: 1",
        "101_1.png: only Keras (80, 80) quality 0.5100",
    ]
