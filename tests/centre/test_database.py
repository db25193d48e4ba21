"""How a file of the centre is opened: ours is used, anything else left as it is, faults named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from greenline.centre.authority.errors import FolderError
from greenline.centre.authority.tables import open_database as open_authority
from greenline.centre.database import Database, Kind
from tests.at_the_same_time import at_the_same_time


class NotebookError(Exception):
    """What the kind under test raises."""


NOTEBOOK = Kind(
    name="the notebook",
    foreign="is no notebook",
    application_id=0x6E6F7465,
    schema=2,
    tables="CREATE TABLE note (text TEXT NOT NULL) STRICT;",
    fault=NotebookError,
)
NEXT = "ALTER TABLE note ADD COLUMN author TEXT; UPDATE note SET author = 'nobody';"
NEWER = replace(NOTEBOOK, schema=3, upgrades={2: NEXT})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notebook #1?.db"  # a name that an address would have to escape


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with closing(Database(path, NOTEBOOK, create=True)) as database:
        yield database


def write(database: Database, text: str | None) -> None:
    database.change("INSERT INTO note VALUES (?)", text)


def notes(database: Database) -> list[str]:
    return [row["text"] for row in database.read("SELECT text FROM note ORDER BY rowid")]


def refusal(path: Path, kind: Kind = NOTEBOOK) -> str:
    """Return why a file is refused, which must not have changed it."""
    before = path.read_bytes()
    with pytest.raises(NotebookError) as refused:
        Database(path, kind)
    assert path.read_bytes() == before
    return str(refused.value)


def test_a_file_is_made_once_for_its_owner_alone_and_found_again(
    path: Path, database: Database
) -> None:
    write(database, "kept")

    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotebookError, match="is there already"):
        Database(path, NOTEBOOK, create=True)
    with closing(Database(path, NOTEBOOK)) as again:
        assert notes(again) == ["kept"]


def test_opening_makes_no_file(path: Path) -> None:
    with pytest.raises(NotebookError, match="cannot be opened: is its folder there"):
        Database(path, NOTEBOOK)
    assert not path.exists()


def test_a_file_cannot_be_made_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"the notebook .* cannot be used \(.*No such file"):
        Database(tmp_path / "nowhere" / "notebook.db", NOTEBOOK, create=True)


def test_each_commit_reaches_the_disk_and_what_is_deleted_is_overwritten(
    database: Database,
) -> None:
    found = [
        database.read(f"PRAGMA {name}")[0][0]
        for name in ("synchronous", "secure_delete", "journal_mode")
    ]

    assert found == [3, 1, "delete"]  # 3: EXTRA


def test_a_failing_write_changes_nothing_and_later_writes_succeed(database: Database) -> None:
    def write_half(fault: Exception | None) -> None:
        with database.write():
            write(database, "half")
            if fault:
                raise fault
            write(database, None)

    with pytest.raises(ValueError, match="our own"):
        write_half(ValueError("our own"))
    with pytest.raises(NotebookError, match=r"the notebook .* cannot be used \(the disk is full\)"):
        write_half(OSError("the disk is full"))
    with pytest.raises(NotebookError, match=r"the notebook .* cannot be used \(NOT NULL"):
        write_half(None)

    write(database, "after")
    assert notes(database) == ["after"]


def test_on_a_full_disk_a_write_fails_whole(database: Database) -> None:
    (pages,) = database.read("PRAGMA page_count")[0]
    database.read(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(NotebookError, match="cannot grow: the disk is full"):
        write(database, "x" * 100_000)
    assert notes(database) == []


def test_while_another_process_writes_it_is_told(path: Path, database: Database) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database.read("PRAGMA busy_timeout = 0")

        with pytest.raises(NotebookError, match="is being written by another process: try again"):
            write(database, "late")


def test_a_database_of_another_kind_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE note (text TEXT)")
        other.execute("PRAGMA user_version = 2")

    assert refusal(path) == f"{path} is no notebook"


def test_an_empty_file_is_not_taken_for_a_new_one(path: Path) -> None:
    path.touch()

    assert refusal(path) == f"{path} is no notebook"


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)

    assert "is damaged or of another kind; it was left as it is" in refusal(path)


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    Database(path, NEWER, create=True).close()

    assert "was written by a newer version of Greenline: install that one" in refusal(path)


def test_an_older_file_is_brought_up_to_date_once(path: Path, database: Database) -> None:
    write(database, "old")
    database.close()

    faults = at_the_same_time(lambda: Database(path, NEWER).close(), 4)

    assert faults == []
    with closing(Database(path, NEWER)) as newer:
        assert [tuple(row) for row in newer.read("SELECT * FROM note")] == [("old", "nobody")]


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(path: Path, database: Database) -> None:
    write(database, "old")
    database.close()
    broken = replace(NEWER, upgrades={2: NEXT + "DROP TABLE nowhere;"})

    assert "no such table: nowhere" in refusal(path, broken)
    with closing(Database(path, NOTEBOOK)) as again:
        assert notes(again) == ["old"]


def test_threads_may_share_one_open_file(database: Database) -> None:
    def write_some() -> None:
        for number in range(10):
            with database.write():
                write(database, str(number))

    assert at_the_same_time(write_some, 4) == []
    assert sorted(notes(database)) == sorted(map(str, list(range(10)) * 4))


def test_after_closing_every_use_is_the_kinds_fault(database: Database) -> None:
    database.close()

    with pytest.raises(NotebookError):
        notes(database)
    with pytest.raises(NotebookError):
        write(database, "late")


def test_the_authoritys_first_version_is_taken_up_with_its_alarms(path: Path) -> None:
    """Version 1 had no columns for who cleared an alarm."""
    with closing(open_authority(path, create=True)) as database:
        for column in ("cleared", "cleared_by"):
            database.change(f"ALTER TABLE alarm DROP COLUMN {column}")
        database.change("INSERT INTO alarm VALUES (7, 1, 'locked', 'serial', 'words')")
        database.change("PRAGMA user_version = 1")

    with closing(open_authority(path)) as database:
        (alarm,) = database.read("SELECT * FROM alarm")
        assert (alarm["id"], alarm["cleared"], alarm["cleared_by"]) == (7, None, None)
        assert database.read("PRAGMA user_version")[0][0] == 2
        database.change("PRAGMA user_version = 3")
    with pytest.raises(FolderError, match="newer version of Greenline"):
        open_authority(path)
