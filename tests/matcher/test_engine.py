"""The search: what is enrolled is found at once, and an unreadable part is never "none"."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from greenline.matcher.engine import Found, LocalEngine, Search
from greenline.matcher.gallery import Gallery
from greenline.prints.template import Template
from tests.matcher.asking import (
    LIST,
    MODEL,
    PURPOSE,
    THRESHOLD,
    enrol,
    finger,
    mate,
    record,
)

ANOTHER_PROCESS = """
import sys
from pathlib import Path
from greenline.matcher.gallery import Gallery
_, path, key, action, list_name, reference, record = sys.argv
gallery = Gallery(Path(path), bytes.fromhex(key))
if action == "enrol":
    gallery.enrol(list_name, reference, 0, bytes.fromhex(record), "elsewhere")
else:
    gallery.remove(list_name, reference)
gallery.close()
"""


@pytest.fixture
def engine(gallery: Gallery) -> LocalEngine:
    return LocalEngine(gallery)


def search(engine: LocalEngine, *probes: Template, lists: tuple[str, ...] = (LIST,)) -> Search:
    return engine.search(probes, lists, THRESHOLD, 5)


def references(found: Search) -> list[str]:
    return [candidate.reference for candidate in found.candidates]


def elsewhere(path: Path, key: bytes, action: str, seed: int) -> None:
    """Let another process change the gallery."""
    arguments = [str(path), key.hex(), action, LIST, f"entry-{seed}", record(finger(seed)).hex()]
    subprocess.run([sys.executable, "-c", ANOTHER_PROCESS, *arguments], check=True)


def test_another_impression_of_an_enrolled_finger_is_found_and_nothing_else(
    gallery: Gallery, engine: LocalEngine
) -> None:
    for seed in range(1, 6):
        enrol(gallery, seed, position=seed)

    found = search(engine, mate(finger(3)))

    (candidate,) = found.candidates
    assert candidate == Found("entry-3", LIST, 3, candidate.score)
    assert candidate.score > THRESHOLD
    assert found.searched == ((gallery.lists()[LIST], 5),)
    assert found.coverage == 1.0


def test_an_unknown_finger_is_not_found_in_what_was_searched_whole(
    gallery: Gallery, engine: LocalEngine
) -> None:
    enrol(gallery, 1)

    assert search(engine, finger(2)) == Search((), ((gallery.lists()[LIST], 1),), 1.0)


def test_an_empty_list_is_searched_whole(gallery: Gallery, engine: LocalEngine) -> None:
    assert search(engine, finger(1)) == Search((), ((gallery.lists()[LIST], 0),), 1.0)


def test_what_another_process_enrols_is_found_by_the_next_search_and_its_removal_noticed(
    gallery: Gallery, gallery_path: Path, gallery_key: bytes, engine: LocalEngine
) -> None:
    enrol(gallery, 1)
    assert references(search(engine, mate(finger(2)))) == []

    elsewhere(gallery_path, gallery_key, "enrol", 2)
    assert references(search(engine, mate(finger(2)))) == ["entry-2"]

    elsewhere(gallery_path, gallery_key, "remove", 2)
    assert search(engine, mate(finger(2))).candidates == ()
    assert references(search(engine, mate(finger(1)))) == ["entry-1"]


def test_a_removed_and_newly_enrolled_reference_is_searched_with_its_new_print(
    gallery: Gallery, engine: LocalEngine
) -> None:
    enrol(gallery, 1)
    assert references(search(engine, mate(finger(1)))) == ["entry-1"]
    gallery.remove(LIST, "entry-1")
    gallery.enrol(LIST, "entry-1", 0, record(finger(2)), MODEL)

    assert references(search(engine, mate(finger(1)))) == []
    assert references(search(engine, mate(finger(2)))) == ["entry-1"]


def test_only_the_lists_asked_for_are_searched_each_once(
    gallery: Gallery, engine: LocalEngine
) -> None:
    gallery.create_list("other", (PURPOSE,))
    enrol(gallery, 1, "other")
    enrol(gallery, 2)

    assert search(engine, mate(finger(1))).candidates == ()
    found = search(engine, mate(finger(1)), lists=("other", LIST, "other"))
    assert [(one.reference, one.list_name) for one in found.candidates] == [("entry-1", "other")]
    assert [(info.name, entries) for info, entries in found.searched] == [("other", 1), (LIST, 1)]


def test_a_reference_with_several_fingers_is_one_candidate_with_its_best(
    gallery: Gallery, engine: LocalEngine
) -> None:
    gallery.enrol(LIST, "person", 2, record(finger(1)), MODEL)
    gallery.enrol(LIST, "person", 7, record(finger(2)), MODEL)
    one, two = mate(finger(1)), mate(finger(2))

    (first,) = search(engine, one).candidates
    (second,) = search(engine, two).candidates
    (both,) = search(engine, one, two).candidates

    assert (first.finger, second.finger) == (2, 7)
    assert both == max(first, second, key=lambda found: found.score)


def test_candidates_come_best_first_and_only_so_many(gallery: Gallery, engine: LocalEngine) -> None:
    for number in range(4):
        near = mate(finger(1), seed=number)
        gallery.enrol(LIST, f"near-{number}", 0, record(near), MODEL)
    gallery.enrol(LIST, "same", 0, record(finger(1)), MODEL)

    found = engine.search((finger(1),), (LIST,), THRESHOLD, 3)

    scores = [candidate.score for candidate in found.candidates]
    assert len(scores) == 3
    assert references(found)[0] == "same"
    assert scores == sorted(scores, reverse=True)


def test_the_threshold_itself_is_enough(gallery: Gallery, engine: LocalEngine) -> None:
    enrol(gallery, 1)
    probe = mate(finger(1))
    (candidate,) = search(engine, probe).candidates

    assert engine.search((probe,), (LIST,), candidate.score, 5).candidates == (candidate,)
    assert engine.search((probe,), (LIST,), candidate.score + 1e-6, 5).candidates == ()


def test_searching_leaves_the_gallery_as_it_was(
    gallery: Gallery, gallery_path: Path, engine: LocalEngine
) -> None:
    enrol(gallery, 1)
    before = gallery_path.read_bytes()

    search(engine, mate(finger(1)))
    search(engine, finger(2))

    assert gallery_path.read_bytes() == before
    assert len(gallery.entry_ids()) == 1


def test_in_a_large_gallery_the_mate_is_on_the_shortlist(
    gallery: Gallery, engine: LocalEngine
) -> None:
    """Above 500 entries only the best ranked are compared in full."""
    with gallery._db.write() as db:  # one commit, since 520 would take longer than all the rest
        for seed in range(1, 521):
            plain, name = record(finger(seed, minutiae=15)), f"entry-{seed}"
            sealed = gallery._seal(plain, f"{LIST}\n{name}\n0".encode())
            row = (seed, name.encode(), LIST, name, MODEL, sealed)
            db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, 0, ?, 0, ?)", row)

    found = search(engine, mate(finger(333, minutiae=15)))

    assert references(found)[0] == "entry-333"
    assert (found.searched[0][1], found.coverage) == (520, 1.0)


@pytest.mark.parametrize("minutiae", [0, 1, 2, 3])
def test_a_probe_of_hardly_any_minutiae_finds_nothing_and_breaks_nothing(
    gallery: Gallery, engine: LocalEngine, minutiae: int
) -> None:
    enrol(gallery, 1)

    assert search(engine, finger(1, minutiae)).candidates == ()


def test_searches_and_enrolments_on_several_threads_do_not_disturb_each_other(
    gallery: Gallery, engine: LocalEngine
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
