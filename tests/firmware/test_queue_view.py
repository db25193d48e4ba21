"""What waits, as a technician sees it: the gate's standings and the store's envelopes, joined."""

import pytest

from greenline.firmware.dispatch import Dispatcher, Stage, Standing
from greenline.firmware.errors import StoreError
from greenline.firmware.queue_messages import MOST_WORDS, Item, Sealed
from greenline.firmware.queue_view import LaneReading, Queue
from greenline.firmware.store_rows import Pending
from greenline.protocol.audit import Event
from greenline.protocol.envelope import Lane

HOUR_MS = 3_600_000
NOW_MS = 100 * HOUR_MS


def named(number: int) -> bytes:
    return number.to_bytes(16)


def request(number: int, lane: Lane = Lane.PERSON_WAITING, age_ms: int = 5_000) -> Pending:
    made = NOW_MS - age_ms
    return Pending(named(number), lane, made, made + 72 * HOUR_MS)


class Orders:
    """A dispatcher as the gate shows it."""

    def __init__(self) -> None:
        self.now = 10.0
        self.dispatcher = Dispatcher(lambda: self.now)
        self.standing = self.dispatcher.snapshot
        self.retry = self.dispatcher.retry


class Shelf:
    """Envelopes by request, and how often each was looked at."""

    def __init__(self, *requests: Pending, size: int = 1_770) -> None:
        self.requests = list(requests)
        self.envelopes = {each.request_id: bytes(size) for each in requests}
        self.looked: list[bytes] = []

    def pending(self) -> list[Pending]:
        return self.requests

    def envelope(self, request_id: bytes) -> bytes | None:
        self.looked.append(request_id)
        return self.envelopes.get(request_id)


class Notes:
    """An audit log that may refuse."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.events: list[Event] = []

    def note(self, *events: Event) -> None:
        if self.refuses:
            raise StoreError("the audit log is full")
        self.events += events


def queue(orders: Orders, shelf: Shelf, notes: Notes | None = None) -> Queue:
    return Queue(orders, shelf, notes or Notes(), "matcher-01", lambda: NOW_MS)


def test_each_request_is_listed_with_all_but_its_content() -> None:
    orders, waiting = Orders(), request(1)
    orders.dispatcher.add([waiting])
    orders.dispatcher.link_up(4)
    orders.dispatcher.next_offer()
    orders.now += 2
    orders.dispatcher.confirmed(named(1), taken=False, refusal="Quota exceeded")
    orders.now += 3

    assert queue(orders, Shelf(waiting)).items() == [
        Item(
            named(1),
            "request",
            Lane.PERSON_WAITING,
            Stage.QUEUED,
            waiting.created_ms,
            waiting.expires_ms,
            age_s=5.0,
            left_s=72 * 3600 - 5.0,
            size=1_770,
            offers=1,
            since_s=3.0,
            refusal="Quota exceeded",
        )
    ]


def test_the_most_urgent_lane_is_listed_first_then_the_oldest() -> None:
    orders = Orders()
    requests = [
        request(1, Lane.NORMAL),
        request(2, age_ms=1_000),
        request(3, age_ms=9_000),
    ]
    orders.dispatcher.add(requests)

    listed = queue(orders, Shelf(*requests)).items()

    assert [each.request_id for each in listed] == [named(3), named(2), named(1)]


def test_what_the_kiosk_sends_of_itself_is_told_from_requests() -> None:
    orders, waiting, report = Orders(), request(1), request(2, Lane.BACKGROUND)
    orders.dispatcher.add([waiting, report])
    view = queue(orders, Shelf(waiting))

    assert [(each.kind, each.size) for each in view.items()] == [
        ("request", 1_770),
        ("report", None),
    ]
    assert view.lanes()[Lane.BACKGROUND] == LaneReading()


def test_a_lane_is_told_by_number_bytes_and_the_age_of_its_oldest() -> None:
    orders = Orders()
    requests = [request(1, age_ms=4_000), request(2, age_ms=7_000), request(3, Lane.NORMAL)]
    orders.dispatcher.add(requests)

    assert queue(orders, Shelf(*requests, size=100)).lanes() == {
        Lane.PERSON_WAITING: LaneReading(2, 200, 7.0),
        Lane.NORMAL: LaneReading(1, 100, 5.0),
        Lane.BACKGROUND: LaneReading(),
    }


def test_an_envelope_is_looked_at_once_however_often_the_list_is_asked_for() -> None:
    orders, waiting = Orders(), request(1)
    orders.dispatcher.add([waiting])
    shelf = Shelf(waiting)
    view = queue(orders, shelf)

    for _ in range(5):
        view.items()
        view.lanes()

    assert shelf.looked == [named(1)]


def test_a_clock_that_was_set_wrong_makes_no_age_negative_and_no_life_longer() -> None:
    orders, waiting = Orders(), request(1, age_ms=-50 * HOUR_MS)
    orders.dispatcher.add([waiting])

    (item,) = queue(orders, Shelf(waiting)).items()

    assert (item.age_s, item.left_s) == (0, 72 * 3600)


def test_a_retry_is_offered_at_once_though_its_time_has_not_come() -> None:
    orders, waiting = Orders(), request(1)
    orders.dispatcher.add([waiting])
    orders.dispatcher.link_up(4)
    orders.dispatcher.next_offer()
    orders.dispatcher.confirmed(named(1), taken=True)
    assert orders.dispatcher.next_offer() is None

    assert queue(orders, Shelf(waiting)).retry(named(1)) == 1

    assert orders.dispatcher.next_offer() == waiting


def test_an_export_is_noted_before_the_first_request_is_handed_out() -> None:
    requests = [request(1), request(2)]
    notes = Notes()

    handed_out = queue(Orders(), Shelf(*requests, size=3), notes).export()
    first = next(handed_out)

    assert first == Sealed(named(1), 0, requests[0].created_ms, requests[0].expires_ms, bytes(3))
    assert [(each.who, each.why, dict(each.details)) for each in notes.events] == [
        (
            "person not logged in",
            "export by a technician",
            {"what": "sealed requests", "to": "matcher-01", "count": 2},
        )
    ]
    assert len(list(handed_out)) == 1


def test_an_export_that_cannot_be_noted_hands_out_nothing() -> None:
    with pytest.raises(StoreError, match="audit log"):
        next(queue(Orders(), Shelf(request(1)), Notes(refuses=True)).export())


def test_what_was_answered_in_between_is_left_out_of_an_export() -> None:
    shelf = Shelf(request(1), request(2))
    handed_out = queue(Orders(), shelf).export()
    next(handed_out)
    shelf.envelopes.clear()

    assert list(handed_out) == []


def test_a_standing_that_is_received_says_so() -> None:
    orders, waiting = Orders(), request(1)
    orders.dispatcher.add([waiting])
    orders.dispatcher.received(named(1))

    (item,) = queue(orders, Shelf(waiting)).items()

    assert item.state == Stage.RECEIVED
    assert orders.standing() == (Standing(waiting, Stage.RECEIVED, 0, 0.0, ""),)


def test_of_what_the_broker_says_only_the_beginning_is_told() -> None:
    orders, waiting = Orders(), request(1)
    orders.dispatcher.add([waiting])
    orders.dispatcher.link_up(4)
    orders.dispatcher.next_offer()
    orders.dispatcher.confirmed(named(1), taken=False, refusal="x" * 10_000)

    (item,) = queue(orders, Shelf(waiting)).items()

    assert item.refusal == "x" * MOST_WORDS
