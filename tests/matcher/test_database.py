"""How a file is opened: ours is used, anything else is left as it is, and faults are named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from greenline.matcher.database import DamagedError, Database
from greenline.matcher.errors import DatabaseError
from tests.at_the_same_time import at_the_same_time

KIND, APPLICATION_ID, SCHEMA = "notebook", 0x6E6F7465, 2
TABLES = "CREATE TABLE note (text TEXT NOT NULL) STRICT;"


def open_file(path: Path) -> Database:
    return Database(path, KIND, APPLICATION_ID, SCHEMA, TABLES)


def notes(database: Database) -> list[str]:
    return [row[0] for row in database.read("SELECT text FROM note ORDER BY rowid")]


def write(database: Database, text: str) -> None:
    with database.write() as db:
        db.execute("INSERT INTO note VALUES (?)", (text,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notebook.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = open_file(path)
    yield database
    database.close()


def test_what_was_written_is_there_when_opened_again(path: Path, database: Database) -> None:
    write(database, "kept")

    with closing(open_file(path)) as again:
        assert notes(again) == ["kept"]


def test_a_failing_write_changes_nothing_and_later_writes_succeed(database: Database) -> None:
    def write_half(fault: str) -> None:
        with database.write() as db:
            db.execute("INSERT INTO note VALUES ('half')")
            db.execute("INSERT INTO note VALUES (?)", (fault or None,))
            int(fault)

    write(database, "before")
    with pytest.raises(ValueError, match="our own fault"):
        write_half("our own fault")
    with pytest.raises(DatabaseError, match=r"notebook .* failed \(NOT NULL"):
        write_half("")

    write(database, "after")
    assert notes(database) == ["before", "after"]


def test_each_commit_reaches_the_disk_and_what_is_deleted_is_overwritten(
    database: Database,
) -> None:
    extra = 3
    assert database.read("PRAGMA synchronous") == [(extra,)]
    assert database.read("PRAGMA secure_delete") == [(1,)]
    assert database.read("PRAGMA journal_mode") == [("delete",)]


def test_a_file_of_a_newer_version_is_refused_and_not_changed(path: Path) -> None:
    with closing(open_file(path)) as database:
        write(database, "from the future")
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    before = path.read_bytes()

    with pytest.raises(
        DatabaseError, match=r"newer version .*notebook version 3, this one knows 2"
    ):
        open_file(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, SCHEMA])
def test_a_database_of_somebody_else_is_refused_and_not_changed(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE note (text TEXT)")
        db.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()

    with pytest.raises(DatabaseError, match="is a database, but not a notebook"):
        open_file(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_not_changed(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)
    before = path.read_bytes()

    with pytest.raises(DatabaseError, match="is damaged or of another kind; it was left as it is"):
        open_file(path)
    assert path.read_bytes() == before


def test_a_missing_folder_is_named_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(
        DatabaseError, match=r"nowhere/notebook\.db cannot be opened: is its folder"
    ):
        open_file(tmp_path / "nowhere" / "notebook.db")


def test_on_a_full_disk_a_write_fails_whole_and_succeeds_once_there_is_room(
    database: Database,
) -> None:
    write(database, "before")
    (pages,) = database.read("PRAGMA page_count")[0]
    database.read(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(DatabaseError, match="cannot grow: the disk is full"):
        write(database, "x" * 100_000)
    assert notes(database) == ["before"]

    database.read("PRAGMA max_page_count = 10000")
    write(database, "after")
    assert notes(database) == ["before", "after"]


def test_a_damaged_page_is_named_and_never_read_as_empty(path: Path) -> None:
    with closing(open_file(path)) as database, database.write() as db:
        db.executemany("INSERT INTO note VALUES (?)", [("text " * 100,)] * 200)
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18])
    content[page : page + 64] = bytes(64)  # the root page of the table
    path.write_bytes(content)

    with (
        closing(open_file(path)) as database,
        pytest.raises(DatabaseError, match="is damaged; it was left as it is: restore"),
    ):
        notes(database)


def test_a_whole_file_has_nothing_wrong_and_a_damaged_one_is_told(path: Path) -> None:
    with closing(open_file(path)) as database, database.write() as db:
        db.executemany("INSERT INTO note VALUES (?)", [("text " * 100,)] * 200)
    with closing(open_file(path)) as database:
        assert database.integrity() == []
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18])
    content[5 * page : 6 * page] = bytes(page)
    path.write_bytes(content)

    with closing(open_file(path)) as database:
        assert database.integrity() != []
        with pytest.raises(DamagedError):
            notes(database)


NEXT = "ALTER TABLE note ADD COLUMN author TEXT; UPDATE note SET author = 'nobody';"


def open_newer(path: Path) -> Database:
    return Database(path, KIND, APPLICATION_ID, SCHEMA + 1, TABLES, {SCHEMA: NEXT})


def test_an_older_file_is_brought_up_to_date_once(path: Path) -> None:
    with closing(open_file(path)) as database:
        write(database, "old")

    faults = at_the_same_time(lambda: open_newer(path).close(), 4)

    assert faults == []
    with closing(open_newer(path)) as database:
        assert database.read("SELECT * FROM note") == [("old", "nobody")]
        assert database.read("PRAGMA user_version") == [(SCHEMA + 1,)]


def test_several_openers_of_a_new_file_make_its_tables_once(path: Path) -> None:
    def open_and_write() -> None:
        with closing(open_file(path)) as database:
            write(database, "me")

    faults = at_the_same_time(open_and_write, 6)

    assert faults == []
    with closing(open_file(path)) as database:
        assert notes(database) == ["me"] * 6


def test_threads_may_share_one_open_file(database: Database) -> None:
    def write_some() -> None:
        for number in range(10):
            write(database, str(number))

    assert at_the_same_time(write_some, 4) == []
    assert sorted(notes(database)) == sorted(map(str, list(range(10)) * 4))


def test_after_closing_every_use_is_a_database_error(path: Path) -> None:
    database = open_file(path)
    database.close()

    with pytest.raises(DatabaseError):
        notes(database)
    with pytest.raises(DatabaseError):
        write(database, "late")
