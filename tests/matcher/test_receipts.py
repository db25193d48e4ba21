"""Receipts, on a clock of the test's own: when one leaves, when none does, and in what order."""

from dataclasses import dataclass, field

import pytest

from greenline.link.connection import NotConnectedError
from greenline.matcher.answering import Answering
from greenline.matcher.receipts import Receipts
from greenline.matcher.sealing import Sealing
from greenline.matcher.tally import Tally
from greenline.protocol.envelope import Envelope, EnvelopeKind, Lane
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity
from greenline.protocol.receipt import RequestReceipt, decode_receipt
from tests.matcher.asking import NOW_MS, Clock, Kiosk, MatcherKeys, finger, id_of, request_body
from tests.matcher.serving import accepted

AFTER_S = 1.0
WINDOW = 16


@dataclass
class World:
    """The receipts of a matcher, its link and its time."""

    receipts: Receipts = field(init=False)
    seconds: float = 100.0
    answers_wait: bool = False
    connected: bool = True
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    def publish(self, kiosk: str, envelope: bytes) -> None:
        if not self.connected:
            raise NotConnectedError
        self.sent.append((kiosk, envelope))

    def ids(self) -> list[bytes]:
        return [id_of(envelope) for _, envelope in self.sent]

    def after(self, seconds: float) -> list[bytes]:
        """Let time pass, and look once; return the ids of which receipts were sent so far."""
        self.seconds += seconds
        self.receipts.step()
        return self.ids()

    def all_settled(self) -> None:
        for _ in self.sent:
            self.receipts.settle()


@pytest.fixture(scope="module")
def others() -> list[Kiosk]:
    """Kiosks that are enrolled too; none of these tests opens an answer to them."""
    matcher = MatcherKeys()
    identity = Identity("matcher-01", matcher.signer.public, matcher.opener.public)
    return [Kiosk(f"kiosk-{number:02}", identity) for number in range(2, 8)]


@pytest.fixture
def known(kiosk: Kiosk, others: list[Kiosk]) -> dict[str, Identity]:
    return {each.name: each.identity for each in (kiosk, *others)}


@pytest.fixture
def world(answering: Answering, known: dict[str, Identity], now_ms: Clock) -> World:
    world = World()
    world.receipts = Receipts(
        Sealing(known, answering.generations),
        world.publish,
        lambda: world.answers_wait,
        world.tally,
        now_ms,
        lambda: world.seconds,
        AFTER_S,
    )
    world.receipts.link_up(WINDOW)
    return world


def request(kiosk: Kiosk, lane: Lane = Lane.PERSON_WAITING, created_ms: int = NOW_MS) -> bytes:
    return kiosk.seal(request_body(finger(1)), lane=lane, created_ms=created_ms)


def test_a_request_that_takes_long_gets_one_receipt_that_its_kiosk_can_check(
    world: World, kiosk: Kiosk, now_ms: Clock
) -> None:
    asked = request(kiosk, Lane.NORMAL)
    world.receipts.expect(accepted(asked))
    now_ms.now_ms += 70

    assert world.after(AFTER_S - 0.1) == []
    assert world.after(0.1) == [id_of(asked)]
    assert world.after(100) == [id_of(asked)]

    ((name, sent),) = world.sent
    envelope = Envelope.from_bytes(sent)
    header = envelope.header
    envelope.verify(kiosk.matcher.verify)
    assert decode_receipt(envelope.open(kiosk.opener)) == RequestReceipt(NOW_MS)
    assert (name, header.kind, header.kiosk) == (kiosk.name, EnvelopeKind.RECEIPT, kiosk.name)
    assert (header.lane, header.created_ms, header.clock_doubtful) == (
        Lane.NORMAL, NOW_MS + 70, False,
    )  # fmt: skip
    assert world.tally.words()["requests"] == "receipts sent 1"


def test_what_is_answered_in_time_gets_none(world: World, kiosk: Kiosk) -> None:
    asked = request(kiosk)
    world.receipts.expect(accepted(asked))
    world.seconds += AFTER_S - 0.1

    world.receipts.forget(id_of(asked))

    assert world.after(10) == []


def test_what_comes_again_gets_one_at_once(world: World, kiosk: Kiosk) -> None:
    """So of a matcher that was restarted: it has the request from before."""
    asked = request(kiosk)

    world.receipts.repeat(accepted(asked))

    assert world.after(0) == [id_of(asked)]


def test_each_delivery_gets_one_but_not_more_often_than_every_so_often(
    world: World, kiosk: Kiosk
) -> None:
    asked = request(kiosk)
    for _ in range(50):
        world.receipts.repeat(accepted(asked))
    assert world.after(0) == [id_of(asked)]
    world.all_settled()

    world.receipts.repeat(accepted(asked))
    assert world.after(AFTER_S - 0.1) == [id_of(asked)]
    assert world.after(0.1) == [id_of(asked)] * 2

    world.all_settled()
    world.seconds += 15
    world.receipts.repeat(accepted(asked))
    assert world.after(0) == [id_of(asked)] * 3


def test_no_receipt_leaves_while_an_answer_waits_for_the_link(world: World, kiosk: Kiosk) -> None:
    asked = request(kiosk)
    world.receipts.expect(accepted(asked))

    world.answers_wait = True
    assert world.after(10) == []

    world.answers_wait = False
    assert world.after(0) == [id_of(asked)]


@pytest.mark.parametrize(("window", "places"), [(1, 0), (2, 1), (3, 1), (4, 2), (16, 2), (500, 2)])
def test_receipts_take_few_places_of_the_window(
    world: World, others: list[Kiosk], window: int, places: int
) -> None:
    world.receipts.link_up(window)
    for each in others:
        world.receipts.expect(accepted(request(each), each.name))

    assert [len(world.after(AFTER_S)) for _ in range(3)] == [places] * 3

    world.all_settled()
    assert len(world.after(0)) == 2 * places


def test_what_finds_no_link_is_sent_later(world: World, kiosk: Kiosk) -> None:
    asked = request(kiosk)
    world.receipts.expect(accepted(asked))
    world.connected = False
    assert world.after(AFTER_S) == []

    world.connected = True
    assert world.after(AFTER_S) == [id_of(asked)]


def test_without_a_link_nothing_is_sent_and_on_the_next_one_what_is_still_true(
    world: World, kiosk: Kiosk
) -> None:
    first, second = request(kiosk), request(kiosk)
    for each in (first, second):
        world.receipts.expect(accepted(each))
    world.receipts.link_down()
    assert world.after(10) == []

    world.receipts.forget(id_of(first))
    world.receipts.link_up(WINDOW)

    assert world.after(0) == [id_of(second)]


def test_a_new_link_has_its_whole_room_and_no_more(world: World, others: list[Kiosk]) -> None:
    for each in others:
        world.receipts.expect(accepted(request(each), each.name))
    assert len(world.after(AFTER_S)) == 2

    world.receipts.link_down()
    world.receipts.link_up(WINDOW)

    world.all_settled()  # late, and of the link before
    assert len(world.after(0)) == 4
    assert len(world.after(AFTER_S)) == 4


def test_persons_who_wait_come_first_and_a_loud_kiosk_keeps_out_nobody(
    world: World, kiosk: Kiosk, others: list[Kiosk]
) -> None:
    quiet = others[0]
    background = request(kiosk, Lane.BACKGROUND, NOW_MS - 100)
    loud = [request(kiosk, created_ms=NOW_MS - 50 + at) for at in range(20)]
    asked = request(quiet)
    for each in (background, *loud):
        world.receipts.repeat(accepted(each))
    world.receipts.repeat(accepted(asked, quiet.name))

    assert world.after(0) == [id_of(loud[0]), id_of(asked)]

    for sent in range(3, 23):
        world.all_settled()
        assert len(world.after(0.5)) == sent
    assert world.ids()[-1] == id_of(background)


def test_a_kiosk_gets_two_a_second_at_most_and_keeps_nobody_waiting(
    world: World, kiosk: Kiosk, others: list[Kiosk]
) -> None:
    """On a slow line they would queue up before its answers."""
    mine = [request(kiosk, created_ms=NOW_MS + at) for at in range(200)]
    for each in mine:
        world.receipts.expect(accepted(each))
    assert world.after(AFTER_S) == [id_of(mine[0])]
    world.all_settled()
    assert world.after(0.4) == [id_of(mine[0])]

    asked = request(others[0], Lane.BACKGROUND)
    world.receipts.repeat(accepted(asked, others[0].name))
    for _ in range(4):
        world.receipts.step()  # passes over those of the first, some at a time

    assert world.ids() == [id_of(mine[0]), id_of(asked)]
    world.all_settled()
    assert world.after(0.1) == [id_of(mine[0]), id_of(asked), id_of(mine[1])]


def test_a_kiosk_that_was_removed_gets_none_and_holds_up_none(world: World, kiosk: Kiosk) -> None:
    gone = Kiosk("kiosk-99", kiosk.matcher)
    world.receipts.repeat(accepted(request(gone, created_ms=NOW_MS - 1), gone.name))
    asked = request(kiosk)
    world.receipts.repeat(accepted(asked))

    assert world.after(0) == [id_of(asked)]


def test_a_receipt_is_no_answer_to_who_reads_answers(world: World, kiosk: Kiosk) -> None:
    world.receipts.repeat(accepted(request(kiosk)))
    world.receipts.step()
    ((_, sent),) = world.sent

    with pytest.raises(AssertionError):
        kiosk.open(sent)
    with pytest.raises(ProtocolError):
        Envelope.from_bytes(sent[:4] + bytes([EnvelopeKind.RESULT]) + sent[5:]).verify(
            kiosk.matcher.verify
        )
