"""What an answer says of the time: the inbox tells when it was asked for, if in this run."""

import contextlib
from pathlib import Path

from greenline.firmware.inbox import Inbox
from greenline.firmware.store import Pending, Store
from greenline.protocol.messages import Outcome
from tests.firmware.conftest import KIOSK, Clock, Parties, result
from tests.firmware.stores import open_store

SIGNED_MS = 1


def heard(store: Store, parties: Parties, answer: bytes) -> list[tuple[int, int | None]]:
    """What the clock is told when this answer arrives: when signed, when asked for."""
    told: list[tuple[int, int | None]] = []
    Inbox(
        KIOSK, parties.kiosk_opener, parties.matcher, store, lambda: 100, 50,
        vouched=lambda signed_ms, asked_ms: told.append((signed_ms, asked_ms)),
    ).receive(answer)  # fmt: skip
    return told


def test_an_answer_is_told_with_the_running_time_of_its_request(
    store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    clock.now_ms += 30

    first = heard(store, parties, parties.answer(waiting, what=result(Outcome.INCOMPLETE)))
    final = heard(store, parties, parties.answer(waiting))
    again = heard(store, parties, parties.answer(waiting))

    assert first == final == [(SIGNED_MS, 100)]
    assert again == [(SIGNED_MS, None)]


def test_of_a_request_of_an_earlier_run_nobody_knows_when_it_was_made(
    tmp_path: Path, parties: Parties
) -> None:
    path = tmp_path / "kiosk.store"
    with contextlib.closing(open_store(path)) as before:
        before.add_request(Pending(b"w" * 16, 0, 1, 10_000), b"sealed")

    with contextlib.closing(open_store(path)) as store:
        told = heard(store, parties, parties.answer(b"w" * 16))

    assert told == [(SIGNED_MS, None)]


def test_a_request_that_has_expired_is_forgotten(
    store: Store, waiting: bytes, parties: Parties, clock: Clock
) -> None:
    clock.now_ms += 10_000
    store.expire()

    assert heard(store, parties, parties.answer(waiting)) == [(SIGNED_MS, None)]
