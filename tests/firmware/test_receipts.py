"""Receipts at the kiosk: only the matcher's own, for a waiting request, says anything."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.firmware.inbox import Inbox
from greenline.firmware.receipts import Receipts
from greenline.firmware.store import Store
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import OpeningKey, SigningKey
from greenline.protocol.messages import Outcome
from greenline.protocol.receipt import RequestReceipt, encode_receipt
from tests.firmware.conftest import KIOSK, Clock, Parties, result

SIGNED_MS = 20


@dataclass
class Told:
    """What the receipts have told the kiosk."""

    received: list[bytes] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def receipts(inbox: Inbox, told: Told) -> Receipts:
    return Receipts(inbox, told.received.append, told.refused.append)


def receipt(
    parties: Parties,
    request_id: bytes,
    *,
    created_ms: int = SIGNED_MS,
    kiosk: str = KIOSK,
    signer: SigningKey | None = None,
    opener: OpeningKey | None = None,
    kind: EnvelopeKind = EnvelopeKind.RECEIPT,
    body: bytes | None = None,
) -> bytes:
    header = Header(kind, Lane.PERSON_WAITING, request_id, kiosk, created_ms, created_ms + 1)
    if body is None:
        body = encode_receipt(RequestReceipt(created_ms))
    sealed_to = (opener or parties.kiosk_opener).public
    return seal(header, body, sealed_to, signer or parties.matcher_signer).to_bytes()


def test_a_receipt_is_told_and_the_request_stays(
    receipts: Receipts, told: Told, store: Store, waiting: bytes, parties: Parties
) -> None:
    receipts.arrived(receipt(parties, waiting))

    assert told == Told(received=[waiting])
    assert [each.request_id for each in store.pending()] == [waiting]
    assert store.envelope(waiting) == b"sealed"
    assert store.answers(10) == []


def test_nothing_of_a_receipt_reaches_the_disk(
    receipts: Receipts, store: Store, waiting: bytes, parties: Parties, tmp_path: Path
) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    before = files()
    receipts.arrived(receipt(parties, waiting))

    assert files() == before


def forgeries(parties: Parties, request_id: bytes) -> dict[str, bytes]:
    """Return what somebody can make or find who has no key of the matcher."""
    thief = SigningKey.generate()
    genuine = receipt(parties, b"o" * 16)
    claimed = bytearray(receipt(parties, request_id, signer=thief))
    claimed[72:80] = parties.matcher_signer.public.id
    flipped = bytearray(receipt(parties, request_id))
    flipped[-1] ^= 1
    return {
        "another key": receipt(parties, request_id, signer=thief),
        "another key under the matcher's name": bytes(claimed),
        "not signed": receipt(parties, request_id)[:-64] + bytes(64),
        "another request's under this one's id": genuine[:8] + request_id + genuine[24:],
        "another kiosk's": receipt(parties, request_id, kiosk="kiosk-02"),
        "a bit flipped": bytes(flipped),
        "sealed to somebody else": receipt(parties, request_id, opener=OpeningKey.generate()),
        "an answer that is called a receipt": parties.answer(request_id, kind=EnvelopeKind.RECEIPT),
        "a receipt of another kind": receipt(parties, request_id, kind=EnvelopeKind.AUDIT_RECEIPT),
        "noise": b"noise",
        "nothing": b"",
    }


FORGERIES = (
    "another key", "another key under the matcher's name", "not signed",
    "another request's under this one's id", "another kiosk's", "a bit flipped",
    "sealed to somebody else", "an answer that is called a receipt", "a receipt of another kind",
    "noise", "nothing",
)  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_one_changes_nothing_and_is_counted(
    receipts: Receipts, told: Told, inbox: Inbox, waiting: bytes, parties: Parties, name: str
) -> None:
    receipts.arrived(forgeries(parties, waiting)[name])

    assert told == Told(refused=[1])
    assert inbox.forged() == 1

    receipts.arrived(receipt(parties, waiting))
    assert told.received == [waiting]


def test_every_forgery_is_tried(parties: Parties) -> None:
    assert tuple(forgeries(parties, b"w" * 16)) == FORGERIES


def test_one_that_comes_again_or_out_of_order_is_counted_as_of_no_use(
    receipts: Receipts, told: Told, inbox: Inbox, waiting: bytes, parties: Parties
) -> None:
    older, newer = (receipt(parties, waiting, created_ms=at) for at in (20, 30))

    for each in (newer, older, newer):
        receipts.arrived(each)

    assert told == Told(received=[waiting], refused=[0, 0])
    assert inbox.refused == {"receipt of no use": 2}
    receipts.arrived(receipt(parties, waiting, created_ms=31))
    assert told.received == [waiting] * 2


def test_after_the_answer_a_receipt_says_nothing_any_more(
    receipts: Receipts, told: Told, inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    receipts.arrived(receipt(parties, waiting))
    assert inbox.receive(parties.answer(waiting)) is not None
    before = store.answers(10)

    for created_ms in (SIGNED_MS, 1000):
        receipts.arrived(receipt(parties, waiting, created_ms=created_ms))

    assert told == Told(received=[waiting], refused=[0, 0])
    assert store.answers(10) == before
    assert inbox.forged() == 0


def test_of_a_request_that_nobody_here_made_it_says_nothing(
    receipts: Receipts, told: Told, waiting: bytes, parties: Parties
) -> None:
    receipts.arrived(receipt(parties, b"u" * 16))

    assert told == Told(refused=[0])


def test_neither_is_taken_for_the_other(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    assert inbox.receive(receipt(parties, waiting)) is None
    assert inbox.receipt(parties.answer(waiting, what=result(Outcome.NONE))) is None

    assert [each.request_id for each in store.pending()] == [waiting]
    assert inbox.forged() == 2


def test_it_tells_the_time_as_an_answer_does(
    store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    heard: list[tuple[int, int | None]] = []
    inbox = Inbox(
        KIOSK, parties.kiosk_opener, parties.matcher, store, lambda: 100, 50,
        vouched=lambda signed_ms, asked_ms: heard.append((signed_ms, asked_ms)),
    )  # fmt: skip
    clock.now_ms += 30

    inbox.receipt(receipt(parties, waiting))
    inbox.receipt(receipt(parties, b"u" * 16, created_ms=40))
    inbox.receipt(receipt(parties, waiting, signer=SigningKey.generate(), created_ms=50))

    assert heard == [(SIGNED_MS, 100), (40, None)]
