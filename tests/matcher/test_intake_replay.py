"""Requests that come again, too late or too early: nothing is searched twice, nothing lost."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from greenline.matcher.answering import Answering
from greenline.matcher.ledger import Known, Ledger, State
from greenline.matcher.schedule import Schedule
from greenline.matcher.timely import AHEAD_MS, FORGET_AFTER_MS
from greenline.protocol.envelope import Envelope
from greenline.protocol.messages import LONGEST_LIFE_MS, Outcome
from tests.matcher.asking import HOUR_MS, NOW_MS, Clock, Kiosk, finger, id_of, request_body
from tests.matcher.test_intake import (
    Broker,
    Make,
    broker,
    make,
    receipts,
    schedule,
    search_one,
    seconds,
    take,
    waiting,
)

__all__ = ["broker", "make", "receipts", "schedule", "seconds"]

DAY_MS = 24 * HOUR_MS


def pass_by(ledger: Ledger, now_ms: Clock, milliseconds: int) -> None:
    now_ms.now_ms += milliseconds
    ledger.forget(now_ms() - FORGET_AFTER_MS)


def test_as_long_as_a_request_could_be_taken_the_ledger_knows_its_id(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk, now_ms: Clock
) -> None:
    """At whatever time it is replayed, and however far ahead its clock was: one search."""
    created = NOW_MS + AHEAD_MS
    envelope = kiosk.seal(
        request_body(finger(1)), created_ms=created, expires_ms=created + LONGEST_LIFE_MS
    )
    intake, searches = make(), 0

    for _ in range(40):
        take(intake, kiosk, [envelope])
        while schedule.due():
            search_one(schedule, ledger)
            searches += 1
        pass_by(ledger, now_ms, 12 * HOUR_MS)

    assert searches == 1
    assert ledger.known(id_of(envelope)) is None
    assert broker.turned_back
    assert len(broker.resent) + len(broker.turned_back) == 39


def test_a_request_from_the_future_is_turned_back_and_leaves_no_trace(
    make: Make, ledger: Ledger, broker: Broker, kiosk: Kiosk
) -> None:
    created = NOW_MS + 90 * DAY_MS
    envelope = kiosk.seal(request_body(finger(1)), created_ms=created, expires_ms=created + HOUR_MS)
    intake = make()

    take(intake, kiosk, [envelope])

    ((request_id, words),) = broker.turned_back
    assert request_id == id_of(envelope)
    assert "90.0 days ahead" in words
    assert broker.acknowledged == [1]
    assert intake.tally.refused() == {"ahead": 1}
    assert ledger.known(id_of(envelope)) is None


def test_an_unsigned_request_from_the_future_gets_no_answer(
    make: Make, broker: Broker, kiosk: Kiosk
) -> None:
    created = NOW_MS + 90 * DAY_MS
    thief = Kiosk(kiosk.name, kiosk.matcher)
    forged = thief.seal(b"", created_ms=created, expires_ms=created + HOUR_MS)
    intake = make()

    take(intake, kiosk, [forged])

    assert (broker.turned_back, broker.acknowledged) == ([], [1])
    assert intake.tally.refused() == {"WrongKeyError": 1}


def test_requests_of_a_kiosk_that_woke_up_in_1970_are_all_taken_in_the_order_they_came(
    make: Make, ledger: Ledger, kiosk: Kiosk
) -> None:
    body = request_body(finger(1))
    others = kiosk.seal(body, created_ms=NOW_MS - 1)
    lost = [
        kiosk.seal(body, created_ms=at, expires_ms=at + HOUR_MS, clock_doubtful=True)
        for at in (1_000, 2_000)
    ]

    take(make(), kiosk, [*lost, others])

    assert waiting(ledger)[0] == id_of(others)
    assert sorted(waiting(ledger)[1:]) == sorted(map(id_of, lost))
    accepted = ledger.request(id_of(lost[0]))
    assert accepted is not None
    assert (accepted.expires_ms, accepted.keep_id) == (NOW_MS + HOUR_MS, 1)


def test_a_request_of_a_doubtful_clock_is_known_for_good(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk, now_ms: Clock
) -> None:
    envelope = kiosk.seal(
        request_body(finger(1)), created_ms=0, expires_ms=HOUR_MS, clock_doubtful=True
    )
    intake = make()
    take(intake, kiosk, [envelope])
    search_one(schedule, ledger)

    pass_by(ledger, now_ms, 1000 * DAY_MS)
    take(intake, kiosk, [envelope], first=7)

    assert ledger.known(id_of(envelope)) == Known(kiosk.name, State.PAST)
    assert schedule.due() == 0
    assert (broker.resent, broker.turned_back, broker.acknowledged) == ([], [], [1, 7])
    assert intake.tally.refused() == {"replayed": 1}


def test_the_flag_of_a_doubtful_clock_cannot_be_put_on_by_others(
    make: Make, ledger: Ledger, kiosk: Kiosk
) -> None:
    old = kiosk.seal(request_body(finger(1)), created_ms=0, expires_ms=HOUR_MS)
    envelope = Envelope.from_bytes(old)
    flagged = replace(envelope, header=replace(envelope.header, clock_doubtful=True))
    intake = make()

    take(intake, kiosk, [flagged.to_bytes()])

    assert intake.tally.refused() == {"ForgedError": 1}
    assert ledger.unanswered() == []


def test_a_request_of_a_doubtful_clock_expires_by_the_matchers(
    answering: Answering, kiosk: Kiosk, now_ms: Clock
) -> None:
    envelope = kiosk.seal(
        request_body(finger(1)), created_ms=0, expires_ms=HOUR_MS, clock_doubtful=True
    )
    over = NOW_MS + HOUR_MS

    before = answering.answer(envelope, kiosk.name, over)
    now_ms.now_ms = over
    after = answering.answer(envelope, kiosk.name, over)

    assert (before.outcome, after.outcome) == (Outcome.NONE, Outcome.EXPIRED)


def test_a_ledger_of_the_first_version_is_taken_over_with_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(Ledger(path)) as made:
        assert made.unanswered() == []
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "DROP TABLE past; DROP TABLE erased; ALTER TABLE request DROP COLUMN keep_id;"
            "PRAGMA user_version = 1;"
            "INSERT INTO request VALUES (x'0102', 'k-1', 0, 1, 2, 'accepted', x'03', NULL, 0);"
        )

    with closing(Ledger(path)) as ledger:
        found = ledger.request(b"\x01\x02")

    assert found is not None
    assert (found.kiosk, found.envelope, found.keep_id) == ("k-1", b"\x03", 0)
