"""The store's log is emptied in an order in which a power cut never brings back what was older."""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bench.faults.forgetful_disk import Change, ForgetfulDisk, read_log, write_files
from bench.faults.row import UnavailableError
from bench.faults.shim import build
from greenline.firmware.store_log import log_of
from tests.faults.emptying import REQUESTS, STORE

ROOT = Path(__file__).resolve().parents[2]
KEEPING = (0.0, 0.5, 0.9, 1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store").resolve()


@pytest.fixture(scope="module")
def changes(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Change]:
    """Every change of a store's files, from their first byte until its log has been emptied."""
    beside = tmp_path_factory.mktemp("beside")
    try:
        library = build(beside)
    except UnavailableError as reason:
        pytest.skip(str(reason))
    log = beside / "changes"
    subprocess.run(
        [sys.executable, "-m", "tests.faults.emptying", str(folder), str(log)],
        env={**os.environ, "LD_PRELOAD": str(library)},
        cwd=ROOT,
        check=True,
    )
    return list(read_log(log.read_bytes()))


def begin_of(changes: list[Change]) -> int:
    """Return the index of the first change by which the log is emptied."""
    return [change.kind for change in changes].index("n") + 1


def test_the_head_is_erased_and_flushed_before_the_rest_and_after_the_database(
    folder: Path, changes: list[Change]
) -> None:
    database, log = str(folder / STORE), str(log_of(folder / STORE))
    steps = [(change.path, change.kind, change.place) for change in changes[begin_of(changes) :]]

    at = steps.index((log, "w", 0))

    assert steps[at - 1][:2] == (database, "s")
    assert steps[at + 1] == (log, "s", 0)
    rest = steps[at + 2 : -1]
    assert [step[:2] for step in rest] == [(log, "w")] * len(rest)
    assert [place for _, _, place in rest] == [4096 + (n << 16) for n in range(len(rest))]
    assert len(rest) > 1
    assert steps[-1] == (log, "s", 0)


def test_wherever_the_power_goes_while_a_log_is_emptied_each_row_is_as_it_was(
    folder: Path, changes: list[Change], tmp_path: Path
) -> None:
    chance, disk, begin = random.Random(1), ForgetfulDisk(), begin_of(changes)
    left: list[list[bytes]] = []
    for number, change in enumerate(changes):
        disk.take(change)
        if number >= begin:
            for keeping in KEEPING:
                after = tmp_path / str(len(left))
                write_files(disk.left(chance, keeping), disk.folders, folder, after)
                left.append(requests_in(after / STORE))

    assert left == [[n.to_bytes(16) for n in range(REQUESTS)]] * len(left)
    assert len(left) >= 100


def requests_in(store: Path) -> list[bytes]:
    """Return the ids of the requests that SQLite itself reads, its structure checked."""
    with closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA synchronous = OFF")
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0] for row in db.execute("SELECT request_id FROM request ORDER BY 1")]
