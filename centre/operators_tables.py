"""What lies in the register's SQLite file: accounts, what is kept of their PINs, the number of the
newest list.

The file belongs to its owner alone: a short PIN can be guessed from what is kept of it.
"""

from pathlib import Path

from greenline.centre.database import Database, Kind
from greenline.centre.operators_errors import RegisterError

# verifier: MessagePack, NULL when the account was revoked. places: names, or beginnings with a *.
_TABLES = """
CREATE TABLE list (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL) STRICT;
INSERT INTO list VALUES (1, 0);
CREATE TABLE operator (
    id TEXT PRIMARY KEY, role TEXT NOT NULL, verifier BLOB, must_change INTEGER NOT NULL,
    places TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', verdict_key BLOB
) STRICT;
"""

_KIND = Kind(
    name="the register",
    foreign="is not a register of operators",
    application_id=int.from_bytes(b"GLop"),
    schema=2,
    tables=_TABLES,
    fault=RegisterError,
    upgrades={1: "ALTER TABLE operator ADD COLUMN verdict_key BLOB;"},
)


def open_database(path: Path, *, create: bool = False) -> Database:
    """Open the file, or make it. Raises RegisterError; an unusable file is left as it is."""
    if not create and not path.exists():
        raise RegisterError(
            f"there is no register of operators in {path.parent}: make one with "
            "'greenline operators create'"
        )
    return Database(path, _KIND, create=create)
