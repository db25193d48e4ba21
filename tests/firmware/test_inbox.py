"""The inbox: only the matcher's own answer to a waiting request changes anything."""

import pytest

from greenline.firmware.inbox import Inbox, Received
from greenline.firmware.store import Answer, Store
from greenline.protocol.envelope import EnvelopeKind
from greenline.protocol.keys import SigningKey
from greenline.protocol.messages import Outcome, encode_result
from tests.firmware.conftest import Parties, result


def unchanged(store: Store, waiting: bytes) -> bool:
    return store.answers(10) == [] and [p.request_id for p in store.pending()] == [waiting]


def test_an_answer_is_committed_and_its_request_leaves(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    data = parties.answer(waiting, what=result(Outcome.CANDIDATES))

    assert inbox.receive(data) == Received(waiting, result(Outcome.CANDIDATES), True)
    body = encode_result(result(Outcome.CANDIDATES))
    assert store.answers(10) == [Answer(waiting, 1, 100, 150, True, body)]
    assert store.pending() == []


def test_an_incomplete_search_keeps_its_request(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    received = inbox.receive(parties.answer(waiting, what=result(Outcome.INCOMPLETE)))

    assert received == Received(waiting, result(Outcome.INCOMPLETE), False)
    assert [p.request_id for p in store.pending()] == [waiting]


def test_a_repeated_answer_is_taken_once(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    data = parties.answer(waiting)
    inbox.receive(data)

    assert inbox.receive(data) is None
    assert len(store.answers(10)) == 1


def test_a_none_forged_by_a_rogue_broker_changes_nothing(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    forged = parties.answer(waiting, signer=SigningKey.generate())

    assert inbox.receive(forged) is None
    assert unchanged(store, waiting)
    assert inbox.refused == {"WrongKeyError": 1}


def test_an_old_answer_under_a_new_request_id_changes_nothing(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    old = parties.answer(b"o" * 16)
    replayed = old[:8] + waiting + old[24:]

    assert inbox.receive(replayed) is None
    assert unchanged(store, waiting)
    assert inbox.refused == {"ForgedError": 1}


def test_another_kiosks_answer_changes_nothing(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    assert inbox.receive(parties.answer(waiting, kiosk="kiosk-02")) is None
    assert unchanged(store, waiting)


def test_a_request_sent_to_a_kiosk_changes_nothing(
    inbox: Inbox, store: Store, waiting: bytes, parties: Parties
) -> None:
    assert inbox.receive(parties.answer(waiting, kind=EnvelopeKind.REQUEST)) is None
    assert unchanged(store, waiting)


@pytest.mark.parametrize("noise", [b"", b"GLN1", b"<html>captive portal</html>", b"\0" * 500])
def test_noise_changes_nothing(inbox: Inbox, store: Store, waiting: bytes, noise: bytes) -> None:
    assert inbox.receive(noise) is None
    assert unchanged(store, waiting)
    assert inbox.refused == {"MalformedError": 1}


def test_an_answer_nobody_waits_for_is_not_kept(
    inbox: Inbox, store: Store, parties: Parties
) -> None:
    assert inbox.receive(parties.answer(b"u" * 16)) is None
    assert store.answers(10) == []
