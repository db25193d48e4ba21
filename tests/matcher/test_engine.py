"""The engine of one process: its stages lose nobody that the whole comparison finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.matcher.engine import LocalEngine, Probe, Query
from greenline.matcher.gallery import Gallery
from greenline.matcher.shortlist import USUAL, Stages
from tests.matcher.asking import LIST, MODEL, THRESHOLD, enrol, finger, mate


@pytest.mark.parametrize(
    ("entries", "minutiae", "kept"),
    [
        (501, 40, 250),
        (1_000, 40, 250),
        (2_000, 40, 400),
        (2_000, 20, 1_200),  # few minutiae: three times as many
        (10_000, 60, 2_000),
        (20_000, 40, 4_000),
        (100_000, 40, 5_000),
        (1_000_000, 40, 20_000),
        (1_000_000, 1, 60_000),
    ],
)
def test_of_few_entries_a_larger_share_is_voted_on(entries: int, minutiae: int, kept: int) -> None:
    assert USUAL.voted(entries, minutiae) == kept


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 255))
def test_more_entries_never_mean_that_fewer_are_kept(one: int, two: int, minutiae: int) -> None:
    fewer, more = sorted((one, two))
    assert USUAL.voted(fewer, minutiae) <= USUAL.voted(more, minutiae)
    assert USUAL.ranked(fewer) <= USUAL.ranked(more)


@pytest.mark.parametrize(
    "stages",
    [
        Stages(voted_above=1000, ranked_above=20, least_ranked=10),
        Stages(voted_above=20, fewest_voted=20, ranked_above=1000),
        Stages(voted_above=20, fewest_voted=40, ranked_above=20, least_ranked=10),
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
