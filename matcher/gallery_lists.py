"""The lists of a gallery: what each may be searched for, who answers for it, and until when."""

import sqlite3

from greenline.matcher.database import Database
from greenline.matcher.gallery_checks import check_label
from greenline.matcher.gallery_records import ListInfo


def read_lists(db: Database) -> dict[str, ListInfo]:
    """Return the lists by name. Raises DatabaseError."""
    rows = db.read("SELECT name, purposes, changed_ms, owner, valid_until_ms, list_id FROM list")
    return {
        name: ListInfo(name, tuple(purposes.splitlines()), *rest) for name, purposes, *rest in rows
    }


def write_list(db: sqlite3.Connection, info: ListInfo) -> None:
    """Make a list, or set anew what is said of it. Raises EnrolmentError."""
    check_label("list", info.name)
    for purpose in info.purposes:
        check_label("purpose", purpose)
    if info.owner:
        check_label("list's owner", info.owner)
    db.execute(
        "INSERT INTO list (name, purposes, changed_ms, owner, valid_until_ms) "
        "VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
        "purposes = excluded.purposes, owner = excluded.owner, "
        "valid_until_ms = excluded.valid_until_ms",
        (info.name, "\n".join(info.purposes), info.changed_ms, info.owner, info.valid_until_ms),
    )
