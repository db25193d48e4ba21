"""The log is as large from the start as it will become, and the reserve gives its room back."""

import os
import sqlite3
from pathlib import Path

import pytest

from greenline.firmware.store_frames import FILLING
from greenline.firmware.store_log import (
    LOG_BYTES,
    RESERVE_BYTES,
    give_up_reserve,
    keep_reserve,
    log_of,
    reserve_of,
)
from greenline.firmware.store_rows import Pending
from tests.firmware.conftest import Clock
from tests.firmware.stores import open_store


def request(number: int, lifetime_ms: int = 5_000) -> Pending:
    return Pending(number.to_bytes(16), 0, 0, lifetime_ms)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.store"


def test_the_log_has_its_full_size_before_the_first_commit_and_keeps_it(path: Path) -> None:
    store = open_store(path)
    sizes = {log_of(path).stat().st_size}
    for number in range(1_000):
        store.add_request(request(number), os.urandom(2_500))
        sizes.add(log_of(path).stat().st_size)

    assert sizes == {LOG_BYTES}
    store.close()


def test_what_was_deleted_leaves_nothing_in_the_log_and_the_log_its_size(
    path: Path, clock: Clock
) -> None:
    store = open_store(path, clock)
    secret = os.urandom(2_500)
    store.add_request(request(1), secret)
    assert secret[:64] in log_of(path).read_bytes()

    clock.now_ms += 5_000
    store.expire()

    assert log_of(path).read_bytes() == FILLING * (LOG_BYTES // len(FILLING))
    assert log_of(path).stat().st_size == LOG_BYTES
    store.close()


def test_a_process_that_is_killed_after_the_log_was_emptied_loses_nothing(
    path: Path, clock: Clock
) -> None:
    store = open_store(path, clock)
    store.add_request(request(1), b"leaves")
    store.add_request(request(2, lifetime_ms=50_000), b"stays")
    clock.now_ms += 5_000
    store.expire()
    store.add_request(request(3, lifetime_ms=50_000), b"came later")
    files = {each: each.read_bytes() for each in (path, log_of(path))}
    store.close()
    for each, data in files.items():  # as the card was then
        each.write_bytes(data)

    again = open_store(path, clock)

    assert [again.envelope(request(n).request_id) for n in (1, 2, 3)] == [
        None,
        b"stays",
        b"came later",
    ]
    again.close()


def test_the_reserve_is_set_aside_once_and_given_up_once(path: Path) -> None:
    assert keep_reserve(path)
    assert reserve_of(path).stat().st_size == RESERVE_BYTES
    assert keep_reserve(path)

    assert give_up_reserve(path)
    assert reserve_of(path).stat().st_size == 0
    assert not give_up_reserve(path)
    assert keep_reserve(path)
    assert reserve_of(path).stat().st_size == RESERVE_BYTES


def test_a_reserve_that_cannot_be_made_is_no_fault(tmp_path: Path) -> None:
    assert not keep_reserve(tmp_path / "nowhere" / "kiosk.store")
    assert not give_up_reserve(tmp_path / "nowhere" / "kiosk.store")


def test_an_answer_is_kept_on_a_full_card_and_the_reserve_is_given_up(path: Path) -> None:
    store = open_store(path)
    store.add_request(request(1), b"sealed")
    limit = FullCard(store._file.db, reserve_of(path))

    kept = store.add_answer(
        request(1).request_id, os.urandom(200_000), final=True, arrived_ms=0, expires_ms=9
    )

    assert kept
    assert limit.met
    assert reserve_of(path).stat().st_size == 0
    assert [answer.request_id for answer in store.answers(9)] == [request(1).request_id]
    store.close()


class FullCard:
    """A database that cannot grow as long as the reserve takes its room (SQLite's own limit)."""

    def __init__(self, db: sqlite3.Connection, reserve: Path) -> None:
        self._db = db
        self._reserve = reserve
        self.met = False
        db.execute("PRAGMA max_page_count = 12")
        db.set_trace_callback(self._look)

    def _look(self, statement: str) -> None:
        if statement.startswith("BEGIN"):
            full = self._reserve.stat().st_size > 0
            self.met = self.met or not full
            self._db.set_trace_callback(None)
            self._db.execute(f"PRAGMA max_page_count = {12 if full else 1_000_000}")
            self._db.set_trace_callback(self._look)
