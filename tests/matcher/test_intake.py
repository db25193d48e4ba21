"""From the broker to the ledger: what is taken, left, refused or held, without any network."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from greenline.matcher.answering import Answering
from greenline.matcher.intake import Intake
from greenline.matcher.ledger import Ledger
from greenline.matcher.receipts import Receipts
from greenline.matcher.schedule import Schedule
from greenline.matcher.split import ALL, Split
from greenline.matcher.tally import Tally
from greenline.matcher.timely import Untimely
from greenline.protocol.envelope import Envelope, Lane
from greenline.protocol.topics import request_topic
from tests.matcher.asking import NOW_MS, Clock, Kiosk, finger, id_of, request_body

BOUND = 3
HELD = 4


@dataclass
class Broker:
    """What the intake has told the broker, and what it sent again."""

    acknowledged: list[int] = field(default_factory=list)
    resent: list[bytes] = field(default_factory=list)
    receipts: list[bytes] = field(default_factory=list)
    turned_back: list[tuple[bytes, str]] = field(default_factory=list)

    def turn_back(self, envelope: Envelope, late: Untimely) -> None:
        self.turned_back.append((envelope.header.request_id, late.words))


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def schedule() -> Schedule:
    return Schedule(time.monotonic)


Make = Callable[..., Intake]


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def receipts(answering: Answering, broker: Broker, now_ms: Clock, seconds: Seconds) -> Receipts:
    """Receipts that are due at once."""
    found = Receipts(
        answering.sealing,
        lambda _, envelope: broker.receipts.append(id_of(envelope)),
        lambda: False,
        Tally(),
        now_ms,
        seconds,
        after_s=0.0,
    )
    found.link_up(16)
    return found


@pytest.fixture
def make(
    ledger: Ledger,
    schedule: Schedule,
    answering: Answering,
    broker: Broker,
    receipts: Receipts,
    now_ms: Clock,
) -> Make:
    def make(split: Split = ALL) -> Intake:
        return Intake(
            ledger=ledger,
            schedule=schedule,
            tally=Tally(),
            check=answering.check,
            acknowledge=broker.acknowledged.append,
            resend=broker.resent.append,
            receipts=receipts,
            turn_back=broker.turn_back,
            now_ms=now_ms,
            clock=time.monotonic,
            split=split,
            most_waiting=BOUND,
            retry_s=0.0,
            most_held=HELD,
        )

    return make


def take(intake: Intake, kiosk: Kiosk, envelopes: list[bytes], first: int = 1) -> None:
    for delivery, envelope in enumerate(envelopes, first):
        intake.take(delivery, request_topic(kiosk.name), envelope)


def some(kiosk: Kiosk, count: int, lane: Lane = Lane.PERSON_WAITING) -> list[bytes]:
    body = request_body(finger(1))
    return [kiosk.seal(body, lane=lane, created_ms=NOW_MS + at) for at in range(count)]


def waiting(ledger: Ledger) -> list[bytes]:
    return [each.request_id for each in ledger.unanswered()]


def search_one(schedule: Schedule, ledger: Ledger) -> None:
    found = schedule.next(0)
    assert found is not None
    ledger.answer(found.request_id, b"answer")


def test_beyond_the_bound_nothing_is_taken_and_the_broker_keeps_it(
    make: Make, ledger: Ledger, broker: Broker, kiosk: Kiosk
) -> None:
    intake, envelopes = make(), some(kiosk, BOUND + 2)

    take(intake, kiosk, envelopes)
    intake.take_held()

    assert broker.acknowledged == [1, 2, 3]
    assert waiting(ledger) == list(map(id_of, envelopes[:BOUND]))
    assert intake.held == 2


def test_each_search_makes_room_for_one_of_those_that_are_held(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk
) -> None:
    intake, envelopes = make(), some(kiosk, BOUND + 2)
    take(intake, kiosk, envelopes)

    search_one(schedule, ledger)
    intake.take_held()

    assert broker.acknowledged == [1, 2, 3, 4]
    assert waiting(ledger) == list(map(id_of, envelopes[1 : BOUND + 1]))
    search_one(schedule, ledger)
    intake.take_held()
    assert broker.acknowledged == [1, 2, 3, 4, 5]
    assert intake.held == 0


def test_of_those_that_are_held_the_most_urgent_goes_first(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk
) -> None:
    intake = make()
    take(intake, kiosk, some(kiosk, BOUND))
    background, person = some(kiosk, 1, Lane.BACKGROUND), some(kiosk, 1)
    take(intake, kiosk, [*background, *person], first=10)

    search_one(schedule, ledger)
    intake.take_held()

    assert broker.acknowledged == [1, 2, 3, 11]


def test_at_the_bound_what_is_known_is_still_answered_and_what_is_wrong_refused(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk
) -> None:
    intake, envelopes = make(), some(kiosk, BOUND + 1)
    take(intake, kiosk, envelopes)
    search_one(schedule, ledger)
    intake.take_held()
    assert schedule.due() == BOUND

    take(intake, kiosk, [envelopes[0], envelopes[1], b"junk"], first=20)

    assert broker.acknowledged[-3:] == [20, 21, 22]
    assert broker.resent == [id_of(envelopes[0])]
    assert intake.tally.refused() == {"MalformedError": 1}
    assert intake.tally.words()["requests"] == "accepted 4, repeated 2"


def test_what_waits_for_another_try_takes_no_room(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk
) -> None:
    """Incomplete searches of a damaged list must not keep everybody else out."""
    intake, envelopes = make(), some(kiosk, BOUND + 1)
    take(intake, kiosk, envelopes)
    incomplete = schedule.next(0)
    assert incomplete is not None

    schedule.put_off(incomplete, 60)
    intake.take_held()

    assert broker.acknowledged == [1, 2, 3, 4]
    assert waiting(ledger) == list(map(id_of, envelopes))


def test_a_new_connection_brings_what_was_held_again(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk
) -> None:
    intake, envelopes = make(), some(kiosk, BOUND + 1)
    take(intake, kiosk, envelopes)

    intake.begin_anew()
    search_one(schedule, ledger)
    intake.take_held()
    assert broker.acknowledged == [1, 2, 3]

    take(intake, kiosk, envelopes[-1:], first=70)
    assert broker.acknowledged == [1, 2, 3, 70]


def test_beyond_what_is_held_requests_are_turned_away_and_taken_when_they_come_again(
    make: Make, ledger: Ledger, schedule: Schedule, broker: Broker, kiosk: Kiosk
) -> None:
    """Whatever the broker delivers: Mosquitto 2.0.11 does not keep to its window."""
    intake, envelopes = make(), some(kiosk, BOUND + HELD + 50)

    take(intake, kiosk, envelopes)
    assert (intake.held, len(waiting(ledger))) == (HELD, BOUND)
    assert len(broker.acknowledged) == BOUND + 50
    assert intake.tally.words()["requests"] == f"accepted {BOUND}, turned away 50"

    while schedule.due():
        search_one(schedule, ledger)
        intake.take_held()
    take(intake, kiosk, envelopes[-2:], first=1000)
    assert waiting(ledger) == list(map(id_of, envelopes[-2:]))


def test_what_the_broker_cannot_hold_back_is_turned_away_at_the_bound(
    make: Make, ledger: Ledger, broker: Broker, kiosk: Kiosk
) -> None:
    """At QoS 0 there is nothing to acknowledge."""
    intake = make()

    for envelope in some(kiosk, BOUND + 50):
        intake.take(0, request_topic(kiosk.name), envelope)

    assert (intake.held, len(waiting(ledger))) == (0, BOUND)


def test_what_is_anothers_is_acknowledged_and_left_alone_even_if_it_is_wrong(
    make: Make, ledger: Ledger, broker: Broker, kiosk: Kiosk
) -> None:
    both = [make(Split(1, 2)), make(Split(2, 2))]
    envelopes = [*some(kiosk, BOUND), *(bytes([number]) * 30 for number in range(20))]

    for intake in both:
        take(intake, kiosk, envelopes)

    assert Counter(broker.acknowledged) == dict.fromkeys(range(1, len(envelopes) + 1), 2)
    assert sorted(waiting(ledger)) == sorted(map(id_of, envelopes[:BOUND]))
    refused = [intake.tally.refused()["MalformedError"] for intake in both]
    assert sum(refused) == 20
    assert min(refused) > 0
    left = [intake.tally.words()["requests"] for intake in both]
    assert all("left to others" in words for words in left)


def test_one_kiosk_leaves_room_for_another_in_what_waits_and_in_what_is_held(
    make: Make, ledger: Ledger, broker: Broker, kiosk: Kiosk
) -> None:
    intake = make()
    intake.most_waiting, intake.most_held = 90, 45
    loud = some(kiosk, 200)

    take(intake, kiosk, loud)

    assert (len(waiting(ledger)), intake.held) == (80, 40)
    assert intake.tally.words()["requests"] == "accepted 80, turned away 80"


def test_what_is_held_of_a_kiosk_with_its_full_share_keeps_nobody_elses_from_being_taken(
    make: Make,
    ledger: Ledger,
    schedule: Schedule,
    broker: Broker,
    kiosk: Kiosk,
    answering: Answering,
) -> None:
    quiet = Kiosk("kiosk-02", kiosk.matcher)
    known = {each.name: each.identity for each in (kiosk, quiet)}
    intake = make()
    intake.check = replace(answering, kiosks=known).check
    intake.most_waiting = 9
    take(intake, kiosk, some(kiosk, 10))
    (asked,) = some(quiet, 1)

    take(intake, quiet, [asked], first=100)

    assert 100 in broker.acknowledged
    assert id_of(asked) in waiting(ledger)
    first, second = schedule.next(0), schedule.next(0)
    assert first is not None
    assert second is not None
    assert id_of(asked) in {first.request_id, second.request_id}


def test_a_receipt_is_due_of_what_is_in_the_ledger_and_of_nothing_else(
    make: Make,
    schedule: Schedule,
    ledger: Ledger,
    broker: Broker,
    receipts: Receipts,
    seconds: Seconds,
    kiosk: Kiosk,
) -> None:
    """Neither of what is held or turned away, nor of what is answered or another kiosk's."""
    intake, envelopes = make(), some(kiosk, BOUND + HELD + 5)
    take(intake, kiosk, envelopes)
    sent = all_receipts(broker, receipts, seconds)
    assert sorted(sent) == sorted(waiting(ledger)) == sorted(map(id_of, envelopes[:BOUND]))

    search_one(schedule, ledger)
    take(intake, kiosk, [*envelopes[:2], kiosk.seal(b"", expires_ms=NOW_MS - 10**10)], first=50)

    assert all_receipts(broker, receipts, seconds) == [*sent, id_of(envelopes[1])]
    assert broker.resent == [id_of(envelopes[0])]


def all_receipts(broker: Broker, receipts: Receipts, seconds: Seconds) -> list[bytes]:
    """Let everything that is due leave; return of which requests receipts have left so far."""
    for _ in range(50):
        seconds.now += 1
        receipts.step()
        receipts.settle()
    return broker.receipts.copy()
