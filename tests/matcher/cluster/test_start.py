"""What keeps a cluster from starting is said in one sentence, with what to do."""

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from greenline.matcher.cluster.connection import check_machines
from greenline.matcher.cluster.errors import ClusterError
from greenline.matcher.cluster.on_one_machine import Machines
from greenline.matcher.cluster.start import Layout, Replicas, Terms, connected, engine
from greenline.matcher.engine import Probe, Query
from greenline.matcher.gallery import KEY_BYTES, Gallery
from tests.matcher.asking import LIST, MODEL, THRESHOLD, enrol, finger, mate
from tests.matcher.clusters import key_file

SOON_S = 300.0


@pytest.fixture
def key(tmp_path: Path, gallery_key: bytes) -> Path:
    return key_file(tmp_path, gallery_key)


def refusal(layout: Layout, seconds: float = SOON_S) -> str:
    replicas = Replicas(layout)
    try:
        with pytest.raises(ClusterError) as caught:
            replicas.wait(seconds)
    finally:
        replicas.close()
    return str(caught.value)


def test_a_whole_start_answers_and_tells_its_progress(
    machines: Machines, gallery: Gallery, gallery_path: Path, key: Path
) -> None:
    for seed in range(6):
        enrol(gallery, seed)
    told: list[tuple[int, int]] = []
    layout = Layout(gallery_path, key, shards=2, replicas=1)
    query = Query([Probe(mate(finger(3)), 0, MODEL)], (LIST,), THRESHOLD, 5)
    with engine(gallery, layout, Terms(), SOON_S, lambda *step: told.append(step)) as running:
        found = running.search(query)
    assert [each.reference for each in found.candidates] == ["entry-3"]
    assert told[-1] == (6, 6)


def test_another_key_is_named(machines: Machines, gallery_path: Path, gallery: Gallery) -> None:
    other = key_file(gallery_path.parent, os.urandom(KEY_BYTES))
    words = refusal(Layout(gallery_path, other, 1, 1))
    assert "the key does not open the gallery" in words


def test_a_key_that_others_may_read_is_refused(
    machines: Machines, gallery_path: Path, gallery: Gallery, key: Path
) -> None:
    key.chmod(0o644)
    assert f"run 'chmod 600 {key}'" in refusal(Layout(gallery_path, key, 1, 1))


def test_a_gallery_that_is_not_there_is_named_and_none_is_made(
    machines: Machines, tmp_path: Path, key: Path
) -> None:
    path = tmp_path / "elsewhere.db"
    assert f"the gallery {path} is not on this machine" in refusal(Layout(path, key, 1, 1))
    assert not path.exists()


def test_too_few_processors_are_said(
    machines: Machines, gallery_path: Path, gallery: Gallery, key: Path
) -> None:
    words = refusal(Layout(gallery_path, key, 1, 1, threads=99), seconds=0.5)
    assert "0 of 1 replicas of shards were ready" in words
    assert "with 99 processors free" in words


def test_replicas_on_more_machines_than_there_are_are_refused(machines: Machines) -> None:
    check_machines(2)
    with pytest.raises(ClusterError, match="the cluster has 2 machines, and 3 replicas"):
        check_machines(3)


def test_an_address_where_nothing_listens_is_refused_at_once(free_port: int) -> None:
    address = f"127.0.0.1:{free_port}"
    refused = pytest.raises(ClusterError, match=f"no Ray cluster at '{address}'")
    with refused, connected(address, 1):
        pass


@pytest.fixture
def free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
