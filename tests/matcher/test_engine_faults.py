"""An unreadable, changed or swapped part of the gallery is noticed, and never none.

Each test runs over the engine of one process and over that of a cluster of two nodes.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from greenline.matcher.engine import Engine, Probe, Query, Search
from greenline.matcher.errors import DatabaseError
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
)
from tests.matcher.engines import MakeEngine
from tests.matcher.test_gallery import tamper

Open = Callable[[Gallery], Engine]


@pytest.fixture
def engine_of(make_engine: MakeEngine, gallery_path: Path, gallery_key: bytes) -> Iterator[Open]:
    """Return what opens an engine over the gallery as it is by then."""
    with ExitStack() as stack:
        yield lambda gallery: stack.enter_context(make_engine(gallery, gallery_path, gallery_key))


def search(engine: Engine, *probes: Template, lists: tuple[str, ...] = (LIST,)) -> Search:
    return engine.search(Query([Probe(probe, 0, MODEL) for probe in probes], lists, THRESHOLD, 5))


def references(found: Search) -> list[str]:
    return [candidate.reference for candidate in found.candidates]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entry SET record = zeroblob(500) WHERE reference = 'entry-1'",
        "UPDATE entry SET reference = 'entry-9' WHERE reference = 'entry-1'",
        "UPDATE entry SET list = 'other' WHERE reference = 'entry-1'",
    ],
)
def test_a_changed_row_makes_a_search_incomplete(
    gallery: Gallery, gallery_path: Path, change: str, engine_of: Open
) -> None:
    gallery.create_list("other", (PURPOSE,))
    for seed in range(1, 5):
        enrol(gallery, seed)
    tamper(gallery_path, change)

    found = search(engine_of(gallery), mate(finger(1)))

    assert (found.candidates, found.coverage) == ((), 0.75)
    assert found.searched == ((gallery.lists()[LIST], 3),)


def test_two_swapped_prints_match_neither_person(
    gallery: Gallery, gallery_path: Path, engine_of: Open
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    with closing(sqlite3.connect(gallery_path)) as db, db:
        rows = db.execute("SELECT entry_id, record FROM entry ORDER BY entry_id").fetchall()
        for (entry_id, _), (_, other) in zip(rows, reversed(rows), strict=True):
            db.execute("UPDATE entry SET record = ? WHERE entry_id = ?", (other, entry_id))

    engine = engine_of(gallery)

    for seed in (1, 2):
        found = search(engine, mate(finger(seed)))
        assert (found.candidates, found.coverage) == ((), 0.0)


def test_bytes_damaged_on_the_disk_make_a_search_incomplete(
    gallery: Gallery, gallery_path: Path, gallery_key: bytes, engine_of: Open
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    with closing(sqlite3.connect(gallery_path)) as db:
        (sealed,) = db.execute("SELECT record FROM entry WHERE reference = 'entry-1'").fetchone()
    content = gallery_path.read_bytes()
    gallery_path.write_bytes(content.replace(sealed[50:90], bytes(40)))

    with closing(Gallery(gallery_path, gallery_key)) as again:
        found = search(engine_of(again), mate(finger(1)))

    assert (found.candidates, found.coverage) == ((), 0.5)


def test_an_unreadable_entry_is_read_again_and_found_once_it_is_repaired(
    gallery: Gallery, gallery_path: Path, engine_of: Open
) -> None:
    enrol(gallery, 1)
    tamper(
        gallery_path,
        "CREATE TABLE backup AS SELECT * FROM entry",
        "UPDATE entry SET record = zeroblob(500)",
    )
    engine = engine_of(gallery)
    assert search(engine, mate(finger(1))).coverage == 0.0

    tamper(gallery_path, "UPDATE entry SET record = (SELECT record FROM backup)")

    found = search(engine, mate(finger(1)))
    assert (references(found), found.coverage) == (["entry-1"], 1.0)


def test_removing_an_unreadable_entry_makes_the_rest_whole_again(
    gallery: Gallery, gallery_path: Path, engine_of: Open
) -> None:
    enrol(gallery, 1)
    enrol(gallery, 2)
    tamper(gallery_path, "UPDATE entry SET record = zeroblob(500) WHERE reference = 'entry-1'")
    engine = engine_of(gallery)
    assert search(engine, finger(3)).coverage == 0.5

    gallery.remove(LIST, "entry-1")

    assert search(engine, finger(3)) == Search((), ((gallery.lists()[LIST], 1),), 1.0, THRESHOLD)


def test_a_gallery_that_cannot_be_read_is_a_fault_and_no_empty_result(
    gallery: Gallery, engine_of: Open
) -> None:
    engine = engine_of(gallery)
    enrol(gallery, 1)
    gallery.close()

    with pytest.raises(DatabaseError):
        search(engine, mate(finger(1)))
