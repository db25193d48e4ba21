"""The log is read as SQLite reads it; what it would forget is found, a flipped bit turned back."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from greenline.firmware.store_evidence import Evidence
from greenline.firmware.store_frames import FILLING, FRAME_HEAD_BYTES, HEAD_BYTES, Log, read_log
from tests.firmware.damaged_stores import as_sqlite_sees, flipped, written

PAGE_SIZES = (1024, 4096)


@pytest.fixture(scope="module", params=PAGE_SIZES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A small store all of which is in its log."""
    return written(tmp_path_factory.mktemp("store"), request.param, "everything", rows=8)[0]


def log_of(evidence: Evidence) -> Log:
    return evidence.logs()[0]


def step(evidence: Evidence) -> int:
    return FRAME_HEAD_BYTES + evidence.page_bytes()


def frame_at(evidence: Evidence, number: int) -> int:
    """Return where a frame begins, counted through database and log."""
    return len(evidence.database) + HEAD_BYTES + number * step(evidence)


def opened(folder: Path, evidence: Evidence) -> list[tuple[object, ...]]:
    """Return what SQLite itself reads of these files."""
    path = folder / "copy"
    path.write_bytes(evidence.database)
    path.with_name("copy-wal").write_bytes(evidence.log)
    with closing(sqlite3.connect(path)) as db:
        names = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        wanted = [name for name in ("request", "answer", "expired") if name in names]
        return [row for name in wanted for row in db.execute(f"SELECT * FROM {name} ORDER BY 1")]  # noqa: S608


def read_by_us(evidence: Evidence) -> list[tuple[object, ...]]:
    log = log_of(evidence)
    pages = evidence.pages(log, log.read)
    return as_sqlite_sees(pages) if pages.count > 1 else []  # before the tables were made


def test_a_log_that_was_cut_anywhere_is_read_as_sqlite_reads_it(
    store: Evidence, tmp_path: Path
) -> None:
    draw = random.Random(3)
    cuts = {draw.randrange(len(store.log)) for _ in range(60)} | {0, 31, 32, len(store.log)}
    for number in range(0, len(log_of(store).frames), 5):
        cuts |= {HEAD_BYTES + number * step(store) + by for by in (-1, 0, 1, 23, 24)}
    for cut in sorted(cuts):
        left = Evidence(store.database, store.log[:cut])
        assert read_by_us(left) == opened(tmp_path, left)
        log = log_of(left)
        assert len(log.frames) == log.read


def test_a_log_with_a_flipped_bit_is_read_as_sqlite_reads_it(
    store: Evidence, tmp_path: Path
) -> None:
    draw = random.Random(4)
    for _ in range(60):
        at = len(store.database) + draw.randrange(len(store.log))
        broken = flipped(store, at, draw.randrange(8))
        assert read_by_us(broken) == opened(tmp_path, broken)


@pytest.mark.parametrize("seed", range(3))
def test_what_lies_behind_a_flipped_bit_is_read_all_the_same(store: Evidence, seed: int) -> None:
    draw, whole = random.Random(seed), log_of(store).frames
    for _ in range(60):
        at, bit = draw.randrange(len(store.log)), draw.randrange(8)
        ways = flipped(store, len(store.database) + at, bit).logs()

        # Which bit it was is certain for low ones; for others, that it was one, and where.
        wrong = min(
            sum(one != other for one, other in zip(way.frames, whole, strict=False))
            + abs(len(way.frames) - len(whole))
            for way in ways
        )
        assert wrong <= 1
        assert not any(way.doubtful for way in ways)


def test_every_bit_of_a_frames_head_is_turned_back(store: Evidence) -> None:
    whole = log_of(store).frames
    for number in (0, len(whole) // 2, len(whole) - 1):
        for bit in range(8 * FRAME_HEAD_BYTES):
            ways = flipped(store, frame_at(store, number) + bit // 8, bit % 8).logs()
            assert whole in [way.frames for way in ways]
            assert all(way.read <= number for way in ways)


def test_every_bit_of_the_logs_head_is_turned_back(store: Evidence) -> None:
    whole = log_of(store).frames
    for bit in range(8 * HEAD_BYTES):
        (found,) = flipped(store, len(store.database) + bit // 8, bit % 8).logs()
        assert found.frames == whole
        assert found.read == 0


@pytest.mark.parametrize("left", [1, 12, 24, 500])
def test_a_commit_that_a_kill_has_torn_is_none(store: Evidence, left: int) -> None:
    """The log has its full size, so behind what was written lies what it was filled with."""
    log = log_of(store)
    commits = [at for at, frame in enumerate(log.frames) if frame.pages_after]
    end = HEAD_BYTES + commits[-1] * step(store) + left
    torn = Evidence(store.database, store.log[:end].ljust(len(store.log) + 10_000, b"\0"))

    found = log_of(torn)

    assert found.frames == log.frames[: commits[-2] + 1]
    assert found.read == len(found.frames)
    assert not found.doubtful


def test_a_commit_of_which_a_frame_is_missing_is_in_doubt(store: Evidence) -> None:
    log = log_of(store)
    commits = [at for at, frame in enumerate(log.frames) if frame.pages_after]
    at = HEAD_BYTES + (commits[-2] + 1) * step(store)
    data = store.log[:at] + bytes(step(store)) + store.log[at + step(store) :]

    found = log_of(Evidence(store.database, data))

    assert found.doubtful
    assert found.read == commits[-2] + 1


def test_frames_of_an_earlier_round_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "rounds"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE t (x)")
        db.executemany("INSERT INTO t VALUES (?)", [(bytes(5_000),)] * 20)
        db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        db.execute("INSERT INTO t VALUES (1)")
        data = (tmp_path / "rounds-wal").read_bytes()
        places = (len(data) - HEAD_BYTES) // (4096 + FRAME_HEAD_BYTES)

    (found,) = read_log(data, 4096)

    assert len(found.frames) == found.read == 1
    assert places > 1


@pytest.mark.parametrize("filling", [b"\0", FILLING])
def test_an_emptied_log_holds_nothing_even_if_old_frames_lie_behind(
    store: Evidence, filling: bytes
) -> None:
    used = HEAD_BYTES + 3 * step(store)
    emptied = (filling * used)[:used] + store.log[used:]

    assert read_log(emptied, store.page_bytes()) == (Log(store.page_bytes()),)


def test_a_filled_log_whose_beginning_was_erased_still_gives_what_lies_behind(
    store: Evidence,
) -> None:
    whole = log_of(store).frames
    data = bytes(4096) + store.log[4096:]
    erased = Evidence(store.database, data, ours=True, filled=True)

    found = log_of(erased)

    assert found.read == 0
    assert found.doubtful
    assert found.frames == whole[-len(found.frames) :]
    assert len(whole) - len(found.frames) <= 4096 // step(store) + 1
