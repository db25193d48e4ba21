"""Stores of earlier versions, and version numbers that lie."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from greenline.firmware.store_damage import damage_of
from tests.firmware.damaged_stores import (
    signed,
    verify,
)

OLDER = """
CREATE TABLE request (
    request_id BLOB PRIMARY KEY, lane INTEGER NOT NULL, created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, born_running_ms INTEGER NOT NULL, born_wall_ms INTEGER NOT NULL,
    born_trusted INTEGER NOT NULL, envelope BLOB NOT NULL
) STRICT;
CREATE TABLE answer (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, final INTEGER NOT NULL, born_running_ms INTEGER NOT NULL,
    born_wall_ms INTEGER NOT NULL, born_trusted INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE TABLE expired (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, running_ms INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 2;
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.store"


def test_in_a_store_without_digests_the_signature_decides(path: Path) -> None:
    envelope = signed(3).to_bytes()
    changed = bytearray(envelope)
    changed[1_000] ^= 4
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLDER)
        db.execute("INSERT INTO request VALUES (?, 0, 1, 2, 3, 4, 0, ?)", (b"r" * 16, envelope))
        db.commit()
        assert damage_of(path, verify) is None

        db.execute("UPDATE request SET envelope = ?", (bytes(changed),))
        db.commit()
    assert damage_of(path) is None
    assert damage_of(path, verify) == "a row is damaged"


def test_a_version_number_that_does_not_fit_the_tables_is_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLDER)
        for version in (0, 3, 6, 1 << 30 | 2):
            db.execute(f"PRAGMA user_version = {version}")
            db.commit()
            assert damage_of(path) == "its version number is damaged"
