"""The ledger: accepted is durable, answered is final, and a probe is not kept."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from greenline.matcher.errors import DatabaseError
from greenline.matcher.gallery import Gallery
from greenline.matcher.ledger import Accepted, Known, Ledger, State, Waiting

ENVELOPE = b"sealed probe " * 50


def request(number: int, lane: int = 0, created_ms: int = 1_000, kiosk: str = "k-1") -> Accepted:
    return Accepted(bytes([number]) * 16, kiosk, lane, created_ms, created_ms + 500, ENVELOPE)


def numbers(waiting: list[Waiting]) -> list[int]:
    return [one.request_id[0] for one in waiting]


def test_a_request_is_accepted_once_and_known_from_then_on(ledger: Ledger) -> None:
    assert ledger.accept(request(1)) is None
    assert ledger.accept(request(1)) == Known("k-1", State.ACCEPTED)
    assert ledger.accept(request(1, kiosk="k-2")) == Known("k-1", State.ACCEPTED)

    ledger.searching(request(1).request_id)
    assert ledger.accept(request(1)) == Known("k-1", State.SEARCHING)

    ledger.answer(request(1).request_id, b"answer")
    assert ledger.accept(request(1)) == Known("k-1", State.ANSWERED)
    assert ledger.unanswered() == []


def test_what_is_not_answered_comes_by_lane_then_age(ledger: Ledger) -> None:
    for given in (request(1, 1, 10), request(2, 0, 30), request(3, 0, 20), request(4, 2, 5)):
        ledger.accept(given)
    ledger.searching(request(3).request_id)

    assert numbers(ledger.unanswered()) == [3, 2, 1, 4]
    assert ledger.unanswered() == sorted(ledger.unanswered())
    assert ledger.unanswered()[0] == request(3, 0, 20).waiting


def test_a_request_comes_back_whole_until_it_is_answered(ledger: Ledger) -> None:
    assert ledger.request(request(1).request_id) is None
    ledger.accept(request(1))
    assert ledger.request(request(1).request_id) == request(1)

    ledger.answer(request(1).request_id, b"answer")

    assert ledger.request(request(1).request_id) is None
    assert ledger.undelivered_answer(request(1).request_id) == ("k-1", b"answer")


def test_the_probe_is_overwritten_once_it_is_answered(ledger: Ledger, ledger_path: Path) -> None:
    envelope = os.urandom(6_000)
    ledger.accept(Accepted(b"1" * 16, "k-1", 0, 1, 2, envelope))
    assert envelope[:200] in ledger_path.read_bytes()

    ledger.answer(b"1" * 16, b"answer")

    content = ledger_path.read_bytes()
    assert not any(envelope[at : at + 100] in content for at in range(0, 5_900, 100))


def test_the_first_answer_is_final(ledger: Ledger) -> None:
    ledger.accept(request(1))
    ledger.answer(request(1).request_id, b"first")
    ledger.answer(request(1).request_id, b"second")
    ledger.searching(request(1).request_id)

    assert ledger.undelivered_answer(request(1).request_id) == ("k-1", b"first")
    assert ledger.accept(request(1)) == Known("k-1", State.ANSWERED)


def test_an_answer_is_undelivered_until_the_broker_has_it_and_again_when_repeated(
    ledger: Ledger,
) -> None:
    name = request(1).request_id
    ledger.accept(request(1))
    assert (ledger.undelivered(), ledger.undelivered_answer(name)) == ([], None)
    ledger.answer(name, b"answer")
    assert ledger.undelivered() == [name]
    assert ledger.undelivered_answer(name) == ("k-1", b"answer")

    ledger.delivered(name)
    assert (ledger.undelivered(), ledger.undelivered_answer(name)) == ([], None)

    ledger.repeat(name)
    assert ledger.undelivered() == [name]
    assert ledger.undelivered_answer(name) == ("k-1", b"answer")


def test_a_dropped_request_is_unknown_again(ledger: Ledger) -> None:
    ledger.accept(request(1))
    ledger.drop(request(1).request_id)

    assert ledger.unanswered() == []
    assert ledger.accept(request(1)) is None


def test_only_what_is_answered_and_long_expired_is_forgotten(ledger: Ledger) -> None:
    for number, created_ms in ((1, 1_000), (2, 1_001), (3, 1_000)):
        ledger.accept(request(number, created_ms=created_ms))
    for number in (1, 2):
        ledger.answer(request(number).request_id, b"answer")

    assert ledger.forget(before_ms=1_501) == 1
    assert ledger.undelivered() == [request(2).request_id]
    assert numbers(ledger.unanswered()) == [3]
    assert ledger.forget(before_ms=1_501) == 0


def test_what_was_accepted_survives_a_process_that_is_killed(ledger_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from greenline.matcher.ledger import Accepted, Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "ledger.accept(Accepted(b'k' * 16, 'k-1', 0, 1, 2, b'sealed'))\n"
        "ledger.searching(b'k' * 16)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(ledger_path)], check=False)

    assert ended.returncode == -9
    with closing(Ledger(ledger_path)) as ledger:
        assert ledger.unanswered() == [Waiting(0, 1, b"k" * 16)]
        assert ledger.request(b"k" * 16) == Accepted(b"k" * 16, "k-1", 0, 1, 2, b"sealed")


def test_on_a_full_disk_nothing_is_half_accepted_or_half_answered(ledger: Ledger) -> None:
    database = ledger._db  # the limit is per connection, so it is set on the ledger's own
    ledger.accept(request(1))
    (pages,) = database.read("PRAGMA page_count")[0]
    database.read(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(DatabaseError, match="the disk is full"):
        ledger.accept(Accepted(b"2" * 16, "k-1", 0, 1, 2, bytes(100_000)))
    with pytest.raises(DatabaseError, match="the disk is full"):
        ledger.answer(request(1).request_id, bytes(100_000))
    assert ledger.request(request(1).request_id) == request(1)
    assert numbers(ledger.unanswered()) == [1]

    database.read("PRAGMA max_page_count = 10000")
    ledger.answer(request(1).request_id, bytes(100_000))
    assert ledger.unanswered() == []


def test_a_ledger_of_a_newer_version_is_refused_and_not_changed(ledger_path: Path) -> None:
    Ledger(ledger_path).close()
    with closing(sqlite3.connect(ledger_path)) as db:
        db.execute("PRAGMA user_version = 9")
    before = ledger_path.read_bytes()

    with pytest.raises(DatabaseError, match="ledger version 9, this one knows 3"):
        Ledger(ledger_path)
    assert ledger_path.read_bytes() == before


VERSION_2 = """
PRAGMA application_id = 1196190821;
PRAGMA user_version = 2;
CREATE TABLE request (
    request_id BLOB PRIMARY KEY, kiosk TEXT NOT NULL, lane INTEGER NOT NULL,
    created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, state TEXT NOT NULL,
    envelope BLOB, answer BLOB, delivered INTEGER NOT NULL DEFAULT 0,
    keep_id INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX open_requests ON request (lane, created_ms) WHERE state <> 'answered';
CREATE INDEX expiry ON request (expires_ms) WHERE state = 'answered';
CREATE INDEX undelivered ON request (request_id) WHERE state = 'answered' AND delivered = 0;
CREATE TABLE past (request_id BLOB PRIMARY KEY, kiosk TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO request VALUES (x'01', 'k-1', 0, 1, 2, 'accepted', x'03', NULL, 0, 1);
INSERT INTO past VALUES (x'02', 'k-2');
"""


def test_a_ledger_of_the_second_version_is_taken_over_and_can_erase(ledger_path: Path) -> None:
    with closing(sqlite3.connect(ledger_path)) as db:
        db.executescript(VERSION_2)

    with closing(Ledger(ledger_path)) as ledger:
        found = ledger.request(b"\x01")
        assert found is not None
        assert (found.kiosk, found.envelope, found.keep_id) == ("k-1", b"\x03", 1)
        assert ledger.known(b"\x02") == Known("k-2", State.PAST)
        ledger.erase(b"\x01", "k-1", b"word")

    with closing(Ledger(ledger_path)) as ledger:
        assert ledger.known(b"\x01") == Known("k-1", State.PAST)
        assert ledger.word_of(b"\x01") == b"word"


def test_ledger_and_gallery_are_not_taken_for_each_other(
    gallery: Gallery, gallery_path: Path, gallery_key: bytes, ledger: Ledger, ledger_path: Path
) -> None:
    with pytest.raises(DatabaseError, match=r"gallery\.db is a database, but not a ledger"):
        Ledger(gallery_path)
    with pytest.raises(DatabaseError, match=r"ledger\.db is a database, but not a gallery"):
        Gallery(ledger_path, gallery_key)
