"""Damaged pages: what lies on them is told as unreadable, all the rest is served."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from greenline.matcher.blocks import Block
from greenline.matcher.database import DamagedError
from greenline.matcher.gallery import Enrolment, Entry, Gallery
from tests.matcher.asking import LIST, MODEL, PURPOSE, Clock, enrol, finger, record

ENTRIES, IN_A_BLOCK = 60, 20


@pytest.fixture
def full_path(gallery_path: Path, gallery_key: bytes) -> Path:
    """A closed gallery of three blocks."""
    with closing(Gallery(gallery_path, gallery_key, Clock(), IN_A_BLOCK)) as gallery:
        gallery.create_list(LIST, (PURPOSE,))
        made = [
            Enrolment(f"entry-{seed}", 0, record(finger(seed)), MODEL)
            for seed in range(1, ENTRIES + 1)
        ]
        gallery.enrol_all(LIST, made, adult=True)
        assert gallery.compact() == 3
    return gallery_path


def page_of(path: Path, query: str) -> int:
    """Return the number (from 0) of the page on which what a query finds lies."""
    with closing(sqlite3.connect(path)) as db:
        (found,) = db.execute(query).fetchone()
    content = path.read_bytes()
    return content.index(found[-60:]) // page_bytes(content)


def page_bytes(content: bytes) -> int:
    return int.from_bytes(content[16:18])


def spoil(path: Path, page: int, filler: bytes = b"\0") -> None:
    """Overwrite a page in place, as a dying memory card does."""
    content = path.read_bytes()
    size = page_bytes(content)
    with path.open("r+b") as file:
        file.seek(page * size)
        file.write(filler * size)


def root_of(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)
        ).fetchone()
    return int(page) - 1


def served(blocks: list[Block]) -> tuple[set[int], set[int]]:
    """Return which entries are served, and which are told as unreadable."""
    there = np.concatenate([block.entry_ids for block in blocks]).tolist()
    assert len(there) == len(set(there))
    return set(there), {one for block in blocks for one in block.unreadable}


ALL = set(range(1, ENTRIES + 1))
RECORD_30 = "SELECT record FROM entry WHERE entry_id = 30"


@pytest.mark.parametrize("filler", [b"\0", b"\xff", b"Z"])
def test_the_entries_of_a_damaged_page_are_unreadable_and_the_others_are_not(
    full_path: Path, gallery_key: bytes, filler: bytes
) -> None:
    spoil(full_path, page_of(full_path, RECORD_30), filler)

    with closing(Gallery(full_path, gallery_key)) as gallery:
        assert gallery.entry_ids() == ALL
        entries = {one: gallery.entry(one) for one in ALL}
        assert entries[30] == Entry(30, "", "", 0, None)
        whole = {one for one, entry in entries.items() if entry and entry.template}
        assert ALL - whole < set(range(15, 45))
        assert gallery.present([1, 30, 999]) == {1, 30}


def test_what_is_in_a_block_is_served_although_its_row_is_damaged(
    full_path: Path, gallery_key: bytes
) -> None:
    spoil(full_path, page_of(full_path, RECORD_30))

    with closing(Gallery(full_path, gallery_key)) as gallery:
        assert served(list(gallery.blocks())) == (ALL, set())


def test_with_row_and_block_damaged_the_search_is_told_what_is_missing(
    full_path: Path, gallery_key: bytes
) -> None:
    spoil(full_path, page_of(full_path, RECORD_30))
    spoil(full_path, page_of(full_path, "SELECT sealed FROM block WHERE number = 2"))

    with closing(Gallery(full_path, gallery_key)) as gallery:
        blocks = list(gallery.blocks())
        there, missing = served(blocks)

    assert 30 in missing
    assert missing < set(range(21, 41))
    assert there == ALL - missing
    assert [block.remade for block in blocks if block.remade] == [
        "block 2 (entries 21 to 40) is damaged"
    ]


def test_a_damaged_page_in_the_middle_of_a_block_costs_nothing_but_time(
    full_path: Path, gallery_key: bytes
) -> None:
    spoil(full_path, page_of(full_path, "SELECT substr(sealed, 1, 20000) FROM block") + 1)

    with closing(Gallery(full_path, gallery_key, Clock(), IN_A_BLOCK)) as gallery:
        assert served(list(gallery.blocks())) == (ALL, set())
        assert len([block for block in gallery.blocks() if block.remade]) == 1


@pytest.mark.parametrize(
    "name", ["sqlite_autoindex_entry_1", "entry_person", "entry", "change", "block"]
)
def test_whichever_tables_first_page_is_damaged_every_entry_is_served_or_told(
    full_path: Path, gallery_key: bytes, name: str
) -> None:
    spoil(full_path, root_of(full_path, name))

    with closing(Gallery(full_path, gallery_key)) as gallery:
        there, missing = served(list(gallery.blocks()))
        assert there | missing == ALL == gallery.entry_ids()
        assert not there & missing


def test_with_table_and_index_damaged_the_log_still_knows_who_is_enrolled(
    full_path: Path, gallery_key: bytes
) -> None:
    with closing(Gallery(full_path, gallery_key, Clock(), IN_A_BLOCK)) as gallery:
        gallery.remove(LIST, "entry-7")
    for name in ("sqlite_autoindex_entry_1", "entry_person", "entry"):
        spoil(full_path, root_of(full_path, name))

    with closing(Gallery(full_path, gallery_key)) as gallery:
        assert gallery.entry_ids() == ALL - {7}
        assert served(list(gallery.blocks())) == (ALL - {7}, set())


def test_to_enrol_on_a_damaged_page_is_a_fault_and_changes_nothing(
    full_path: Path, gallery_key: bytes
) -> None:
    spoil(full_path, root_of(full_path, "sqlite_autoindex_entry_1"))

    with closing(Gallery(full_path, gallery_key)) as gallery:
        before = gallery.position()
        with pytest.raises(DamagedError, match="is damaged; it was left as it is: restore"):
            enrol(gallery, 99)
        assert gallery.position() == before


def test_a_restored_copy_serves_all_again(full_path: Path, gallery_key: bytes) -> None:
    copy = full_path.read_bytes()
    for name in ("entry", "block", "entry_person", "sqlite_autoindex_entry_1"):
        spoil(full_path, root_of(full_path, name))
    with closing(Gallery(full_path, gallery_key)) as gallery:
        assert served(list(gallery.blocks()))[1] == ALL

    full_path.write_bytes(copy)

    with closing(Gallery(full_path, gallery_key)) as gallery:
        assert served(list(gallery.blocks())) == (ALL, set())
