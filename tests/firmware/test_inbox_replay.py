"""Answers that come again, out of order or by other keys: what counts, and what changes nothing."""

from dataclasses import replace

import pytest

from greenline.firmware.inbox import Inbox, Received
from greenline.firmware.store import Store
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.messages import Outcome, Result, encode_result
from tests.firmware.conftest import KIOSK, Clock, Parties, result

SECOND = b"s" * 16


def answer(
    parties: Parties,
    request_id: bytes,
    what: Result,
    created_ms: int,
    signer: SigningKey | None = None,
    opener: OpeningKey | None = None,
) -> bytes:
    header = Header(EnvelopeKind.RESULT, Lane.NORMAL, request_id, KIOSK, created_ms, created_ms + 9)
    sealed_to = (opener or parties.kiosk_opener).public
    return seal(header, encode_result(what), sealed_to, signer or parties.matcher_signer).to_bytes()


def test_of_two_provisional_answers_the_later_made_counts_in_whatever_order_they_come(
    inbox: Inbox, waiting: bytes, parties: Parties
) -> None:
    older = answer(parties, waiting, result(Outcome.INCOMPLETE), 10)
    newer = answer(parties, waiting, result(Outcome.INCOMPLETE), 20)

    assert inbox.receive(newer) is not None
    assert inbox.receive(older) is None
    assert inbox.receive(newer) is not None
    assert inbox.refused == {"older than one before": 1}
    assert inbox.forged() == 0


def test_a_final_answer_counts_whatever_the_matchers_clock_did(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    inbox.receive(answer(parties, waiting, result(Outcome.INCOMPLETE), 5_000))

    received = inbox.receive(answer(parties, waiting, result(Outcome.NONE), 10))

    assert received == Received(waiting, result(Outcome.NONE), True)
    assert store.pending() == []


def test_after_a_final_answer_no_earlier_one_comes_back(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    provisional = answer(parties, waiting, result(Outcome.INCOMPLETE), 10)
    inbox.receive(provisional)
    inbox.receive(answer(parties, waiting, result(Outcome.CANDIDATES), 20))
    before = store.answers(10)

    assert inbox.receive(provisional) is None
    assert inbox.receive(answer(parties, waiting, result(Outcome.NONE), 30)) is None

    assert store.answers(10) == before
    assert inbox.refused == {"repeated or expired": 2}


def test_an_answer_that_was_deleted_here_does_not_come_back(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    data = answer(parties, waiting, result(Outcome.CANDIDATES), 10)
    inbox.receive(data)
    clock.now_ms += 1_000
    assert store.expire().answers == (waiting,)

    assert inbox.receive(data) is None
    assert store.answers(10) == []


def test_an_answer_to_a_request_that_has_expired_here_is_not_taken(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    clock.now_ms += 20_000
    assert [each.request_id for each in store.expire().requests] == [waiting]

    assert inbox.receive(answer(parties, waiting, result(Outcome.NONE), 10)) is None
    assert store.answers(10) == []


@pytest.mark.parametrize("kind", [kind for kind in EnvelopeKind if kind != EnvelopeKind.RESULT])
def test_what_the_matcher_signed_as_something_else_is_no_answer(
    inbox: Inbox, waiting: bytes, parties: Parties, kind: EnvelopeKind
) -> None:
    assert inbox.receive(parties.answer(waiting, kind=kind)) is None
    assert inbox.forged() == 1


def test_forgeries_are_counted_and_repeats_are_not(
    inbox: Inbox, waiting: bytes, parties: Parties
) -> None:
    genuine = parties.answer(waiting)
    for data in (
        parties.answer(waiting, signer=SigningKey.generate()),
        parties.answer(waiting, kiosk="kiosk-02"),
        genuine[:-1] + bytes([genuine[-1] ^ 1]),
        b"none",
        genuine,
        genuine,
    ):
        inbox.receive(data)

    assert inbox.forged() == 4


def rotated(parties: Parties, until_ms: int) -> tuple[Identity, SigningKey]:
    """Return the matcher after it replaced its keys, and its new signing key."""
    signer = SigningKey.generate()
    new = Identity("matcher-01", signer.public, OpeningKey.generate().public)
    return new.succeeding(parties.matcher, until_ms), signer


def test_a_kiosk_takes_answers_by_the_matchers_old_key_until_its_day_and_by_the_new_one(
    store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    matcher, new = rotated(parties, until_ms=1_000)
    inbox = Inbox(KIOSK, parties.kiosk_opener, matcher, store, clock, answer_lifetime_ms=50)
    provisional = result(Outcome.INCOMPLETE)

    assert inbox.receive(answer(parties, waiting, provisional, 10)) is not None
    assert inbox.receive(answer(parties, waiting, provisional, 20, signer=new)) is not None
    clock.now_ms = 1_000
    assert inbox.receive(answer(parties, waiting, result(), 30)) is None
    assert inbox.refused == {"WrongKeyError": 1}
    assert inbox.receive(answer(parties, waiting, result(), 40, signer=new)) is not None


def test_the_old_key_cannot_be_used_under_the_name_of_the_new_one(
    store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    matcher, new = rotated(parties, until_ms=0)
    inbox = Inbox(KIOSK, parties.kiosk_opener, matcher, store, clock, answer_lifetime_ms=50)
    thief = replace(parties, matcher_signer=parties.matcher_signer)
    data = bytearray(answer(thief, waiting, result(), 10))
    data[72:80] = new.public.id

    assert inbox.receive(bytes(data)) is None
    assert inbox.refused == {"ForgedError": 1}


def test_a_kiosk_that_replaced_its_own_key_opens_answers_to_the_old_one(
    store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    new = OpeningKey.generate()
    after = Inbox(KIOSK, new, parties.matcher, store, clock, 50, earlier=[parties.kiosk_opener])
    without = Inbox(KIOSK, new, parties.matcher, store, clock, 50)
    to_the_old = answer(parties, waiting, result(Outcome.INCOMPLETE), 10)

    assert without.receive(to_the_old) is None
    assert without.refused == {"WrongKeyError": 1}
    assert after.receive(to_the_old) is not None
    assert after.receive(answer(parties, waiting, result(), 20, opener=new)) is not None
