"""What every search engine keeps to: what is enrolled is found at once, and nobody else is.

Each test runs over the engine of one process and over that of a cluster of two nodes. Each kind is
started once; a test begins with an empty gallery.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from greenline.matcher.engine import Engine, Found, Probe, Query, Search
from greenline.matcher.fusion import threshold_for
from greenline.matcher.gallery import KEY_BYTES, Gallery
from greenline.prints.template import Template
from tests.matcher.asking import (
    LIST,
    MODEL,
    PURPOSE,
    THRESHOLD,
    Clock,
    enrol,
    finger,
    mate,
    record,
)
from tests.matcher.engines import MakeEngine

ANOTHER_PROCESS = """
import sys
from pathlib import Path
from greenline.matcher.gallery import KEY_BYTES, Gallery
_, path, key, action, list_name, reference, record = sys.argv
gallery = Gallery(Path(path), bytes.fromhex(key))
if action == "enrol":
    gallery.enrol(list_name, reference, 0, bytes.fromhex(record), "elsewhere", adult=True)
else:
    gallery.remove(list_name, reference)
gallery.close()
"""


@dataclass(frozen=True)
class Stand:
    """An engine over a gallery that is emptied for each test."""

    gallery: Gallery
    path: Path
    key: bytes
    engine: Engine


@pytest.fixture(scope="module")
def stand(make_engine: MakeEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    path, key = tmp_path_factory.mktemp("stand") / "gallery.db", os.urandom(KEY_BYTES)
    with closing(Gallery(path, key, Clock())) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        with make_engine(gallery, path, key) as engine:
            yield Stand(gallery, path, key, engine)


@pytest.fixture
def gallery(stand: Stand) -> Gallery:
    for entry_id in stand.gallery.entry_ids():
        if (entry := stand.gallery.entry(entry_id)) is not None:
            stand.gallery.remove(entry.list_name, entry.reference)
    return stand.gallery


@pytest.fixture
def gallery_path(stand: Stand) -> Path:
    return stand.path


@pytest.fixture
def gallery_key(stand: Stand) -> bytes:
    return stand.key


@pytest.fixture
def engine(stand: Stand) -> Engine:
    return stand.engine


def search(engine: Engine, *probes: Template, lists: tuple[str, ...] = (LIST,)) -> Search:
    """Search for fingers of unknown position."""
    return engine.search(Query([Probe(probe, 0, MODEL) for probe in probes], lists, THRESHOLD, 5))


def references(found: Search) -> list[str]:
    return [candidate.reference for candidate in found.candidates]


def elsewhere(path: Path, key: bytes, action: str, seed: int) -> None:
    """Let another process change the gallery."""
    arguments = [str(path), key.hex(), action, LIST, f"entry-{seed}", record(finger(seed)).hex()]
    subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, *arguments], check=True)


def test_another_impression_of_an_enrolled_finger_is_found_and_nothing_else(
    gallery: Gallery, engine: Engine
) -> None:
    for seed in range(1, 6):
        enrol(gallery, seed, position=seed)

    found = search(engine, mate(finger(3)))

    (candidate,) = found.candidates
    assert candidate == Found("entry-3", LIST, 3, candidate.score, candidate.entry_id)
    assert gallery.entry(candidate.entry_id).reference == "entry-3"
    assert candidate.score > THRESHOLD
    assert found.searched == ((gallery.lists()[LIST], 5),)
    assert found.coverage == 1.0


def test_an_unknown_finger_is_not_found_in_what_was_searched_whole(
    gallery: Gallery, engine: Engine
) -> None:
    enrol(gallery, 1)

    assert search(engine, finger(2)) == Search((), ((gallery.lists()[LIST], 1),), 1.0, THRESHOLD)


def test_an_empty_list_is_searched_whole(gallery: Gallery, engine: Engine) -> None:
    assert search(engine, finger(1)) == Search((), ((gallery.lists()[LIST], 0),), 1.0, THRESHOLD)


def test_what_another_process_enrols_is_found_by_the_next_search_and_its_removal_noticed(
    gallery: Gallery, gallery_path: Path, gallery_key: bytes, engine: Engine
) -> None:
    enrol(gallery, 1)
    assert references(search(engine, mate(finger(2)))) == []

    elsewhere(gallery_path, gallery_key, "enrol", 2)
    assert references(search(engine, mate(finger(2)))) == ["entry-2"]

    elsewhere(gallery_path, gallery_key, "remove", 2)
    assert search(engine, mate(finger(2))).candidates == ()
    assert references(search(engine, mate(finger(1)))) == ["entry-1"]


def test_a_removed_and_newly_enrolled_reference_is_searched_with_its_new_print(
    gallery: Gallery, engine: Engine
) -> None:
    enrol(gallery, 1)
    assert references(search(engine, mate(finger(1)))) == ["entry-1"]
    gallery.remove(LIST, "entry-1")
    gallery.enrol(LIST, "entry-1", 0, record(finger(2)), MODEL, adult=True)

    assert references(search(engine, mate(finger(1)))) == []
    assert references(search(engine, mate(finger(2)))) == ["entry-1"]


def test_only_the_lists_asked_for_are_searched_each_once(gallery: Gallery, engine: Engine) -> None:
    gallery.create_list("other", (PURPOSE,))
    enrol(gallery, 1, "other")
    enrol(gallery, 2)

    assert search(engine, mate(finger(1))).candidates == ()
    found = search(engine, mate(finger(1)), lists=("other", LIST, "other"))
    assert [(one.reference, one.list_name) for one in found.candidates] == [("entry-1", "other")]
    assert [(info.name, entries) for info, entries in found.searched] == [("other", 1), (LIST, 1)]


def asked(*fingers: tuple[int, Template], **more: object) -> Query:
    """Ask for fingers at positions."""
    probes = [Probe(template, position, MODEL) for position, template in fingers]
    return Query(probes, (LIST,), THRESHOLD, 5, **more)


def enrol_hand(gallery: Gallery, reference: str, **fingers: int) -> None:
    """Enrol one person's fingers: f2=11 enrols finger 11 as position 2."""
    for name, seed in fingers.items():
        assert gallery.enrol(
            LIST, reference, int(name[1:]), record(finger(seed)), MODEL, adult=True
        )


def test_a_person_with_several_fingers_is_one_candidate_with_all_of_them(
    gallery: Gallery, engine: Engine
) -> None:
    enrol_hand(gallery, "person", f2=1, f7=2)
    two, seven = (2, mate(finger(1))), (7, mate(finger(2)))

    (first,) = engine.search(asked(two)).candidates
    (second,) = engine.search(asked(seven)).candidates
    (both,) = engine.search(asked(two, seven)).candidates

    assert (first.finger, second.finger, first.fingers) == (2, 7, 1)
    assert both.score > max(first.score, second.score) + 3
    assert (both.fingers, both.relabelled) == (2, False)


def test_swapped_fingers_are_found_and_said_to_be_swapped(gallery: Gallery, engine: Engine) -> None:
    enrol_hand(gallery, "person", f2=1, f7=2)
    right = asked((2, mate(finger(1))), (7, mate(finger(2))))
    swapped = asked((2, mate(finger(2))), (7, mate(finger(1))))

    (as_labelled,) = engine.search(right).candidates
    (found,) = engine.search(swapped).candidates

    assert (found.relabelled, found.fingers) == (True, 2)
    assert found.score == pytest.approx(as_labelled.score - np.log10(2))


def test_one_matching_finger_beside_a_foreign_one_is_worth_less(
    gallery: Gallery, engine: Engine
) -> None:
    enrol_hand(gallery, "person", f2=1, f7=2)
    alone = engine.search(asked((2, mate(finger(1))))).candidates[0]
    beside = engine.search(asked((2, mate(finger(1))), (7, finger(99)))).candidates[0]
    assert THRESHOLD < beside.score < alone.score


def test_the_rate_asked_for_raises_the_threshold_with_the_number_of_persons(
    gallery: Gallery, engine: Engine
) -> None:
    for seed in range(1, 11):
        enrol(gallery, seed)
    enrol_hand(gallery, "entry-10", f3=77)  # another finger of one of them

    found = engine.search(asked((0, mate(finger(1))), target_fpir=1e-6))
    assert found.threshold == pytest.approx(threshold_for(1e-6, 10))
    assert references(found) == ["entry-1"]
    assert engine.search(asked((0, mate(finger(1))), target_fpir=0.5)).threshold == THRESHOLD


def test_free_placement_finds_a_finger_that_lies_upside_down(
    gallery: Gallery, engine: Engine
) -> None:
    enrol(gallery, 1)
    probe = mate(finger(1))
    turned = replace(
        probe,
        x=probe.width - probe.x,
        y=probe.height - probe.y,
        direction=np.mod(probe.direction + np.pi, 2 * np.pi).astype(np.float32),
    )

    def score(template: Template, *, free: bool) -> float:
        return engine.search(asked((0, template), free_placement=free)).candidates[0].score

    assert score(turned, free=True) == pytest.approx(score(probe, free=True), abs=0.1)
    assert score(turned, free=False) < score(probe, free=False) - 1


def test_evidence_names_the_minutiae_that_meet(gallery: Gallery, engine: Engine) -> None:
    enrol(gallery, 1, position=4)
    probe = mate(finger(1))
    found = engine.search(asked((4, finger(50)), (4, probe), evidence=True))
    assert found.meeting is not None
    assert (found.meeting.impression, found.meeting.finger) == (1, 4)
    assert len(found.meeting.pairs) > 20
    places = {(float(x), float(y)) for x, y in zip(probe.x, probe.y, strict=True)}
    for one, other in found.meeting.pairs:
        assert (one.x, one.y) in places
        assert np.hypot(one.x - other.x, one.y - other.y) < 15
    assert engine.search(asked((4, probe))).meeting is None


def test_candidates_come_best_first_and_only_so_many(gallery: Gallery, engine: Engine) -> None:
    for number in range(4):
        near = mate(finger(1), seed=number)
        gallery.enrol(LIST, f"near-{number}", 0, record(near), MODEL, adult=True)
    gallery.enrol(LIST, "same", 0, record(finger(1)), MODEL, adult=True)

    found = engine.search(Query([Probe(finger(1))], (LIST,), THRESHOLD, 3))

    scores = [candidate.score for candidate in found.candidates]
    assert len(scores) == 3
    assert references(found)[0] == "same"
    assert scores == sorted(scores, reverse=True)


def test_the_threshold_itself_is_enough(gallery: Gallery, engine: Engine) -> None:
    enrol(gallery, 1)
    probe = mate(finger(1))
    (candidate,) = search(engine, probe).candidates

    def least(score: float) -> Search:
        return engine.search(Query([Probe(probe, 0, MODEL)], (LIST,), score, 5))

    assert least(candidate.score).candidates == (candidate,)
    assert least(candidate.score + 1e-6).candidates == ()


def test_searching_leaves_the_gallery_as_it_was(
    gallery: Gallery, gallery_path: Path, engine: Engine
) -> None:
    enrol(gallery, 1)
    before = gallery_path.read_bytes()

    search(engine, mate(finger(1)))
    search(engine, finger(2))

    assert gallery_path.read_bytes() == before
    assert len(gallery.entry_ids()) == 1


@pytest.mark.parametrize("minutiae", [0, 1, 2, 3])
def test_a_probe_of_hardly_any_minutiae_finds_nothing_and_breaks_nothing(
    gallery: Gallery, engine: Engine, minutiae: int
) -> None:
    enrol(gallery, 1)

    assert search(engine, finger(1, minutiae)).candidates == ()


def test_searches_and_enrolments_on_several_threads_do_not_disturb_each_other(
    gallery: Gallery, engine: Engine
) -> None:
    enrol(gallery, 0)
    wrong: list[Search] = []

    def search_on() -> None:
        for _ in range(10):
            found = search(engine, mate(finger(0)))
            if references(found) != ["entry-0"] or found.coverage < 1:
                wrong.append(found)

    threads = [threading.Thread(target=search_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for seed in range(1, 11):
        enrol(gallery, seed)
    for thread in threads:
        thread.join()

    assert wrong == []
    assert search(engine, finger(99)).searched[0][1] == 11
