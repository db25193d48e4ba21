"""Shards give the answer that one process gives: the same candidates, scores, threshold, counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.matcher.cluster.on_one_machine import Machines
from greenline.matcher.cluster.start import Layout
from greenline.matcher.engine import Engine, LocalEngine, Probe, Query
from greenline.matcher.gallery import Gallery
from greenline.prints.template import Template
from tests.matcher.asking import LIST, MODEL, PURPOSE, finger, mate, record
from tests.matcher.clusters import key_file, sharded

PERSONS = 150


@pytest.fixture
def filled(gallery: Gallery) -> Gallery:
    """A gallery whose persons have one to three fingers, some of them more than once."""
    gallery.create_list("other", (PURPOSE,))
    for seed in range(PERSONS):
        name = LIST if seed % 4 else "other"
        for position in range(seed % 3 + 1):
            print_ = record(finger(1000 * position + seed))
            gallery.enrol(name, f"person-{seed}", position + 1, print_, MODEL, adult=True)
    for number in range(4):  # equal scores: the same print under four names
        gallery.enrol(LIST, f"same-{number}", 0, record(finger(77)), MODEL, adult=True)
    return gallery


@pytest.fixture
def engines(
    filled: Gallery, gallery_path: Path, gallery_key: bytes, tmp_path: Path, machines: Machines
) -> Iterator[tuple[Engine, Engine]]:
    layout = Layout(gallery_path, key_file(tmp_path, gallery_key), shards=3, replicas=1)
    with sharded(filled, layout) as (engine, _):
        yield LocalEngine(filled), engine


def asked(*probes: tuple[int, Template], **more: object) -> Query:
    return Query([Probe(p, n, MODEL) for n, p in probes], (LIST, "other"), 0.5, 10, **more)


def test_shards_answer_as_one_process_does(engines: tuple[Engine, Engine]) -> None:
    local, ray = engines
    queries = [
        *(asked((0, mate(finger(seed)))) for seed in range(0, PERSONS, 15)),
        *(asked((1, mate(finger(s))), (2, mate(finger(1000 + s)))) for s in (5, 20, 23)),
        asked((2, mate(finger(5))), (1, mate(finger(1005)))),
        asked((0, finger(77))),
        asked((0, finger(77)), target_fpir=0.01),
        asked((0, mate(finger(8))), free_placement=True, evidence=True),
        asked((0, finger(5000))),
    ]
    for query in queries:
        assert ray.search(query) == local.search(query)


def test_of_equal_scores_the_older_entries_come_first(engines: tuple[Engine, Engine]) -> None:
    _, ray = engines
    found = ray.search(asked((0, finger(77)))).candidates
    assert [one.reference for one in found][:4] == [f"same-{number}" for number in range(4)]
