"""A case is deleted before its time: here, provably, and at the matcher, whatever comes between."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from greenline.firmware.audit import AuditLog
from greenline.firmware.clock import Instant
from greenline.firmware.erasures import MOST_ORDERS, REMEMBER_MS, Erasures, Order
from greenline.firmware.errors import AuditError, StoreError, StoreFullError
from greenline.firmware.purging import MatcherSide, Purging
from greenline.firmware.store import Pending, Store
from greenline.protocol.audit import Event, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.erasure import ANSWER, Erase, Erased, decode_erase, encode_erased
from greenline.protocol.keys import SigningKey
from greenline.protocol.wording import ORDER_GIVEN_UP, ORDERS_DAMAGED
from tests.firmware.audit_logs import Place
from tests.firmware.case_world import World, impression
from tests.firmware.conftest import KIOSK, Clock, Parties
from tests.firmware.stores import DEVICE, instant, open_store

BODY = b"what the officer reads again"
WHO = "officer-7"


@dataclass
class Desk:
    """A kiosk's store, audit log and orders on a card; open() is a start."""

    folder: Path
    parties: Parties
    clock: Clock
    place: Place
    signer: SigningKey = field(default_factory=SigningKey.generate)
    offered: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def orders(self) -> Path:
        """A folder of their own, which a test may take away."""
        found = self.folder / "orders.d"
        found.mkdir(exist_ok=True)
        return found

    def now(self) -> Instant:
        return instant(self.clock())

    @contextlib.contextmanager
    def open(self) -> Iterator[Purging]:
        with (
            contextlib.closing(open_store(self.folder / "kiosk.store", self.clock)) as store,
            contextlib.closing(self.place.open()) as log,
        ):
            side = MatcherSide(
                KIOSK, self.signer, (self.parties.kiosk_opener,), self.parties.matcher,
                self.clock, lambda: False,
            )  # fmt: skip
            erasures = Erasures(self.orders / "kiosk.store-erasures", DEVICE, self.now)
            yield Purging(
                erasures, store, log, side, self.gone.append,
                lambda pending: self.offered.append(pending.request_id), self.notices.append,
            )  # fmt: skip

    def word(self, request_id: bytes, *, signer: SigningKey | None = None, **changed: str) -> bytes:
        header = Header(
            EnvelopeKind.ERASED, Lane.NORMAL, request_id, changed.get("kiosk", KIOSK), 1, 2
        )
        body = encode_erased(Erased((ANSWER,), 9, b"c" * 16, 77, b"d" * 32))
        key = signer or self.parties.matcher_signer
        return seal(header, body, self.parties.kiosk_opener.public, key).to_bytes()

    def erased(self) -> list[Event]:
        return [each for each in self.place.events() if each.kind is Kind.ERASE]


@pytest.fixture
def desk(tmp_path: Path, parties: Parties, clock: Clock) -> Desk:
    return Desk(tmp_path, parties, clock, Place(tmp_path / "audit"))


def waits(store: Store, number: int = 1) -> bytes:
    request_id = bytes([number]) * 16
    store.add_request(Pending(request_id, 0, 0, 10_000), b"a sealed request")
    return request_id


def answered(store: Store, number: int = 1) -> bytes:
    request_id = waits(store, number)
    store.add_answer(request_id, BODY, final=True, arrived_ms=0, expires_ms=9_000)
    return request_id


def test_a_sent_case_is_deleted_here_with_a_signed_entry_that_says_who_and_why(desk: Desk) -> None:
    with desk.open() as purging:
        request_id, other = waits(purging.store), answered(purging.store, 2)

        order = purging.purge(request_id, "minor", WHO)

        assert (order.here, order.everywhere) == (True, False)
        assert purging.store.pending() == []
        assert [each.request_id for each in purging.store.answers(9)] == [other]
        assert (desk.gone, desk.offered) == ([request_id], [request_id])
        (event,) = desk.erased()
        assert (event.who, event.case) == (WHO, pseudonym(request_id))
        assert event.details == {"what": "case", "reason": "minor"}
        assert desk.place.walk().fault is None  # signed at once


def test_an_answer_goes_with_its_key(desk: Desk) -> None:
    with desk.open() as purging:
        request_id = answered(purging.store)
        purging.purge(request_id, "mistake", WHO)

        assert purging.store.answers(9) == []
        assert purging.store._vault.cases() == frozenset()


def test_the_matcher_is_asked_until_its_word_is_there_and_only_then_it_is_everywhere(
    desk: Desk,
) -> None:
    with desk.open() as purging:
        request_id = answered(purging.store)
        purging.purge(request_id, "minor", WHO)
    with desk.open() as purging:  # after a restart
        (pending,) = purging.pending()
        envelope = Envelope.from_bytes(purging.envelope(pending.request_id) or b"")
        envelope.verify(desk.signer.public)
        assert (envelope.header.kind, envelope.header.request_id) == (
            EnvelopeKind.ERASE, request_id,
        )  # fmt: skip
        assert decode_erase(envelope.open(desk.parties.matcher_opener)) == Erase("minor")

        purging.receive(desk.word(request_id))
        purging.receive(desk.word(request_id))  # it comes again

        assert purging.pending() == []
        assert purging.envelope(request_id) is None
    with desk.open() as purging:
        (order,) = purging.erasures.orders()
        assert order.everywhere
        assert order.there == (ANSWER,)
    assert [event.details["what"] for event in desk.erased()] == ["case", "copy at matcher-01"]
    assert desk.erased()[1].details["reason"] == "its entry 77"


def test_a_forged_foreign_or_unasked_word_means_nothing(desk: Desk) -> None:
    with desk.open() as purging:
        request_id = waits(purging.store)
        purging.purge(request_id, "minor", WHO)
        genuine = desk.word(request_id)
        for wrong in (
            desk.word(request_id, signer=SigningKey.generate()),
            desk.word(request_id, kiosk="kiosk-02"),
            desk.word(b"u" * 16),
            genuine[:8] + b"u" * 16 + genuine[24:],
            genuine[:-1],
            b"",
        ):
            purging.receive(wrong)

        assert [each.request_id for each in purging.pending()] == [request_id]
        assert len(desk.erased()) == 1


def test_what_was_ordered_before_the_power_went_is_done_at_the_next_start(desk: Desk) -> None:
    with desk.open() as purging:
        request_id = answered(purging.store)
        purging.erasures.add(request_id, "minor", WHO)  # then the power goes

    with desk.open() as purging:
        assert len(purging.store.answers(9)) == 1
        purging.resume()

        assert purging.store.answers(9) == []
        assert [each.request_id for each in purging.pending()] == [request_id]
    assert [event.who for event in desk.erased()] == [WHO]


def test_an_order_that_fails_at_the_start_holds_back_its_case_until_it_is_done(desk: Desk) -> None:
    in_the_way = desk.folder / "file"
    in_the_way.write_bytes(b"")
    desk.place.folder = in_the_way / "audit"
    with desk.open() as purging:
        request_id, other = answered(purging.store), answered(purging.store, 2)
        purging.erasures.add(request_id, "minor", WHO)
        with pytest.raises(AuditError):
            purging.resume()
        with pytest.raises(AuditError):  # an officer orders the same, in vain
            purging.purge(request_id, "mistake", "another")

        assert (purging.withheld(request_id), purging.withheld(other)) == (True, False)
        assert desk.offered == []
        in_the_way.unlink()
        purging.resume()

        assert not purging.withheld(request_id)
        assert (desk.gone, desk.offered) == ([request_id], [request_id])
        assert [each.request_id for each in purging.store.answers(9)] == [other]
        purging.resume()
    assert [event.who for event in desk.erased()] == [WHO]


def test_one_order_that_fails_stops_no_other(desk: Desk) -> None:
    with desk.open() as purging:
        first, second = waits(purging.store), waits(purging.store, 2)
        for each in (first, second):
            purging.erasures.add(each, "minor", WHO)
        purging.gone = _fails_once(desk.gone)

        with pytest.raises(StoreError, match="in the way"):
            purging.resume()

        assert purging.store.pending() == []


def _fails_once(gone: list[bytes]) -> Callable[[bytes], None]:
    def told(request_id: bytes) -> None:
        gone.append(request_id)
        if len(gone) == 1:
            raise StoreError("something is in the way")

    return told


def test_what_cannot_be_noted_is_not_deleted_and_may_be_ordered_again(desk: Desk) -> None:
    (desk.folder / "file").write_bytes(b"")
    desk.place.folder = desk.folder / "file" / "audit"
    with desk.open() as purging:
        request_id = answered(purging.store)
        with pytest.raises(AuditError):
            purging.purge(request_id, "minor", WHO)

        assert len(purging.store.answers(9)) == 1
        assert purging.erasures.orders() == ()
        assert desk.gone == []


def test_a_case_of_which_nothing_is_here_any_more_is_still_erased_at_the_matcher(
    desk: Desk,
) -> None:
    with desk.open() as purging:
        order = purging.purge(b"x" * 16, "minor", WHO)

        assert order.here
        assert purging.purge(b"x" * 16, "mistake", "another") == order
        assert len(purging.pending()) == 1
    assert len(desk.erased()) == 1


def test_an_open_case_ends_when_its_request_is_deleted_and_another_does_not(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.begin(1)
    world.take(impression(2))
    world.desk.send()
    request_id = world.sent[0].request_id

    world.desk.forget(b"x" * 16)
    assert world.board.state().case is not None
    world.desk.forget(request_id)

    assert world.board.state().case is None
    world.desk.forget(request_id)  # harmless


def erasures(desk: Desk) -> Erasures:
    return Erasures(desk.folder / "orders", DEVICE, desk.now)


def test_orders_are_forgotten_after_a_month_and_there_are_never_too_many(
    desk: Desk, clock: Clock
) -> None:
    kept = erasures(desk)
    for number in range(MOST_ORDERS):
        kept.add(number.to_bytes(16), "minor", WHO)
    with pytest.raises(StoreFullError, match="call a technician"):
        kept.add(b"n" * 16, "minor", WHO)

    clock.now_ms += REMEMBER_MS
    kept.add(b"n" * 16, "minor", WHO)

    assert erasures(desk).orders() == (Order(b"n" * 16, "minor", WHO, clock()),)


def test_an_order_that_is_done_makes_room_and_one_that_waits_does_not(desk: Desk) -> None:
    kept = erasures(desk)
    for number in range(MOST_ORDERS):
        kept.add(number.to_bytes(16), "rejected", WHO)
    with pytest.raises(StoreFullError):
        kept.add(b"n" * 16, "minor", WHO)
    for number in (3, 4):
        order = kept.get(number.to_bytes(16))
        assert order is not None
        kept.change(replace(order, here=True, there=()))

    kept.add(b"n" * 16, "minor", WHO)

    left = {each.request_id for each in kept.orders()}
    assert len(left) == MOST_ORDERS
    assert (3).to_bytes(16) not in left
    assert {(0).to_bytes(16), (4).to_bytes(16), b"n" * 16} <= left


def test_orders_that_are_damaged_are_kept_aside_and_told_of_until_somebody_looks(
    desk: Desk,
) -> None:
    with desk.open() as purging:
        purging.purge(waits(purging.store), "minor", WHO)
    path = desk.orders / "kiosk.store-erasures"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)

    for start in range(2):
        with desk.open() as purging:
            purging.resume()
            purging.purge(bytes([start + 7]) * 16, "minor", WHO)
            assert purging.erasures.damaged() == path.with_name(f"{path.name}-damaged")

    assert path.with_name(f"{path.name}-damaged").read_bytes() == data
    assert desk.notices == [ORDERS_DAMAGED] * 2
    (event,) = (each for each in desk.place.events() if each.kind is Kind.REPAIR)
    assert event.details == {"what": "orders to erase, unreadable"}
    path.with_name(f"{path.name}-damaged").unlink()
    with desk.open() as purging:
        purging.resume()
        assert len(purging.erasures.orders()) == 2
    assert len(desk.notices) == 2


def test_orders_that_cannot_be_read_stop_the_start(desk: Desk) -> None:
    (desk.folder / "orders").mkdir()

    with pytest.raises(StoreError, match="cannot be read"):
        erasures(desk)


def test_an_order_that_the_matcher_never_answered_is_told_of_before_it_is_given_up(
    desk: Desk, clock: Clock
) -> None:
    with desk.open() as purging:
        old, done = waits(purging.store), waits(purging.store, 2)
        purging.purge(old, "minor", WHO)
        purging.purge(done, "minor", WHO)
        purging.receive(desk.word(done))
        clock.now_ms += REMEMBER_MS

        purging.purge(b"n" * 16, "minor", WHO)

        assert [each.request_id for each in purging.erasures.orders()] == [b"n" * 16]
    assert desk.notices == [ORDER_GIVEN_UP]
    (event,) = (each for each in desk.place.events() if each.kind is Kind.CANCEL)
    assert event.case == pseudonym(old)
    assert event.details == {"what": "order to erase", "reason": "the matcher never answered"}


def test_an_order_is_not_given_up_where_that_cannot_be_noted(desk: Desk, clock: Clock) -> None:
    kept = erasures(desk)
    kept.add(b"o" * 16, "minor", WHO)
    clock.now_ms += REMEMBER_MS

    def full(_: Order) -> None:
        raise AuditError("the card is full")

    kept.giving_up = full
    with pytest.raises(AuditError):
        kept.add(b"n" * 16, "minor", WHO)

    assert [each.request_id for each in erasures(desk).orders()] == [b"o" * 16]


def test_what_is_deleted_is_reported_so_also_where_that_cannot_be_kept(desk: Desk) -> None:
    with desk.open() as purging:
        request_id = answered(purging.store)
        moved = desk.folder / "moved"
        genuine = purging.audit

        class Unplugged:
            """The audit log, after which the card takes no order any more."""

            def note_signed(self, event: Event) -> None:
                genuine.note_signed(event)
                desk.orders.rename(moved)

        purging.audit = cast("AuditLog", Unplugged())
        order = purging.purge(request_id, "minor", WHO)

        assert order.here
        assert purging.store.answers(9) == []
        assert (desk.gone, desk.offered) == ([request_id], [request_id])
        assert purging.envelope(request_id) is not None
    moved.rename(desk.orders)  # over the empty one
    with desk.open() as purging:
        purging.resume()  # what the card does not know is done again
        assert [each.request_id for each in purging.pending()] == [request_id]


def test_a_card_that_takes_nothing_takes_no_order(desk: Desk) -> None:
    kept = Erasures(desk.folder / "nowhere" / "orders", DEVICE, desk.now)
    with pytest.raises(StoreError, match="cannot be kept"):
        kept.add(b"n" * 16, "minor", WHO)
    assert kept.orders() == ()
