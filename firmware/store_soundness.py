"""What SQLite says of a store, asked about a copy in memory: nothing on the card is touched."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache

from greenline.firmware.store_file import SCHEMA, make_tables
from greenline.firmware.store_pages import Pages, Value
from greenline.firmware.store_rows import is_whole

FOREIGN = "not a store of this kiosk, or one of a newer version"

_TABLES = ("request", "answer", "expired")
_BEGINS = (
    "CREATE TABLE request (request_id BLOB PRIMARY KEY, lane INTEGER NOT NULL,",
    "CREATE TABLE answer (request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL,",
    "CREATE TABLE expired (request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL,",
)
_OLDER = {(5, 6, 3): 1, (8, 9, 3): 2}  # by how many columns the tables have
_NOT_YET_TAKEN_OVER = "older_answer"
_MADE = "SELECT type, name, tbl_name, sql FROM sqlite_master"
_VERSION_BITS = 0xFFFFFFFF
_MODES_AT = slice(18, 20)  # of the file's head: 1, 1 for a database without a log


def unsound(pages: Pages, verify: Callable[[bytes], bool] | None, *, ours: bool) -> str | None:
    """Say what is wrong with a database; None: nothing. FOREIGN: it is sound, and not ours.

    ours: it is known to be a store, if it can be read or not. verify: see damage_of().
    """
    state = bytearray(b"".join(pages.page(number) for number in range(1, pages.count + 1)))
    state[_MODES_AT] = b"\1\1"
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(state)
            db.execute("PRAGMA cell_size_check = ON")
            return _unsound(db, verify, ours=ours)
    except (sqlite3.Error, UnicodeDecodeError):
        return "it cannot be read"


def is_text_of_ours(text: Value) -> bool:
    """Whether this is how one of our tables was made, in any version."""
    return isinstance(text, str) and _spaced_once(text).startswith(_BEGINS)


def row_is_whole(row: Sequence[object]) -> bool:
    """Whether a row of this version, its digest last, is as it was written."""
    values = [value for value in row if isinstance(value, int | bytes)]
    return len(values) == len(row) and is_whole(values)


def _unsound(
    db: sqlite3.Connection, verify: Callable[[bytes], bool] | None, *, ours: bool
) -> str | None:
    version = db.execute("PRAGMA user_version").fetchone()[0] & _VERSION_BITS
    made = set(db.execute(_MADE).fetchall())
    if not made:
        return "its tables are gone" if ours or version else None
    layout = _layout(db, made)
    foreign = not {name for _, name, _, _ in made} & set(_TABLES)
    if not foreign and layout != version:
        return _of_wrong_version(version, layout)
    if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        return "its pages are damaged"
    if foreign:
        return FOREIGN
    return None if _rows_are_whole(db, version, verify) else "a row is damaged"


def _rows_are_whole(
    db: sqlite3.Connection, version: int, verify: Callable[[bytes], bool] | None
) -> bool:
    if version == SCHEMA:
        tables = (db.execute(f"SELECT * FROM {name}") for name in _TABLES)  # noqa: S608  # ours
        return all(row_is_whole(row) for rows in tables for row in rows)
    if verify is None:
        return True
    return all(verify(row[0]) for row in db.execute("SELECT envelope FROM request"))


def _layout(db: sqlite3.Connection, made: set[tuple[str, str, str, str | None]]) -> int:
    """Return which version made these tables; 0: none that we know."""
    ours = _made_now()
    if ours <= made and {table for _, _, table, _ in made - ours} <= {_NOT_YET_TAKEN_OVER}:
        return SCHEMA
    columns = (db.execute(f"PRAGMA table_info({name})").fetchall() for name in _TABLES)
    counts = [len(each) for each in columns]
    return _OLDER.get((counts[0], counts[1], counts[2]), 0)


@cache
def _made_now() -> frozenset[tuple[str, str, str, str | None]]:
    """Return what make_tables() makes, as SQLite tells it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        make_tables(fresh)
        return frozenset(fresh.execute(_MADE).fetchall())


def _of_wrong_version(version: int, layout: int) -> str:
    """Say what a version number means that is not that of the tables."""
    if layout and (version < SCHEMA or (version ^ layout).bit_count() == 1):
        return "its version number is damaged"
    return FOREIGN if version > SCHEMA else "its tables are damaged"


def _spaced_once(text: str) -> str:
    return " ".join(text.split()).replace("( ", "(")
