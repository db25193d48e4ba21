"""The damaged store is put aside, the new one is complete; no moment is wrong for a power cut."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from greenline.firmware.errors import StoreError
from greenline.firmware.store_aside import (
    MOST_KEPT,
    Salvaged,
    aside,
    files_in,
    note_told,
    unfinished,
    untold,
)
from greenline.firmware.store_damage import damage_of
from greenline.firmware.store_file import INSERT_REQUEST
from greenline.firmware.store_log import log_of, reserve_of
from greenline.firmware.store_mark import mark_of, set_mark
from greenline.firmware.store_rows import with_digest
from greenline.firmware.store_salvage import salvage
from greenline.protocol.envelope import Lane
from tests.firmware.damaged_stores import (
    NOW,
    StoreOnCard,
    opens,
    sealed_answer,
    signed,
    verify,
)
from tests.firmware.stores import open_store
from tests.firmware.test_store_soundness import OLDER
from tests.firmware.test_store_taken_over import VERSION_1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.store"


def ids_in(store: Path) -> frozenset[bytes]:
    with closing(sqlite3.connect(store)) as db:
        rows = db.execute("SELECT request_id FROM request UNION SELECT request_id FROM answer")
        return frozenset(row[0] for row in rows)


def rows_in(store: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(store)) as db:
        return db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608


def salvaged(store: Path) -> Salvaged:
    return salvage(store, verify, opens, NOW, damage_of(store) or "")


def test_a_store_of_version_2_is_salvaged_by_signatures_and_seals(path: Path) -> None:
    answered = signed(5).header.request_id
    with closing(sqlite3.connect(path)) as db:
        db.executescript(OLDER)
        for number in range(3):
            head = signed(number).header
            row = (head.request_id, int(head.lane), head.created_ms, head.expires_ms)
            db.execute(
                "INSERT INTO request VALUES (?, ?, ?, ?, 1, 2, 0, ?)",
                (*row, signed(number).to_bytes()),
            )
        db.execute(
            "INSERT INTO answer VALUES (?, 1, 2, 9, 1, 3, 4, 0, ?)",
            (answered, sealed_answer(answered)),
        )
        db.execute("INSERT INTO expired VALUES (?, 1, 2)", (b"e" * 16,))
        db.execute("UPDATE request SET envelope = zeroblob(3000) WHERE created_ms = 1001")
        db.commit()

    told = salvaged(path)

    assert (told.requests, told.answers) == (2, 1)
    assert told.lost == (signed(1).header.request_id.hex(),)
    assert ids_in(path) == {signed(0).header.request_id, signed(2).header.request_id, answered}
    assert [row[0] for row in rows_in(path, "expired")] == [b"e" * 16]
    assert damage_of(path) is None


def test_a_store_of_version_1_keeps_its_answers_for_being_sealed(path: Path) -> None:
    head, answer = signed(1).header, signed(2)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
        db.execute(
            "INSERT INTO request VALUES (?, 0, ?, ?, ?)",
            (head.request_id, head.created_ms, head.expires_ms, signed(1).to_bytes()),
        )
        db.execute(
            "INSERT INTO answer VALUES (?, 20, 30, 1030, 1, ?)",
            (answer.header.request_id, answer.to_bytes()),
        )
        db.commit()

    told = salvaged(path)

    assert (told.requests, told.answers, told.lost) == (1, 1, ())
    assert rows_in(path, "older_answer") == [
        (answer.header.request_id, 20, 30, 1030, 1, answer.to_bytes())
    ]
    assert damage_of(path) is None


def damaged(path: Path) -> frozenset[bytes]:
    """Leave a store with a damaged log where the kiosk keeps its own; return what it held."""
    store = StoreOnCard(path)
    store.fill(range(8))
    store.checkpoint()
    store.fill(range(8, 14))
    ids = store.ids()
    evidence = store.leave()
    log = bytearray(evidence.log)
    log[32 + 24 + 200] ^= 0x10
    log_of(path).write_bytes(log)
    reserve_of(path).touch()
    return ids


def test_the_damaged_files_lie_aside_and_the_kiosk_opens_the_new_store(path: Path) -> None:
    ids = damaged(path)
    before = path.read_bytes(), log_of(path).read_bytes()
    why = damage_of(path)
    set_mark(path, 1 << 20)

    told = salvage(path, verify, opens, NOW, why or "")

    assert why == "its log is damaged"
    assert told.why == why
    assert told.requests + told.answers == len(ids)
    assert not told.lost
    assert not told.unknown
    database, log = files_in(path.with_name(told.folder))
    assert (database.read_bytes(), log.read_bytes()) == before
    assert database.stat().st_mode & 0o077 == 0 or database.parent.stat().st_mode & 0o077 == 0
    assert not mark_of(path).exists()
    assert damage_of(path) is None
    assert ids_in(path) == ids
    store = open_store(path)
    assert {each.request_id for each in store.pending()} <= ids
    assert len(store.pending()) == told.requests
    store.close()


def test_a_salvage_is_untold_until_it_is_noted(path: Path) -> None:
    damaged(path)
    assert untold(path) == []

    told = salvaged(path)

    assert untold(path) == [told]
    note_told(path, told)
    assert untold(path) == []
    assert aside(path) == [path.with_name(told.folder)]


def test_a_store_that_is_removed_after_a_salvage_does_not_come_back(path: Path) -> None:
    damaged(path)
    note_told(path, salvaged(path))
    path.unlink()

    assert unfinished(path) is None


def test_only_the_latest_damage_is_kept(path: Path) -> None:
    damaged(path)
    for number in range(MOST_KEPT + 3):
        told = salvaged(path)
        note_told(path, told)
        assert told.folder == f"kiosk.store.damaged-{number + 1}"

    names = [each.name for each in aside(path)]
    assert names == [f"kiosk.store.damaged-{number}" for number in range(4, MOST_KEPT + 4)]


def test_a_store_that_is_gone_is_begun_anew_and_said_to_be_unknown(path: Path) -> None:
    reserve_of(path).touch()

    told = salvaged(path)

    assert (told.requests, told.answers, told.unknown) == (0, 0, True)
    assert damage_of(path) is None
    open_store(path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "not a folder"
    folder.write_bytes(b"")

    with pytest.raises(StoreError, match=r"cannot be put aside .* Call a technician"):
        salvage(folder / "kiosk.store", verify, opens, NOW)


def test_lanes_and_sizes_of_every_kind_survive(path: Path) -> None:
    store = StoreOnCard(path)
    for number, lane in enumerate(Lane):
        row = signed(number, 100_000 // (number + 1), lane)
        head = row.header
        first = (head.request_id, int(lane), head.created_ms, head.expires_ms)
        store.db.execute(INSERT_REQUEST, with_digest(*first, 1, 2, 1, row.to_bytes()))
    expected = store.db.execute("SELECT * FROM request ORDER BY 1").fetchall()
    store.leave()

    salvaged(path)

    assert rows_in(path, "request") == expected
