"""The dispatcher: what is offered when, over a clock that the test moves."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from greenline.firmware.dispatch import Dispatcher, Stage, Standing
from greenline.firmware.store_rows import Pending


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def request(number: int, lane: int = 0, created_ms: int = 0) -> Pending:
    return Pending(number.to_bytes(16), lane, created_ms, 10_000)


def offers(dispatcher: Dispatcher) -> list[int]:
    found = []
    while (offer := dispatcher.next_offer()) is not None:
        found.append(int.from_bytes(offer.request_id))
    return found


def dispatcher_with(*requests: Pending, clock: Clock | None = None) -> Dispatcher:
    dispatcher = Dispatcher(clock or Clock(), resend_first_s=10, resend_longest_s=30)
    dispatcher.add(requests)
    return dispatcher


def test_without_a_link_nothing_is_offered() -> None:
    assert offers(dispatcher_with(request(1))) == []


def test_of_waiting_persons_the_newest_goes_first_of_the_others_the_oldest() -> None:
    dispatcher = dispatcher_with(
        request(1, 1, 6), request(2, 1, 5), request(3, 0, 7), request(4, 0, 9)
    )
    dispatcher.link_up(10)

    assert offers(dispatcher) == [4, 3, 2, 1]


def test_no_more_than_the_window_is_unconfirmed() -> None:
    dispatcher = dispatcher_with(*(request(n, created_ms=n) for n in range(5)))
    dispatcher.link_up(2)

    assert offers(dispatcher) == [4, 3]
    dispatcher.confirmed((4).to_bytes(16), taken=True)
    assert offers(dispatcher) == [2]


def test_no_lane_starves_however_many_persons_wait() -> None:
    persons = [request(n, 0, n) for n in range(1_000)]
    others = [request(2_000 + n, 1 + n % 2, n) for n in range(4)]
    dispatcher = dispatcher_with(*persons, *others)
    dispatcher.link_up(10_000)

    first = offers(dispatcher)[:32]

    assert {2_000, 2_001, 2_002, 2_003} < set(first)
    assert 0 in first  # the oldest of the persons


def test_who_stands_there_overtakes_a_backlog_that_fills_its_part_of_the_window() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(*(request(n, created_ms=n) for n in range(100)), clock=clock)
    dispatcher.link_up(16)
    assert len(offers(dispatcher)) == 12

    dispatcher.add([request(1_000, created_ms=1)], fresh=True)  # its clock was set back

    assert offers(dispatcher) == [1_000]


def test_who_has_left_waits_with_the_others() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(clock=clock)
    dispatcher.add([request(1_000, created_ms=1)], fresh=True)
    clock.now += 3_600
    dispatcher.add([request(n, created_ms=n) for n in range(2, 102)])

    dispatcher.link_up(16)

    assert 1_000 not in offers(dispatcher)[:3]


def test_what_the_matcher_has_is_offered_again_only_seldom() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(request(1), clock=clock)
    dispatcher.link_up(4)
    offers(dispatcher)
    dispatcher.confirmed((1).to_bytes(16), taken=True)

    assert dispatcher.received((1).to_bytes(16))

    assert dispatcher.stages() == {(1).to_bytes(16): Stage.RECEIVED}
    clock.now += 29
    assert offers(dispatcher) == []
    clock.now += 1
    assert offers(dispatcher) == [1]
    assert dispatcher.stages() == {(1).to_bytes(16): Stage.RECEIVED}


def test_a_receipt_for_what_is_not_pending_changes_nothing() -> None:
    dispatcher = dispatcher_with(request(1))

    assert not dispatcher.received((2).to_bytes(16))

    assert dispatcher.stages() == {(1).to_bytes(16): Stage.QUEUED}


def test_a_new_link_offers_again_what_the_matcher_had_too() -> None:
    dispatcher = dispatcher_with(request(1))
    dispatcher.link_up(4)
    offers(dispatcher)
    dispatcher.received((1).to_bytes(16))

    dispatcher.link_up(4)

    assert offers(dispatcher) == [1]


def test_receipts_that_are_repeated_fill_no_memory() -> None:
    dispatcher = dispatcher_with(request(1))
    dispatcher.link_up(4)
    offers(dispatcher)
    dispatcher.confirmed((1).to_bytes(16), taken=True)
    tracemalloc.start()
    for _ in range(10_000):
        dispatcher.received((1).to_bytes(16))
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert grown < 100_000


def test_a_technician_has_it_offered_at_once() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(request(1), request(2), clock=clock)
    dispatcher.link_up(4)
    offers(dispatcher)
    for number in (1, 2):
        dispatcher.confirmed(number.to_bytes(16), taken=True)

    assert dispatcher.retry([(2).to_bytes(16), (9).to_bytes(16)]) == 1
    assert offers(dispatcher) == [2]
    dispatcher.confirmed((2).to_bytes(16), taken=True)
    assert dispatcher.retry() == 2
    assert sorted(offers(dispatcher)) == [1, 2]
    assert dispatcher.resends == 3


def test_a_snapshot_tells_where_each_request_stands_and_since_when() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(request(1), clock=clock)
    clock.now += 3
    dispatcher.link_up(4)
    clock.now += 2
    assert dispatcher.snapshot() == (Standing(request(1), Stage.QUEUED, 0, 5, ""),)

    offers(dispatcher)
    clock.now += 1
    dispatcher.confirmed((1).to_bytes(16), taken=False, refusal="Quota exceeded")
    clock.now += 4

    assert dispatcher.snapshot() == (Standing(request(1), Stage.QUEUED, 1, 4, "Quota exceeded"),)


def test_a_published_request_is_offered_again_until_it_is_answered() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(request(1), clock=clock)
    dispatcher.link_up(4)
    assert offers(dispatcher) == [1]
    dispatcher.confirmed((1).to_bytes(16), taken=True)
    for wait in (10, 20, 30, 30):
        clock.now += wait - 1
        assert offers(dispatcher) == []
        clock.now += 1
        assert offers(dispatcher) == [1]
        dispatcher.confirmed((1).to_bytes(16), taken=True)
        assert dispatcher.stages() == {(1).to_bytes(16): Stage.PUBLISHED}

    dispatcher.remove((1).to_bytes(16))
    clock.now += 1_000
    assert offers(dispatcher) == []


def test_a_refusal_is_not_taken_for_a_delivery() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(request(1), clock=clock)
    dispatcher.link_up(4)
    offers(dispatcher)

    dispatcher.confirmed((1).to_bytes(16), taken=False)

    assert dispatcher.stages() == {(1).to_bytes(16): Stage.QUEUED}
    assert dispatcher.wait_s() == 10
    clock.now += 10
    assert offers(dispatcher) == [1]


def test_a_new_link_offers_everything_again_at_once() -> None:
    dispatcher = dispatcher_with(request(1), request(2, created_ms=1))
    dispatcher.link_up(4)
    offers(dispatcher)
    dispatcher.confirmed((1).to_bytes(16), taken=True)

    dispatcher.link_down()
    assert offers(dispatcher) == []
    dispatcher.link_up(4)

    assert sorted(offers(dispatcher)) == [1, 2]


def test_adding_a_known_request_does_not_offer_it_twice() -> None:
    dispatcher = dispatcher_with(request(1))
    dispatcher.link_up(4)
    dispatcher.add([request(1)])

    assert offers(dispatcher) == [1]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(0, 9)),
            st.tuples(st.just("answered"), st.integers(0, 9)),
            st.tuples(st.just("confirmed"), st.integers(0, 9)),
            st.tuples(st.just("refused"), st.integers(0, 9)),
            st.tuples(st.just("up"), st.integers(1, 4)),
            st.tuples(st.just("down"), st.just(0)),
            st.tuples(st.just("offer"), st.just(0)),
            st.tuples(st.just("wait"), st.integers(0, 40)),
        ),
        max_size=60,
    )
)
def test_whatever_happens_the_window_holds_and_all_that_waits_is_offered_in_the_end(
    events: list[tuple[str, int]],
) -> None:
    clock = Clock()
    dispatcher = Dispatcher(clock, resend_first_s=10, resend_longest_s=30)
    waiting: set[int] = set()
    unconfirmed: set[int] = set()
    answered: set[int] = set()
    window = 0
    for what, number in events:
        name = number.to_bytes(16)
        match what:
            case "add" if number not in answered:
                dispatcher.add([request(number)])
                waiting.add(number)
            case "answered":
                dispatcher.remove(name)
                waiting.discard(number)
                unconfirmed.discard(number)
                answered.add(number)
            case "confirmed" | "refused" if number in unconfirmed:
                dispatcher.confirmed(name, taken=what == "confirmed")
                unconfirmed.discard(number)
            case "up":
                dispatcher.link_up(number)
                window = number
                unconfirmed.clear()
            case "down":
                dispatcher.link_down()
                window = 0
                unconfirmed.clear()
            case "offer":
                offer = dispatcher.next_offer()
                if offer is not None:
                    offered = int.from_bytes(offer.request_id)
                    assert offered in waiting
                    assert offered not in unconfirmed
                    unconfirmed.add(offered)
                assert len(unconfirmed) <= window
            case "wait":
                clock.now += number
    dispatcher.link_up(2 * len(waiting) + 1)
    assert set(offers(dispatcher)) == waiting


def test_only_what_was_offered_can_be_confirmed_and_once() -> None:
    dispatcher = dispatcher_with(request(1, created_ms=1), request(2, created_ms=2))
    dispatcher.link_up(1)
    assert offers(dispatcher) == [2]

    dispatcher.confirmed((1).to_bytes(16), taken=True)
    tracemalloc.start()
    for _ in range(10_000):
        dispatcher.confirmed((2).to_bytes(16), taken=True)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert dispatcher.stages()[(1).to_bytes(16)] is Stage.QUEUED
    assert offers(dispatcher) == [1]
    assert grown < 100_000


def published(dispatcher: Dispatcher) -> list[int]:
    """Take every offer and have it taken by the broker at once."""
    found = []
    while (offer := dispatcher.next_offer()) is not None:
        dispatcher.confirmed(offer.request_id, taken=True)
        found.append(int.from_bytes(offer.request_id))
    return found


def test_of_a_backlog_no_more_goes_than_the_matcher_has_room_for_until_answers_come() -> None:
    clock = Clock()
    dispatcher = dispatcher_with(*(request(n, created_ms=n) for n in range(1_000)), clock=clock)
    dispatcher.link_up(16)

    first = published(dispatcher)
    assert len(first) == 256
    dispatcher.add([request(5_000)], fresh=True)
    assert published(dispatcher) == [5_000]
    for number in first[:10]:
        dispatcher.remove(number.to_bytes(16))
    assert len(published(dispatcher)) == 9  # one more is awaited: the person's

    clock.now += 10
    assert len(published(dispatcher)) == 256  # nothing came: they are offered again, or others
