"""A case is deleted before its time: here, provably, and at the matcher, whatever comes between."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

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
            erasures = Erasures(self.folder / "kiosk.store-erasures", DEVICE, self.now)
            yield Purging(
                erasures, store, log, side, self.gone.append,
                lambda pending: self.offered.append(pending.request_id),
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


def test_orders_that_somebody_changed_on_the_card_are_given_up(desk: Desk) -> None:
    erasures(desk).add(b"n" * 16, "minor", WHO)
    path = desk.folder / "orders"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)

    assert erasures(desk).orders() == ()


def test_a_card_that_takes_nothing_takes_no_order(desk: Desk) -> None:
    kept = Erasures(desk.folder / "nowhere" / "orders", DEVICE, desk.now)
    with pytest.raises(StoreError, match="cannot be kept"):
        kept.add(b"n" * 16, "minor", WHO)
    assert kept.orders() == ()
