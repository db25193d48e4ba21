"""The store: what it has taken survives, what has left is gone, what it cannot use it leaves."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from greenline.firmware.errors import StoreError, StoreFullError
from greenline.firmware.store import Answer, Expired, Pending
from tests.firmware.conftest import Clock
from tests.firmware.stores import open_store


def request(number: int, lane: int = 0, created_ms: int = 1_000) -> Pending:
    return Pending(bytes([number]) * 16, lane, created_ms, created_ms + 5_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.store"


def test_what_was_taken_is_there_after_a_restart(path: Path) -> None:
    first = open_store(path)
    first.add_request(request(1), b"sealed")
    first.close()

    again = open_store(path)
    assert again.pending() == [request(1)]
    assert again.envelope(request(1).request_id) == b"sealed"
    again.close()


def test_what_was_taken_survives_a_process_that_is_killed(path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from greenline.firmware.store import Pending\n"
        "from tests.firmware.stores import open_store\n"
        "store = open_store(Path(sys.argv[1]))\n"
        "store.add_request(Pending(b'k' * 16, 0, 1, 2), b'sealed')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False)

    assert ended.returncode == -9
    store = open_store(path)
    assert store.envelope(b"k" * 16) == b"sealed"
    store.close()


def test_pending_requests_come_by_lane_then_age(path: Path) -> None:
    store = open_store(path)
    for entry in (request(1, 1, 10), request(2, 0, 30), request(3, 0, 20), request(4, 2, 5)):
        store.add_request(entry, b"sealed")

    assert [found.request_id[0] for found in store.pending()] == [3, 2, 1, 4]
    store.close()


def test_a_final_answer_lets_its_request_leave(path: Path) -> None:
    store = open_store(path)
    store.add_request(request(1), b"sealed")

    added = store.add_answer(b"\1" * 16, b"answer", final=True, arrived_ms=7, expires_ms=9)

    assert added
    assert store.pending() == []
    assert store.answers(10) == [Answer(b"\1" * 16, 1_000, 7, 9, True, b"answer")]
    store.close()


def test_a_provisional_answer_keeps_its_request(path: Path) -> None:
    store = open_store(path)
    store.add_request(request(1), b"sealed")

    store.add_answer(b"\1" * 16, b"not yet", final=False, arrived_ms=7, expires_ms=9)
    store.add_answer(b"\1" * 16, b"answer", final=True, arrived_ms=8, expires_ms=9)

    assert store.pending() == []
    assert [answer.body for answer in store.answers(10)] == [b"answer"]
    store.close()


@pytest.mark.parametrize("already", ["unknown", "answered", "expired"])
def test_an_answer_that_nobody_waits_for_changes_nothing(
    path: Path, already: str, clock: Clock
) -> None:
    store = open_store(path, clock)
    if already != "unknown":
        store.add_request(request(1), b"sealed")
    if already == "answered":
        store.add_answer(b"\1" * 16, b"first", final=True, arrived_ms=7, expires_ms=9)
    if already == "expired":
        clock.now_ms += 10_000
        store.expire()
    before = store.answers(10)

    added = store.add_answer(b"\1" * 16, b"second", final=True, arrived_ms=8, expires_ms=9)

    assert not added
    assert store.answers(10) == before
    store.close()


def test_only_what_is_past_its_time_expires(path: Path, clock: Clock) -> None:
    store = open_store(path, clock)
    store.add_request(request(1, created_ms=1_000), b"sealed")
    clock.now_ms += 1_000
    store.add_request(request(2, created_ms=2_000), b"sealed")

    clock.now_ms += 4_000
    assert store.expire() == Expired((request(1, created_ms=1_000),), ())
    assert store.pending() == [request(2, created_ms=2_000)]
    store.close()


def test_answers_expire_too(path: Path, clock: Clock) -> None:
    store = open_store(path, clock)
    store.add_request(request(1), b"sealed")
    store.add_answer(b"\1" * 16, b"answer", final=True, arrived_ms=7, expires_ms=9_007)

    clock.now_ms += 8_999
    assert store.expire() == Expired((), ())
    clock.now_ms += 1
    assert store.expire() == Expired((), (b"\1" * 16,))
    assert store.answers(10) == []
    store.close()


def test_one_request_id_is_taken_once(path: Path) -> None:
    store = open_store(path)
    store.add_request(request(1), b"first")

    with pytest.raises(StoreError):
        store.add_request(request(1), b"second")

    assert store.envelope(request(1).request_id) == b"first"
    store.close()


def test_every_commit_is_flushed_and_the_file_is_ours_alone(path: Path) -> None:
    store = open_store(path)

    def pragma(name: str) -> object:
        return store._file.db.execute(f"PRAGMA {name}").fetchone()[0]

    found = {n: pragma(n) for n in ("journal_mode", "synchronous", "locking_mode", "secure_delete")}
    store.close()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "locking_mode": "exclusive",
        "secure_delete": 1,
    }


def test_a_second_process_is_told_that_the_store_is_in_use(path: Path) -> None:
    store = open_store(path)

    with pytest.raises(StoreError, match="in use by another process"):
        open_store(path)

    store.close()


def test_a_newer_store_is_refused_and_left_as_it_is(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE request (x)")
    db.execute("PRAGMA user_version = 4")
    db.commit()
    db.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="newer version of Greenline"):
        open_store(path)

    assert path.read_bytes() == before


def test_another_database_is_refused_and_left_as_it_is(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE recipe (x)")
    db.commit()
    db.close()

    with pytest.raises(StoreError, match="not a store"):
        open_store(path)

    db = sqlite3.connect(path)
    assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("recipe",)]
    db.close()


def test_something_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"holiday pictures" * 100)

    with pytest.raises(StoreError, match="damaged or not a store"):
        open_store(path)

    assert path.read_bytes() == b"holiday pictures" * 100


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="folder"):
        open_store(tmp_path / "nowhere" / "kiosk.store")


def test_a_full_disk_takes_nothing_and_loses_nothing(path: Path) -> None:
    store = open_store(path)
    store.add_request(request(1), b"sealed")
    store._file.db.execute("PRAGMA max_page_count = 12")  # SQLite's own way to meet a full disk

    with pytest.raises(StoreFullError, match="disk is full"):
        store.add_request(request(2), os.urandom(200_000))

    assert store.pending() == [request(1)]
    store.close()


class FaultError(Exception):
    """Raised by a test inside what is done together."""


def test_several_answers_are_one_commit_of_one_flush_for_keys_and_log(path: Path) -> None:
    store = open_store(path)
    for number in range(1, 9):
        store.add_request(request(number), b"sealed")
    seen: list[str] = []
    store._file.db.set_trace_callback(seen.append)

    def answer_all() -> list[bool]:
        return [
            store.add_answer(
                request(number).request_id, b"answer", final=True, arrived_ms=7, expires_ms=9
            )
            for number in range(1, 9)
        ]

    assert store.together(answer_all) == [True] * 8
    assert seen.count("COMMIT") == 1
    assert len(store.answers(10)) == 8
    assert store.usage()[0] == 0
    store.close()

    again = open_store(path)
    assert len(again.answers(10)) == 8
    again.close()


def test_what_is_done_together_is_done_whole_or_not_at_all(path: Path) -> None:
    store = open_store(path)
    for number in (1, 2):
        store.add_request(request(number), b"sealed")

    def fail() -> None:
        store.add_answer(b"\1" * 16, b"answer", final=True, arrived_ms=7, expires_ms=9)
        raise FaultError

    with pytest.raises(FaultError):
        store.together(fail)

    assert store.answers(10) == []
    assert store.usage()[0] == 2
    assert store.asked_ms(b"\1" * 16) is not None
    assert store.add_answer(b"\1" * 16, b"answer", final=True, arrived_ms=7, expires_ms=9)
    assert [answer.body for answer in store.answers(10)] == [b"answer"]
    store.close()


def test_after_the_clock_has_forgotten_how_long_it_ran_nothing_lives_for_ever(
    path: Path, clock: Clock
) -> None:
    clock.now_ms = 90 * 24 * 3_600_000
    store = open_store(path, clock)
    store.add_request(request(1), b"sealed")
    store.add_request(request(2), b"sealed")
    store.add_answer(b"\2" * 16, b"answer", final=True, arrived_ms=7, expires_ms=4_007)
    store.close()

    clock.now_ms = 0
    store = open_store(path, clock)
    clock.now_ms = 3_999
    assert store.expire() == Expired((), ())
    clock.now_ms = 4_000
    assert store.expire() == Expired((), (b"\2" * 16,))
    clock.now_ms = 5_000
    assert store.expire() == Expired((request(1),), ())
    assert store.salvaged() == []
    store.close()
