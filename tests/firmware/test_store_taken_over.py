"""A store of version 1 is taken over: no request and no answer is lost, no envelope stays."""

import contextlib
import sqlite3
from pathlib import Path

from greenline.firmware.board import Board
from greenline.firmware.checks import Checks
from greenline.firmware.inbox import Inbox
from greenline.firmware.store import Pending
from greenline.protocol.keys import OpeningKey
from greenline.protocol.messages import Outcome
from tests.firmware.conftest import KIOSK, Clock, Parties, result
from tests.firmware.stores import open_store

VERSION_1 = """
CREATE TABLE request (
    request_id BLOB PRIMARY KEY, lane INTEGER NOT NULL, created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, envelope BLOB NOT NULL
) STRICT;
CREATE TABLE answer (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, arrived_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL, final INTEGER NOT NULL, envelope BLOB NOT NULL
) STRICT;
CREATE TABLE expired (
    request_id BLOB PRIMARY KEY, created_ms INTEGER NOT NULL, expired_ms INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 1;
"""
WAITING, ANSWERED = b"w" * 16, b"a" * 16


def older_store(path: Path, answer: bytes) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_1)
        db.execute("INSERT INTO request VALUES (?, 0, 10, 5010, ?)", (WAITING, b"sealed" * 100))
        db.execute("INSERT INTO answer VALUES (?, 20, 30, 1030, 1, ?)", (ANSWERED, answer))
        db.commit()


def restored(path: Path, parties: Parties, clock: Clock, opener: OpeningKey) -> Board:
    store, board = open_store(path, clock), Board(KIOSK, 20)
    inbox = Inbox(KIOSK, opener, parties.matcher, store, clock, answer_lifetime_ms=50)
    Checks(board, store, inbox, clock).restore()
    store.close()
    return board


def test_requests_and_answers_are_kept_and_the_envelope_is_not(
    tmp_path: Path, parties: Parties, clock: Clock
) -> None:
    path = tmp_path / "kiosk.store"
    answer = parties.answer(ANSWERED, what=result(Outcome.CANDIDATES))
    older_store(path, answer)

    for _ in range(2):  # also after another restart
        board = restored(path, parties, clock, parties.kiosk_opener)
        shown = {check.request_id: check.words for check in board.state().checks}
        assert shown == {
            WAITING.hex(): "Not checked yet",
            ANSWERED.hex(): "Possible match - must be verified",
        }

    store = open_store(path, clock)
    assert store.pending() == [Pending(WAITING, 0, 10, 5010)]
    assert store.envelope(WAITING) == b"sealed" * 100
    store.close()
    written = b"".join(each.read_bytes() for each in tmp_path.glob("kiosk.store*"))
    assert answer[200:232] not in written


def test_what_was_taken_over_expires_too(tmp_path: Path, parties: Parties, clock: Clock) -> None:
    path = tmp_path / "kiosk.store"
    older_store(path, parties.answer(ANSWERED))
    restored(path, parties, clock, parties.kiosk_opener)

    clock.now_ms += 5_000
    board = restored(path, parties, clock, parties.kiosk_opener)

    assert [(check.request_id, check.outcome) for check in board.state().checks] == [
        (WAITING.hex(), Outcome.EXPIRED)
    ]


def test_an_answer_that_nobody_can_open_goes_and_the_requests_stay(
    tmp_path: Path, parties: Parties, clock: Clock
) -> None:
    path = tmp_path / "kiosk.store"
    older_store(path, parties.answer(ANSWERED))

    board = restored(path, parties, clock, OpeningKey.generate())

    assert [check.request_id for check in board.state().checks] == [WAITING.hex()]


def test_a_damaged_older_store_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.store"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE request (x)")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    before = path.read_bytes()

    told = ""
    try:
        open_store(path)
    except Exception as fault:  # noqa: BLE001  # whatever it is, it must be a sentence
        told = f"{type(fault).__name__}: {fault}"

    assert told.startswith("StoreError: the store ")
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("request",)]
    assert len(path.read_bytes()) == len(before)
