"""Prepared blocks: what they hold is what the records say, whoever comes, goes or is damaged."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from greenline.matcher.blocks import Block
from greenline.matcher.gallery import Enrolment, Gallery
from greenline.matcher.gallery_records import person
from greenline.matcher.preparing import segment_of
from greenline.prints import fmr
from tests.matcher.asking import LIST, MODEL, PURPOSE, Clock, finger, record
from tests.matcher.test_blocks import same
from tests.matcher.test_gallery import tamper

IN_A_BLOCK = 5


@pytest.fixture
def gallery(gallery_path: Path, gallery_key: bytes) -> Iterator[Gallery]:
    """An open gallery with one empty list and small blocks."""
    with closing(Gallery(gallery_path, gallery_key, Clock(), IN_A_BLOCK)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        yield gallery


def fill(gallery: Gallery, *seeds: int, list_name: str = LIST) -> None:
    made = [Enrolment(f"entry-{seed}", seed % 11, record(finger(seed)), MODEL) for seed in seeds]
    assert gallery.enrol_all(list_name, made, adult=True) == len(made)


def ids(blocks: list[Block]) -> list[list[int]]:
    return [block.entry_ids.tolist() for block in blocks]


def stored(path: Path) -> list[tuple[int, int, int, int]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT number, first_id, last_id, entries FROM block").fetchall()


def is_what_was_enrolled(block: Block, seeds: list[int]) -> bool:
    """Whether a block holds these seeds, as if prepared from their records this moment."""
    templates = [fmr.decode(record(finger(seed))).views[0].template for seed in seeds]
    return (
        same(block.segment, segment_of(templates))
        and block.finger.tolist() == [seed % 11 for seed in seeds]
        and block.person.tolist() == [person(LIST, f"entry-{seed}") for seed in seeds]
    )


def test_without_blocks_all_entries_are_prepared_anew(gallery: Gallery) -> None:
    assert list(gallery.blocks()) == []
    fill(gallery, *range(1, 8))

    first, second = gallery.blocks()

    assert is_what_was_enrolled(first, [1, 2, 3, 4, 5])
    assert is_what_was_enrolled(second, [6, 7])
    assert gallery.unplaced() == 7


def test_full_blocks_are_stored_and_the_newest_entries_wait(
    gallery: Gallery, gallery_path: Path
) -> None:
    fill(gallery, *range(1, 13))
    told: list[tuple[int, int]] = []

    assert gallery.compact(lambda done, total: told.append((done, total))) == 2

    assert told == [(5, 10), (10, 10)]
    assert stored(gallery_path) == [(1, 1, 5, 5), (2, 6, 10, 5)]
    assert gallery.unplaced() == 2
    assert ids(list(gallery.blocks())) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]
    assert gallery.compact() == 0


def test_a_stored_block_is_what_would_be_prepared_from_the_records(gallery: Gallery) -> None:
    fill(gallery, *range(1, 6))
    gallery.compact()

    (block,) = gallery.blocks()

    assert (block.unreadable, block.remade) == ((), "")
    assert is_what_was_enrolled(block, [1, 2, 3, 4, 5])


def test_a_block_names_list_and_model_by_numbers(gallery: Gallery) -> None:
    gallery.create_list("other", (PURPOSE,))
    fill(gallery, 1)
    fill(gallery, 2, list_name="other")
    gallery.enrol(LIST, "entry-3", 0, record(finger(3)), "another-model", adult=True)

    (block,) = gallery.blocks()

    lists = {info.list_id: name for name, info in gallery.lists().items()}
    assert [lists[number] for number in block.list_ids.tolist()] == [LIST, "other", LIST]
    models = gallery.models()
    assert [models[number] for number in block.model.tolist()] == [MODEL, MODEL, "another-model"]
    assert len(set(block.person.tolist())) == 3


def test_all_fingers_of_a_reference_are_one_person_and_on_another_list_another(
    gallery: Gallery,
) -> None:
    gallery.create_list("other", (PURPOSE,))
    gallery.enrol(LIST, "entry-1", 1, record(finger(1)), MODEL, adult=True)
    gallery.enrol(LIST, "entry-1", 2, record(finger(2)), MODEL, adult=True)
    gallery.enrol("other", "entry-1", 1, record(finger(1)), MODEL, adult=True)

    (block,) = gallery.blocks()
    assert block.person[0] == block.person[1] != block.person[2]


def test_who_is_removed_leaves_the_block_and_the_file_at_once(
    gallery: Gallery, gallery_path: Path
) -> None:
    fill(gallery, *range(1, 11))
    gallery.compact()
    with closing(sqlite3.connect(gallery_path)) as db:
        (sealed,) = db.execute("SELECT sealed FROM block WHERE number = 1").fetchone()
    assert sealed[1000:1100] in gallery_path.read_bytes()

    gallery.remove(LIST, "entry-3")

    assert sealed[1000:1100] not in gallery_path.read_bytes()
    assert stored(gallery_path) == [(1, 1, 5, 4), (2, 6, 10, 5)]
    first, second = gallery.blocks()
    assert is_what_was_enrolled(first, [1, 2, 4, 5])
    assert (first.remade, ids([second])) == ("", [[6, 7, 8, 9, 10]])


def test_a_block_of_which_all_are_removed_is_gone(gallery: Gallery, gallery_path: Path) -> None:
    fill(gallery, *range(1, 11))
    gallery.compact()

    for seed in range(1, 6):
        gallery.remove(LIST, f"entry-{seed}")

    assert [row[0] for row in stored(gallery_path)] == [2]
    assert ids(list(gallery.blocks())) == [[6, 7, 8, 9, 10]]
    assert gallery.unplaced() == 0


def test_a_removed_and_newly_enrolled_reference_is_in_the_newest_block(gallery: Gallery) -> None:
    fill(gallery, *range(1, 6))
    gallery.compact()
    gallery.remove(LIST, "entry-2")
    fill(gallery, 2)

    assert ids(list(gallery.blocks())) == [[1, 3, 4, 5], [6]]


def test_changes_since_the_position_tell_what_a_loading_does_not_have(gallery: Gallery) -> None:
    fill(gallery, *range(1, 8))
    gallery.compact()
    position = gallery.position()
    loading = gallery.blocks()
    next(loading)

    gallery.remove(LIST, "entry-1")
    fill(gallery, 9)
    rest = list(loading)

    assert ids(rest) == [[6, 7]]
    told = [(change.kind, change.entry_id) for change in gallery.changes(position)]
    assert told == [("removed", 1), ("enrolled", 8)]


def test_who_is_removed_while_a_loading_goes_on_is_not_told_as_unreadable(
    gallery: Gallery,
) -> None:
    fill(gallery, *range(1, 13))
    gallery.compact()
    loading = gallery.blocks()
    next(loading)

    gallery.remove(LIST, "entry-8")
    gallery.remove(LIST, "entry-12")
    rest = list(loading)

    assert [block.unreadable for block in rest] == [()] * len(rest)
    assert sorted(one for part in ids(rest) for one in part) == [6, 7, 9, 10, 11]


def test_a_block_that_is_replaced_while_a_loading_goes_on_is_no_damage(
    gallery: Gallery,
    gallery_path: Path,
    gallery_key: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fill(gallery, *range(1, 11))
    gallery.compact()
    loading = gallery.blocks()
    next(loading)
    tamper(gallery_path, "UPDATE block SET sealed = x'' WHERE number = 2")
    with closing(Gallery(gallery_path, gallery_key, Clock(), IN_A_BLOCK)) as other:
        list(other.blocks())
        assert other.compact() == 1
    caplog.clear()

    (block,) = loading

    assert block.remade == "block 2 was replaced meanwhile"
    assert is_what_was_enrolled(block, [6, 7, 8, 9, 10])
    assert caplog.text == ""


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE block SET sealed = zeroblob(5000) WHERE number = 1",
        "UPDATE block SET sealed = (SELECT sealed FROM block WHERE number = 2) WHERE number = 1",
        "UPDATE block SET sealed = x'' WHERE number = 1",
        "UPDATE block SET last_id = 4 WHERE number = 1",
    ],
)
def test_a_block_that_does_not_open_is_named_and_made_anew(
    gallery: Gallery,
    gallery_path: Path,
    gallery_key: bytes,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fill(gallery, *range(1, 11))
    gallery.compact()
    tamper(gallery_path, damage)

    with caplog.at_level(logging.WARNING):
        found = list(gallery.blocks())

    assert "block 1 (entries 1 to" in caplog.text
    assert [block.remade[:7] for block in found if block.remade] == ["block 1"]
    by_id = {one: block for block in found for one in block.entry_ids.tolist()}
    assert sorted(by_id) == list(range(1, 11))
    assert gallery.compact() >= 1

    with closing(Gallery(gallery_path, gallery_key, Clock(), IN_A_BLOCK)) as again:
        repaired = list(again.blocks())
        assert [block.remade for block in repaired] == [""] * len(repaired)
        assert sorted(one for part in ids(repaired) for one in part) == list(range(1, 11))


def test_a_block_of_another_version_is_made_anew_without_a_word(
    gallery: Gallery, gallery_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(gallery, *range(1, 6))
    gallery.compact()
    tamper(gallery_path, "UPDATE block SET version = x'00'")

    (block,) = gallery.blocks()

    assert block.remade == "block 1 was prepared by another version"
    assert is_what_was_enrolled(block, [1, 2, 3, 4, 5])
    assert caplog.text == ""
    assert gallery.compact() == 1
    assert [one.remade for one in gallery.blocks()] == [""]


def test_removing_somebody_of_a_block_that_does_not_open_throws_it_away(
    gallery: Gallery, gallery_path: Path
) -> None:
    fill(gallery, *range(1, 11))
    gallery.compact()
    tamper(gallery_path, "UPDATE block SET sealed = zeroblob(5000) WHERE number = 1")

    assert gallery.remove(LIST, "entry-1") == 1

    assert [row[0] for row in stored(gallery_path)] == [2]
    assert ids(list(gallery.blocks())) == [[6, 7, 8, 9, 10], [2, 3, 4, 5]]
    assert gallery.compact() == 1  # between two blocks it can never grow: stored as it is
    assert ids(list(gallery.blocks())) == [[2, 3, 4, 5], [6, 7, 8, 9, 10]]


def test_an_entry_that_cannot_be_read_is_told_and_in_the_block_once_it_is_repaired(
    gallery: Gallery, gallery_path: Path
) -> None:
    fill(gallery, *range(1, 6))
    tamper(gallery_path, "UPDATE entry SET record = zeroblob(300) WHERE entry_id = 2")
    (before,) = gallery.blocks()
    assert (before.entry_ids.tolist(), before.unreadable) == ([1, 3, 4, 5], (2,))

    assert gallery.compact() == 1
    stored_block, missing = gallery.blocks()
    assert (stored_block.entry_ids.tolist(), missing.unreadable) == ([1, 3, 4, 5], (2,))

    fill(gallery, 2)
    stored_block, repaired = gallery.blocks()
    assert (stored_block.unreadable, repaired.unreadable) == ((), ())
    assert is_what_was_enrolled(repaired, [2])


def test_nobody_reads_a_block_in_the_file(gallery: Gallery, gallery_path: Path) -> None:
    fill(gallery, *range(1, 6))
    (block,) = gallery.blocks()
    gallery.compact()

    content = gallery_path.read_bytes()

    assert block.segment.words.tobytes()[:64] not in content
    assert block.segment.place.tobytes()[:64] not in content


def test_what_another_key_sealed_is_not_believed(gallery: Gallery, gallery_path: Path) -> None:
    fill(gallery, *range(1, 6))
    gallery.compact()
    tamper(gallery_path, "DELETE FROM gallery")  # the proof that names the right key

    with closing(Gallery(gallery_path, os.urandom(32), Clock(), IN_A_BLOCK)) as other:
        (block,) = other.blocks()
        assert (len(block), block.unreadable) == (0, (1, 2, 3, 4, 5))


def test_blocks_are_made_while_others_enrol_and_remove(
    gallery: Gallery, gallery_path: Path, gallery_key: bytes
) -> None:
    fill(gallery, *range(1, 31))
    other = Gallery(gallery_path, gallery_key, Clock(), IN_A_BLOCK)

    def change() -> None:
        for seed in range(1, 16):
            other.remove(LIST, f"entry-{seed}")
            fill(other, 100 + seed)

    thread = threading.Thread(target=change)
    thread.start()
    for _ in range(5):
        gallery.compact()
    thread.join()
    gallery.compact()
    other.close()

    found = list(gallery.blocks())
    present = np.concatenate([block.entry_ids for block in found])
    assert sorted(present.tolist()) == sorted(gallery.entry_ids())
    assert len(present) == 30
    assert [block.remade for block in found] == [""] * len(found)


def test_two_processes_that_make_the_same_blocks_make_each_once(
    gallery: Gallery, gallery_path: Path, gallery_key: bytes
) -> None:
    fill(gallery, *range(1, 31))
    other = Gallery(gallery_path, gallery_key, Clock(), IN_A_BLOCK)
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda one=one: made.append(one.compact()))
        for one in (gallery, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert sum(made) == 6
    assert [row[1:3] for row in stored(gallery_path)] == [(n, n + 4) for n in range(1, 30, 5)]
