"""The tables of a gallery's file, and what makes an older file of them."""

SCHEMA = 2
APPLICATION_ID = int.from_bytes(b"GLga")

_LIST = """
CREATE TABLE {name} (
    list_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, purposes TEXT NOT NULL,
    changed_ms INTEGER NOT NULL, owner TEXT NOT NULL, valid_until_ms INTEGER
) STRICT;
"""
_ADDED = """
CREATE INDEX entry_person ON entry (list, reference);
CREATE TABLE model (model_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE source (entry_id INTEGER PRIMARY KEY, digest BLOB NOT NULL) STRICT;
CREATE INDEX source_digest ON source (digest);
CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, operation BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
    entry_id INTEGER, at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE block (
    number INTEGER PRIMARY KEY AUTOINCREMENT, version BLOB NOT NULL, first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL, entries INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
"""

TABLES = f"""
CREATE TABLE gallery (proof BLOB NOT NULL, revision INTEGER NOT NULL) STRICT;
{_LIST.format(name="list")}
CREATE TABLE entry (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT, operation BLOB NOT NULL UNIQUE,
    list TEXT NOT NULL REFERENCES list (name), reference TEXT NOT NULL, finger INTEGER NOT NULL,
    model TEXT NOT NULL, enrolled_ms INTEGER NOT NULL, record BLOB NOT NULL
) STRICT;
{_ADDED}
"""

_LISTS_KEPT = """
INSERT INTO new_list (name, purposes, changed_ms, owner)
    SELECT name, purposes, changed_ms, '' FROM list ORDER BY rowid;
DROP TABLE list;
ALTER TABLE new_list RENAME TO list;
"""
_LOGGED = """
INSERT INTO model (name) SELECT DISTINCT model FROM entry ORDER BY model;
INSERT INTO change (operation, kind, entry_id, at_ms)
    SELECT operation, 'enrolled', entry_id, enrolled_ms FROM entry ORDER BY entry_id;
"""

# Version 1 had neither log nor blocks; what it holds is written into the log as it was enrolled.
UPGRADES = {1: "".join((_LIST.format(name="new_list"), _LISTS_KEPT, _ADDED, _LOGGED))}
