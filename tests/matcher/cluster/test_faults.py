"""A process is killed, a process hangs, a node is lost, while searches run: none of them is wrong.

Each campaign is short here; bench/cluster_faults.py runs long ones.
"""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from greenline.matcher.cluster.on_one_machine import Machines
from greenline.matcher.cluster.start import Layout, RayEngine, Replicas, Terms
from greenline.matcher.engine import Probe, Query, Search
from greenline.matcher.gallery import KEY_BYTES, Gallery
from tests.matcher.asking import LIST, MODEL, PURPOSE, THRESHOLD, enrol, finger, mate
from tests.matcher.clusters import LOADING_S, key_file, sharded

PERSONS = 24
BEFORE, AFTER = 10, 20  # searches
BACK_S = 300.0


@dataclass
class Running:
    engine: RayEngine
    replicas: Replicas
    hasty: RayEngine

    def process(self, shard: int, replica: int) -> int:
        return self.replicas.wait(LOADING_S)[shard, replica].process


@pytest.fixture(scope="module")
def running(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Three shards, each on both nodes."""
    folder, key = tmp_path_factory.mktemp("sharded"), os.urandom(KEY_BYTES)
    path = folder / "gallery.db"
    with closing(Gallery(path, key)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        for seed in range(PERSONS):
            enrol(gallery, seed)
        layout = Layout(path, key_file(folder, key), shards=3, replicas=2)
        with sharded(gallery, layout) as (engine, replicas):
            hasty = RayEngine(gallery, replicas, 3, 2, Terms(deadline_s=1.0))
            yield Running(engine, replicas, hasty)


def search(engine: RayEngine, seed: int) -> Search:
    return engine.search(Query([Probe(mate(finger(seed)), 0, MODEL)], (LIST,), THRESHOLD, 5))


def is_right(found: Search, seed: int) -> bool:
    """Say whether a search is what a whole one would be."""
    names = [each.reference for each in found.candidates]
    return found.coverage == 1.0 and names == [f"entry-{seed}"]


def campaign(engine: RayEngine, fault: Callable[[], None]) -> list[Search]:
    """Search on two threads, let the fault happen meanwhile; return the searches that were wrong.

    At least BEFORE searches end before the fault, at least AFTER begin when it is complete.
    """
    wrong: list[Search] = []
    before = threading.Semaphore(0)
    after = threading.Semaphore(AFTER)
    happened = threading.Event()

    def searching(first: int) -> None:
        for number in itertools.count(first, 2):
            if happened.is_set() and not after.acquire(blocking=False):
                return
            seed = number % PERSONS
            found = search(engine, seed)
            if not is_right(found, seed):
                wrong.append(found)
            before.release()

    threads = [threading.Thread(target=searching, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(BEFORE):
        before.acquire()
    try:
        fault()
    finally:
        happened.set()
        for thread in threads:
            thread.join()
    return wrong


def test_a_killed_process_costs_no_search_and_comes_back(running: Running) -> None:
    before = running.process(0, 0)

    assert campaign(running.engine, lambda: os.kill(before, signal.SIGKILL)) == []

    assert running.process(0, 0) != before


def test_a_hanging_process_costs_no_search_and_is_replaced(running: Running) -> None:
    hanging = running.process(1, 1)

    assert campaign(running.engine, lambda: os.kill(hanging, signal.SIGSTOP)) == []

    until = time.monotonic() + BACK_S
    found = running.replicas.conditions(1.0)
    while found.get((1, 1)) is None or found[1, 1].process == hanging:
        assert time.monotonic() < until
        assert is_right(search(running.engine, 1), 1)
        found = running.replicas.conditions(1.0)


def test_a_lost_node_costs_no_search_and_its_shards_come_back_on_another(
    running: Running, machines: Machines
) -> None:
    before = running.replicas.wait(LOADING_S)
    try:
        assert campaign(running.engine, machines.remove) == []
    finally:
        machines.add()
    after = running.replicas.wait(BACK_S)
    moved = [place for place in before if after[place].process != before[place].process]
    assert sorted(shard for shard, _ in moved) == [0, 1, 2]


def test_a_shard_that_nobody_answers_for_makes_a_search_incomplete_and_never_none(
    running: Running,
) -> None:
    conditions = running.replicas.wait(LOADING_S)
    assert all(is_right(search(running.engine, seed), seed) for seed in range(PERSONS))
    hung = [conditions[0, replica].process for replica in range(2)]
    for process in hung:
        os.kill(process, signal.SIGSTOP)
    try:
        found = [search(running.hasty, seed) for seed in range(6)]
    finally:
        for process in hung:
            os.kill(process, signal.SIGCONT)

    assert all(0 < each.coverage < 1 for each in found)
    named = [bool(each.candidates) for each in found]
    assert named == [is_elsewhere(f"entry-{seed}") for seed in range(6)]
    assert set(named) == {True, False}


def is_elsewhere(reference: str) -> bool:
    """Say whether a person lies in another shard than the first of three."""
    from greenline.matcher.gallery_records import person  # noqa: PLC0415

    return person(LIST, reference) % 3 != 0
