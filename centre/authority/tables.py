"""What lies in the authority's SQLite file: devices, their codes, certificates, roots, alarms."""

from pathlib import Path

from greenline.centre.authority.errors import FolderError
from greenline.centre.database import Database, Kind

# Times are Unix seconds. A fingerprint is the SHA-256 of a certificate in DER.
_TABLES = """
CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, hosts TEXT NOT NULL,
    matcher TEXT NOT NULL, broker_host TEXT NOT NULL, broker_port INTEGER NOT NULL,
    purpose TEXT NOT NULL, lists TEXT NOT NULL, matcher_identity BLOB
) STRICT;
CREATE TABLE root (
    generation INTEGER PRIMARY KEY, certificate BLOB NOT NULL, state TEXT NOT NULL,
    made INTEGER NOT NULL
) STRICT;
CREATE TABLE device (
    serial TEXT PRIMARY KEY, kiosk TEXT NOT NULL UNIQUE,
    code_salt BLOB, code_digest BLOB, code_until INTEGER NOT NULL DEFAULT 0,
    code_used BLOB, wrong_codes INTEGER NOT NULL DEFAULT 0, approved INTEGER NOT NULL DEFAULT 0,
    keys_open INTEGER NOT NULL DEFAULT 0, identity BLOB
) STRICT;
CREATE TABLE certificate (
    fingerprint BLOB PRIMARY KEY, number TEXT NOT NULL, name TEXT NOT NULL,
    generation INTEGER NOT NULL REFERENCES root, public_key BLOB NOT NULL, der BLOB NOT NULL,
    issued INTEGER NOT NULL, until INTEGER NOT NULL, revoked INTEGER, reason TEXT,
    renews BLOB UNIQUE
) STRICT;
CREATE INDEX certificates_of ON certificate (name, until);
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL,
    subject TEXT NOT NULL, words TEXT NOT NULL, cleared INTEGER, cleared_by TEXT
) STRICT;
CREATE TABLE revocation_list (
    id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, made INTEGER NOT NULL
) STRICT;
INSERT INTO revocation_list VALUES (1, 0, 0);
"""

_KEEP_CLEARED = """
ALTER TABLE alarm ADD COLUMN cleared INTEGER;
ALTER TABLE alarm ADD COLUMN cleared_by TEXT;
"""

_KIND = Kind(
    name="the authority's database",
    foreign="is a database, but not one of an authority",
    application_id=int.from_bytes(b"GLau"),
    schema=2,
    tables=_TABLES,
    fault=FolderError,
    upgrades={1: _KEEP_CLEARED},
)


def open_database(path: Path, *, create: bool = False) -> Database:
    """Open the file, or make it. Raises FolderError; an unusable file is left as it is."""
    return Database(path, _KIND, create=create)
