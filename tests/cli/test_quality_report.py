"""The tables and the picture of `greenline bench quality`, from scores that are made up."""

import itertools
from xml.etree import ElementTree

import numpy as np
import pytest

from greenline.cli.quality_picture import Panel, draw
from greenline.cli.quality_report import (
    LEAST,
    NFIQ2,
    area_table,
    genuine_of,
    mean_genuine,
    rank_table,
    results,
)
from greenline.models.quality_network import MODEL

FINGERS, IMPRESSIONS = 6, 5
IMAGES = [f"A/{finger}_{which}" for finger in range(FINGERS) for which in range(IMPRESSIONS)]
NAMES = list(itertools.combinations(IMAGES, 2))
RNG = np.random.default_rng(8)
WORTH = {image: float(RNG.uniform(0, 10)) for image in IMAGES}
MATED = genuine_of(NAMES)
SCORES = np.array(
    [
        min(WORTH[a], WORTH[b]) if mated else RNG.uniform(0, 2)
        for (a, b), mated in zip(NAMES, MATED, strict=True)
    ]
)
JUDGED = {
    MODEL: {image: 10 * worth for image, worth in WORTH.items()},
    NFIQ2: {image: float(RNG.integers(0, 100)) for image in IMAGES},
}


def test_pairs_of_one_finger_are_told_from_pairs_of_two() -> None:
    assert MATED.sum() == FINGERS * IMPRESSIONS * (IMPRESSIONS - 1) / 2


def test_every_operating_point_is_reported_in_one_order() -> None:
    found = results("whole", "leader-1", JUDGED, NAMES, SCORES)

    assert [each.point for each in found] == ["FMR 0.001", "FMR 0.0001", "FNMR 5%", "FNMR 10%"]
    assert [list(each.curves) for each in found] == [[MODEL, NFIQ2, LEAST]] * 4


def test_a_measure_that_knows_each_pictures_worth_is_as_good_as_can_be() -> None:
    for each in results("whole", "leader-1", JUDGED, NAMES, SCORES):
        assert np.allclose(each.curves[MODEL], each.curves[LEAST])
        assert each.against is not None
        assert each.against[1] <= 0


def test_without_nfiq_2_there_is_nothing_to_be_better_than() -> None:
    found = results("whole", "leader-1", {MODEL: JUDGED[MODEL]}, NAMES, SCORES)

    assert [each.against for each in found] == [None] * 4
    assert "ours less" not in area_table(found)


def test_the_mean_genuine_score_of_a_picture_is_that_of_its_own_pairs() -> None:
    names = [("A/1_1", "A/1_2"), ("A/1_1", "A/1_3"), ("A/1_1", "A/2_1")]

    assert mean_genuine(names, np.array([4.0, 8.0, 99.0])) == {
        "A/1_1": 6,
        "A/1_2": 4,
        "A/1_3": 8,
    }


def test_the_tables_have_a_row_for_each_measure_and_each_point() -> None:
    ranks = rank_table([("whole", "leader-1", JUDGED, NAMES, SCORES)]).splitlines()
    areas = area_table(results("whole", "leader-1", JUDGED, NAMES, SCORES)).splitlines()

    assert len(ranks) == 2 + 2
    assert ranks[3].startswith(f"| whole | leader-1 | {NFIQ2} | 1.000 |")
    assert len(areas) == 2 + 4
    assert {line.count("|") for line in areas} == {areas[0].count("|")}


@pytest.mark.parametrize("panels", [1, 4, 5])
def test_the_picture_is_a_picture_with_a_curve_for_each_measure(panels: int) -> None:
    each = results("whole", "leader-1", JUDGED, NAMES, SCORES)[0]
    shown = draw([Panel("a <b>", each.curves)] * panels)
    svg = ElementTree.fromstring(shown)  # noqa: S314 - what was made here

    assert len(svg.findall(".//{*}title")) == panels * len(each.curves)
    assert MODEL in shown
