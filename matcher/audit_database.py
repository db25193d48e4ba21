"""The file of the centre's audit log: the matcher's own chain, and what kiosks reported of theirs.

Rows are only ever added: the tables refuse to be changed. All processes of one matcher on one
machine share the file.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from greenline.matcher.database import Database
from greenline.matcher.errors import DatabaseError
from greenline.protocol.audit_head import End, Head

SCHEMA = 1
APPLICATION_ID = int.from_bytes(b"GLau")
OWN_ENTRIES = "own entries"
"""What read_chains() calls the one segment of the matcher's own chain."""

_TABLES = """
CREATE TABLE own (owner TEXT NOT NULL, chain BLOB NOT NULL) STRICT;
CREATE TABLE entry (
    number INTEGER PRIMARY KEY, is_signature INTEGER NOT NULL, record BLOB NOT NULL
) STRICT;
CREATE INDEX signatures ON entry (number) WHERE is_signature = 1;
CREATE TABLE report (
    report_id INTEGER PRIMARY KEY AUTOINCREMENT, kiosk TEXT NOT NULL, chain BLOB NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, digest BLOB NOT NULL,
    received_ms INTEGER NOT NULL, segment BLOB NOT NULL
) STRICT;
CREATE INDEX chains ON report (kiosk, chain, report_id);
"""
_LOCKS = [
    f"CREATE TRIGGER IF NOT EXISTS keep_{table}_{verb} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'an audit log is only added to'); END"
    for table in ("own", "entry", "report")
    for verb in ("UPDATE", "DELETE")
] + [
    # REPLACE deletes a row without its DELETE trigger.
    f"CREATE TRIGGER IF NOT EXISTS keep_{table}_INSERT BEFORE INSERT ON {table} "
    f"WHEN EXISTS ({there}) BEGIN SELECT RAISE(ABORT, 'an audit log is only added to'); END"
    for table, there in {
        "own": "SELECT 1 FROM own",
        "entry": "SELECT 1 FROM entry WHERE number = NEW.number",
        "report": "SELECT 1 FROM report WHERE report_id = NEW.report_id",
    }.items()
]


def open_audit(path: Path) -> Database:
    """Open or make the file. Raises DatabaseError."""
    with contextlib.suppress(OSError):  # it is there already; or else SQLite says what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    database = Database(path, "audit log", APPLICATION_ID, SCHEMA, _TABLES)
    with database.write() as db:
        for lock in _LOCKS:
            db.execute(lock)
    return database


def read_chains(path: Path) -> list[dict[str, bytes]]:
    """Return all chains of a file as segments by name, the matcher's own first.

    The file is not changed: an auditor's copy may be read-only. Raises DatabaseError.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        ) as db:
            if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise DatabaseError(f"{path} is a database, but no audit log")
            return [*_own(db), *_reported(db)]
    except (sqlite3.Error, TypeError) as fault:
        raise DatabaseError(f"the audit log {path} cannot be read: {fault}") from fault


def _own(db: sqlite3.Connection) -> list[dict[str, bytes]]:
    found = []
    for owner, chain in db.execute("SELECT owner, chain FROM own").fetchall():
        head = Head.of_new_chain(owner, chain)
        records = db.execute("SELECT record FROM entry ORDER BY number").fetchall()
        found.append({OWN_ENTRIES: head.to_bytes() + b"".join(record for (record,) in records)})
    return found


def _reported(db: sqlite3.Connection) -> list[dict[str, bytes]]:
    found: dict[tuple[str, bytes], dict[str, bytes]] = {}
    rows = db.execute(
        "SELECT kiosk, chain, report_id, segment FROM report ORDER BY kiosk, report_id"
    )
    for kiosk, chain, report_id, segment in rows:
        found.setdefault((kiosk, chain), {})[f"report {report_id}"] = segment
    return list(found.values())


def held_of(database: Database, kiosk: str, chain: bytes) -> End | None:
    """Return how far a kiosk's chain is here, or None. Raises DatabaseError."""
    rows = database.read(
        "SELECT last, digest FROM report WHERE kiosk = ? AND chain = ? "
        "ORDER BY report_id DESC LIMIT 1",
        kiosk,
        chain,
    )
    return End(*rows[0]) if rows else None
