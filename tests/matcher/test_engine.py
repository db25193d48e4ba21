"""The engine of one process: its stages lose nobody that the whole comparison finds."""

import pytest

from greenline.matcher.engine import LocalEngine, Probe, Query
from greenline.matcher.gallery import Gallery
from greenline.matcher.shortlist import Stages
from tests.matcher.asking import LIST, MODEL, THRESHOLD, enrol, finger, mate


@pytest.mark.parametrize(
    "stages",
    [
        Stages(ranked_above=20, least_ranked=10),
        Stages(ranked_above=20, voted_above=20, least_voted=20, least_ranked=10),
    ],
)
def test_stages_find_whom_the_whole_comparison_finds(gallery: Gallery, stages: Stages) -> None:
    for seed in range(1, 101):
        enrol(gallery, seed)
    whole, staged = LocalEngine(gallery), LocalEngine(gallery, stages, threads=3)
    for seed in range(1, 101, 9):
        query = Query([Probe(mate(finger(seed)), 0, MODEL)], (LIST,), THRESHOLD, 5)
        assert staged.search(query).candidates == whole.search(query).candidates
        (candidate,) = staged.search(query).candidates
        assert candidate.reference == f"entry-{seed}"
