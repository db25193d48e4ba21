"""The outbox over a real ledger; the wire is a function of the test's that takes or refuses."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from greenline.link.connection import NotConnectedError
from greenline.matcher.errors import DatabaseError
from greenline.matcher.ledger import Accepted, Ledger
from greenline.matcher.outbox import Outbox


@dataclass
class Wire:
    """Takes so many messages at a time, as a link's window does."""

    room: int = 0
    sent: list[bytes] = field(default_factory=list)
    when_full: Callable[[], None] = lambda: None

    def publish(self, request_id: bytes, kiosk: str, envelope: bytes) -> None:
        assert (kiosk, envelope) == ("k-1", b"answer to " + request_id)
        if not self.room:
            self.when_full()
            raise NotConnectedError
        self.room -= 1
        self.sent.append(request_id)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def outbox(ledger: Ledger, wire: Wire) -> Outbox:
    return Outbox(ledger, wire.publish)


def answered(ledger: Ledger, name: str) -> bytes:
    """Put an answered request into the ledger; return its id."""
    request_id = name.encode().ljust(16)
    ledger.accept(Accepted(request_id, "k-1", 0, 1, 2, b"probe"))
    ledger.answer(request_id, b"answer to " + request_id)
    return request_id


def test_an_answer_leaves_at_once_and_is_done_when_the_broker_has_it(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    wire.room = 1
    one = answered(ledger, "one")

    outbox.send(one)
    assert (wire.sent, ledger.undelivered()) == ([one], [one])

    outbox.settle(one, taken=True)
    assert (wire.sent, ledger.undelivered()) == ([one], [])


def test_an_answer_that_the_broker_has_is_not_sent_again_until_it_is_asked_for(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    one = answered(ledger, "one")
    wire.room = 16
    outbox.send(one)
    outbox.settle(one, taken=True)

    outbox.send(one)
    outbox.link_up()
    assert wire.sent == [one]

    ledger.repeat(one)
    outbox.send(one)
    assert wire.sent == [one, one]


def test_without_room_answers_wait_in_order_and_go_as_room_is_made(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    names = [answered(ledger, name) for name in ("one", "two", "three")]
    wire.room = 1
    for name in names:
        outbox.send(name)
    assert wire.sent == names[:1]

    wire.room = 1
    outbox.settle(names[0], taken=True)
    wire.room = 1
    outbox.settle(wire.sent[1], taken=True)

    assert sorted(wire.sent) == sorted(names)


def test_a_new_link_sends_what_the_broker_never_confirmed_and_nothing_else(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    confirmed, lost, late = (answered(ledger, name) for name in ("confirmed", "lost", "late"))
    wire.room = 2
    for name in (confirmed, lost, late):
        outbox.send(name)
    outbox.settle(confirmed, taken=True)
    wire.sent.clear()

    wire.room = 16
    outbox.link_up()

    assert sorted(wire.sent) == sorted([lost, late])


def test_a_refill_finds_what_was_missed_and_leaves_what_is_on_the_wire(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    on_the_wire = answered(ledger, "on the wire")
    wire.room = 16
    outbox.send(on_the_wire)
    missed = answered(ledger, "missed")

    outbox.refill()

    assert wire.sent == [on_the_wire, missed]


def test_a_refused_answer_stays_in_the_ledger_and_goes_with_the_next_refill(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    one = answered(ledger, "one")
    wire.room = 16
    outbox.send(one)

    outbox.settle(one, taken=False)
    assert (wire.sent, ledger.undelivered()) == ([one], [one])

    outbox.refill()
    assert wire.sent == [one, one]


def test_an_answer_that_the_ledger_has_forgotten_is_passed_over(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    gone, there = answered(ledger, "gone"), answered(ledger, "there")
    outbox.send(gone)
    ledger.drop(gone)

    wire.room = 16
    outbox.send(there)

    assert wire.sent == [there]


def test_room_that_is_made_just_when_an_answer_was_turned_away_is_not_missed(
    ledger: Ledger, wire: Wire, outbox: Outbox
) -> None:
    """The link's thread settles the last one while another thread finds the window full."""
    first, second = answered(ledger, "first"), answered(ledger, "second")
    wire.room = 1
    outbox.send(first)

    def settle_meanwhile() -> None:
        wire.when_full = lambda: None
        link = threading.Thread(target=lambda: outbox.settle(first, taken=True))
        link.start()
        link.join()  # it found nothing waiting
        wire.room = 1

    wire.when_full = settle_meanwhile
    outbox.send(second)

    assert wire.sent == [first, second]


def test_an_unreadable_ledger_loses_no_answer(ledger: Ledger, wire: Wire, outbox: Outbox) -> None:
    one = answered(ledger, "one")
    wire.room = 16
    ledger._db._db.execute("ALTER TABLE request RENAME TO hidden")
    with pytest.raises(DatabaseError):
        outbox.send(one)
    ledger._db._db.execute("ALTER TABLE hidden RENAME TO request")

    outbox.refill()

    assert wire.sent == [one]


def test_many_threads_send_each_answer_once(ledger: Ledger, wire: Wire, outbox: Outbox) -> None:
    names = [answered(ledger, str(number)) for number in range(30)]
    wire.room = len(names)
    threads = [threading.Thread(target=outbox.refill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(wire.sent) == sorted(names)


def test_room_that_something_else_makes_is_used(ledger: Ledger, wire: Wire, outbox: Outbox) -> None:
    """A provisional answer or a receipt took the last place in the window."""
    one = answered(ledger, "one")
    outbox.send(one)
    assert (wire.sent, outbox.busy) == ([], True)

    wire.room = 1
    outbox.room_made()

    assert (wire.sent, outbox.busy) == ([one], False)
