"""Every fault of the store's files is noticed that means something; what a kill leaves is none."""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from greenline.firmware.store_damage import CUT_SHORT, GONE, damage_in, damage_of
from greenline.firmware.store_evidence import Evidence
from greenline.firmware.store_log import reserve_of
from greenline.firmware.vault import keys_beside
from tests.firmware.damaged_stores import (
    KINDS,
    PAGE_SIZES,
    StoreOnCard,
    as_sqlite_sees,
    sampled,
    written,
    zeroed,
)
from tests.firmware.stores import open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.store"


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, str], Evidence]:
    folder = tmp_path_factory.mktemp("stores")
    return {kind: written(folder, *kind)[0] for kind in KINDS}


def seen(evidence: Evidence) -> list[tuple[object, ...]]:
    """Return what SQLite would read."""
    log = evidence.logs()[0]
    return as_sqlite_sees(evidence.pages(log, log.read))


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_as_it_was_left_is_not_damaged(
    stores: dict[tuple[int, str], Evidence], kind: tuple[int, str]
) -> None:
    assert damage_in(stores[kind]) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_noticed_or_means_nothing(
    stores: dict[tuple[int, str], Evidence], kind: tuple[int, str]
) -> None:
    whole = seen(stores[kind])
    noticed = 0
    for broken in sampled(stores[kind], 150):
        found = damage_in(broken)
        noticed += found is not None
        assert found is not None or seen(broken) == whole
    assert noticed > 50


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_every_bit_of_the_databases_head_is_noticed_or_means_nothing(
    stores: dict[tuple[int, str], Evidence], page_bytes: int
) -> None:
    store = stores[page_bytes, "nothing"]
    whole = seen(store)
    for bit in range(800):
        data = bytearray(store.database)
        data[bit // 8] ^= 1 << bit % 8
        broken = replace(store, database=bytes(data))
        assert damage_in(broken) is not None or seen(broken) == whole


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [512, 4096, 16_384])
def test_erased_sectors_are_noticed_or_mean_nothing(
    stores: dict[tuple[int, str], Evidence], kind: tuple[int, str], size: int
) -> None:
    store, draw = stores[kind], random.Random(size)
    whole, edge = seen(store), len(store.database)
    # Of the log's end only SQLite's own word is known: what is gone there was not finished.
    last = edge + len(store.log) - 6 * (kind[0] + 24) - size if store.log else edge
    for _ in range(20):
        at = draw.randrange(0, max(1, last), 512)
        broken = zeroed(store, at, min(size, edge - at) if at < edge else size)
        assert damage_in(broken) is not None or seen(broken) == whole


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_a_database_that_was_cut_is_noticed(
    stores: dict[tuple[int, str], Evidence], page_bytes: int
) -> None:
    store, draw = stores[page_bytes, "nothing"], random.Random(7)
    for size in [0, 1, 100, page_bytes, *(draw.randrange(len(store.database)) for _ in range(40))]:
        assert damage_in(replace(store, database=store.database[:size])) is not None


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_a_log_that_was_cut_in_a_commit_is_no_damage(
    stores: dict[tuple[int, str], Evidence], page_bytes: int
) -> None:
    """As a kill leaves it; that a log was cut which was whole before, the mark tells."""
    store, draw = stores[page_bytes, "half"], random.Random(8)
    for size in (draw.randrange(len(store.log)) for _ in range(40)):
        assert damage_in(replace(store, log=store.log[:size])) is None
        padded = store.log[:size].ljust(len(store.log), b"\0")
        assert damage_in(replace(store, log=padded)) is None


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_a_killed_process_leaves_no_damage_wherever_it_was(tmp_path: Path, page_bytes: int) -> None:
    """As it writes: the database is as it was, the log is written front to back."""
    store = StoreOnCard(tmp_path / "kiosk.store", page_bytes)
    store.fill(range(6))
    before = store.evidence()
    store.fill(range(6, 8))
    after = store.leave()
    for end in range(len(before.log), len(after.log), 97):
        torn = after.log[:end].ljust(len(after.log) + 50_000, b"\0")
        assert damage_in(replace(after, log=torn)) is None


def test_a_log_whose_frames_are_all_in_the_database_may_be_spoilt(path: Path) -> None:
    """Such as by a power cut just when SQLite begins it anew."""
    store = StoreOnCard(path)
    store.fill(range(10))
    store.db.execute("PRAGMA wal_checkpoint(FULL)").fetchall()
    found = store.leave()

    torn = bytearray(found.log)
    torn[12:20] = os.urandom(8)
    assert damage_in(replace(found, log=bytes(torn))) is None


def test_the_store_as_the_kiosk_opens_and_closes_it_is_not_damaged(path: Path) -> None:
    assert damage_of(path) is None
    for _ in range(3):
        store = open_store(path)
        store.close()
        assert damage_of(path) is None


def test_a_missing_or_empty_file_is_damage_where_a_store_was(path: Path) -> None:
    assert damage_of(path) is None
    path.touch()
    assert damage_of(path) is None

    reserve_of(path).touch()
    assert damage_of(path) == GONE
    reserve_of(path).unlink()
    keys_beside(path).write_bytes(b"a case's key")
    assert damage_of(path) == GONE


def test_another_database_is_no_damage_whatever_stands_beside(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE recipe (x)")
        db.commit()
    assert damage_of(path) is None
    reserve_of(path).touch()
    assert damage_of(path) is None


def test_something_else_is_damage_only_where_a_store_was(path: Path) -> None:
    path.write_bytes(b"holiday pictures" * 1_000)
    assert damage_of(path) is None
    reserve_of(path).touch()
    assert damage_of(path) is not None


def test_a_store_of_a_newer_version_is_no_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE request (x)")
        db.execute("PRAGMA user_version = 4")
        db.commit()
    reserve_of(path).touch()

    assert damage_of(path) is None


def test_a_damaged_store_is_known_as_ours_without_anything_beside(
    stores: dict[tuple[int, str], Evidence],
) -> None:
    alone = replace(stores[4096, "half"], ours=False)
    for broken in sampled(alone, 100, seed=5):
        assert (damage_in(broken) is None) == (damage_in(replace(broken, ours=True)) is None)


def test_a_store_that_another_process_has_open_is_not_looked_at(path: Path) -> None:
    path.write_bytes(b"in the middle of something")
    reserve_of(path).touch()
    code = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'r+b')\n"
        "fcntl.lockf(file, fcntl.LOCK_EX, 510, 0x40000002)\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"locked\n"
        assert damage_of(path) is None
        other.communicate()
    assert damage_of(path) is not None


def test_a_salvage_that_was_cut_short_is_gone_on_with(path: Path) -> None:
    folder = path.with_name("kiosk.store.damaged-1")
    folder.mkdir()
    (folder / "store").write_bytes(b"the damaged database")

    assert damage_of(path) == CUT_SHORT
