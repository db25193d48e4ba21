"""What lies in the SQLite file of examinations: questions, verdicts, who may decide, who looked.

Shared by the matcher's process and the examiners' commands, so by one account or group.
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

_KIND = Kind(
    name="the file of examinations",
    foreign="is not a file of examinations",
    application_id=int.from_bytes(b"GLex"),
    schema=1,
    tables=_TABLES,
    fault=ExaminationsError,
)


def open_examinations(path: Path, *, create: bool = False) -> Database:
    """Open the file, or make it. Raises ExaminationsError; an unusable file stays as it is."""
    if not create and not path.exists():
        raise ExaminationsError(
            f"there is no file of examinations {path}: make one with 'greenline review create'"
        )
    return Database(path, _KIND, create=create)
