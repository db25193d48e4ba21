"""What lies in the SQLite file of examinations: questions, verdicts, who may decide, who looked.

Shared by the matcher's process and the examiners' commands, so by the accounts of one group.
"""

from pathlib import Path

from greenline.centre.database import Database, Kind
from greenline.centre.examinations_errors import ExaminationsError

# body: the question, NULL once it is decided or over. verdict: padded, as it leaves.
_TABLES = """
CREATE TABLE examination (
    question BLOB PRIMARY KEY, kiosk TEXT NOT NULL, recipient BLOB NOT NULL,
    arrived_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, body BLOB,
    state TEXT NOT NULL DEFAULT 'open', verdict BLOB, examiner TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '', decided_ms INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE examiner (id TEXT PRIMARY KEY, key BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE looked (
    question BLOB NOT NULL, examiner TEXT NOT NULL, PRIMARY KEY (question, examiner)
) STRICT;
"""
# What a kiosk withdrew, whether it had come or not: a question that comes later is not kept. It
# stays, since a replay of a kiosk that doubts its clock is taken at any time.
_WITHDRAWN = """
CREATE TABLE withdrawn (
    question BLOB NOT NULL, kiosk TEXT NOT NULL, PRIMARY KEY (question, kiosk)
) STRICT, WITHOUT ROWID;
"""

_KIND = Kind(
    name="the file of examinations",
    foreign="is not a file of examinations",
    application_id=int.from_bytes(b"GLex"),
    schema=2,
    tables=_TABLES + _WITHDRAWN,
    fault=ExaminationsError,
    upgrades={1: _WITHDRAWN},
)


def open_examinations(path: Path, *, create: bool = False) -> Database:
    """Open the file, or make it. Raises ExaminationsError; an unusable file stays as it is."""
    try:
        if not create and not path.exists():
            raise ExaminationsError(
                f"there is no file of examinations {path}: make one with 'greenline review create'"
            )
    except PermissionError as fault:
        raise ExaminationsError(
            f"the folder of {path} is closed to this account: join its group, if it has one "
            "('greenline review create --group')"
        ) from fault
    return Database(path, _KIND, create=create)
