"""A gallery of version 1 is read on: its entries and lists stay, and stand in the log."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from greenline.matcher.database import Database
from greenline.matcher.errors import DatabaseError
from greenline.matcher.gallery import APPLICATION_ID, Change, ChangeKind, Gallery, ListInfo
from greenline.matcher.gallery_records import content_operation, context
from greenline.matcher.gallery_seal import Sealer
from tests.matcher.asking import LIST, MODEL, NOW_MS, PURPOSE, enrol, finger, record
from tests.matcher.test_gallery import readable

# The tables as version 1 made them.
TABLES = """
CREATE TABLE gallery (proof BLOB NOT NULL, revision INTEGER NOT NULL) STRICT;
CREATE TABLE list (
    name TEXT PRIMARY KEY, purposes TEXT NOT NULL, changed_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE entry (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT, operation BLOB NOT NULL UNIQUE,
    list TEXT NOT NULL REFERENCES list (name), reference TEXT NOT NULL, finger INTEGER NOT NULL,
    model TEXT NOT NULL, enrolled_ms INTEGER NOT NULL, record BLOB NOT NULL
) STRICT;
"""
INSERT = (
    "INSERT INTO entry (operation, list, reference, finger, model, enrolled_ms, record) "
    "VALUES (?, ?, ?, 0, ?, ?, ?)"
)


@pytest.fixture
def old_path(gallery_path: Path, gallery_key: bytes) -> Path:
    """A file of version 1 with two entries on one list."""
    sealer = Sealer(gallery_key)
    with (
        closing(Database(gallery_path, "gallery", APPLICATION_ID, 1, TABLES)) as database,
        database.write() as db,
    ):
        proof = sealer.seal(b"greenline gallery 1", b"proof")
        db.execute("INSERT INTO gallery VALUES (?, 3)", (proof,))
        db.execute("INSERT INTO list VALUES (?, ?, ?)", (LIST, PURPOSE, NOW_MS))
        for seed in (1, 2):
            name, given = f"entry-{seed}", record(finger(seed))
            operation = content_operation(LIST, name, 0, given)
            sealed = sealer.seal(given, context(LIST, name, 0))
            db.execute(INSERT, (operation, LIST, name, MODEL, NOW_MS + seed, sealed))
    return gallery_path


def test_what_an_old_gallery_holds_is_there_and_in_the_log(
    old_path: Path, gallery_key: bytes
) -> None:
    with closing(Gallery(old_path, gallery_key)) as gallery:
        assert readable(gallery) == {"entry-1": True, "entry-2": True}
        assert gallery.lists() == {LIST: ListInfo(LIST, (PURPOSE,), NOW_MS)}
        assert gallery.revision() == 3
        kind = ChangeKind.ENROLLED
        assert gallery.changes(0) == [Change(1, kind, 1), Change(2, kind, 2)]
        assert list(gallery.models().values()) == [MODEL]
        (block,) = gallery.blocks()
        assert block.entry_ids.tolist() == [1, 2]


def test_an_upgraded_gallery_is_one_like_any_other(old_path: Path, gallery_key: bytes) -> None:
    with closing(Gallery(old_path, gallery_key)) as gallery:
        assert not gallery.enrol(LIST, "entry-1", 0, record(finger(1)), MODEL, adult=True)
        enrol(gallery, 3)
        assert gallery.remove(LIST, "entry-2") == 1
        gallery.create_list("other", (PURPOSE,), owner="somebody")
    with closing(Gallery(old_path, gallery_key)) as gallery:
        assert readable(gallery) == {"entry-1": True, "entry-3": True}
        assert set(gallery.lists()) == {LIST, "other"}


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(
    old_path: Path, gallery_key: bytes
) -> None:
    with closing(sqlite3.connect(old_path)) as db, db:
        db.execute("CREATE TABLE change (something)")  # in the way
    before = old_path.read_bytes()

    with pytest.raises(DatabaseError, match="table change already exists"):
        Gallery(old_path, gallery_key)
    assert old_path.read_bytes() == before
