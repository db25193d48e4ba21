"""Keys and envelopes of one kiosk and one matcher."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenline.firmware.inbox import Inbox
from greenline.firmware.status_leaving import StatusLeaving
from greenline.firmware.store import Pending, Store
from greenline.firmware.store_bounds import USUAL, Bounds
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.kiosk_status import KioskStatus
from greenline.protocol.messages import (
    Candidate,
    Outcome,
    Result,
    SearchedList,
    encode_result,
)
from tests.firmware.stores import open_store

KIOSK = "kiosk-01"


def result(outcome: Outcome = Outcome.NONE) -> Result:
    complete = outcome in {Outcome.NONE, Outcome.CANDIDATES}
    return Result(
        outcome=outcome,
        candidates=(Candidate("entry-1", "watch", 9.0, 2),)
        if outcome is Outcome.CANDIDATES
        else (),
        searched=(SearchedList("watch", 3, 1),) if complete else (),
        coverage=1.0 if complete else 0.5,
        threshold=4.0,
        search_ms=1.0,
        answered_ms=5,
        software="test",
    )


@dataclass(frozen=True)
class Parties:
    """The keys of both sides."""

    kiosk_opener: OpeningKey
    matcher_signer: SigningKey
    matcher_opener: OpeningKey

    @property
    def matcher(self) -> Identity:
        return Identity("matcher-01", self.matcher_signer.public, self.matcher_opener.public)

    def answer(
        self,
        request_id: bytes,
        *,
        what: Result | None = None,
        kiosk: str = KIOSK,
        signer: SigningKey | None = None,
        kind: EnvelopeKind = EnvelopeKind.RESULT,
    ) -> bytes:
        header = Header(kind, Lane.PERSON_WAITING, request_id, kiosk, 1, 2)
        body = encode_result(what or result())
        sealed = seal(header, body, self.kiosk_opener.public, signer or self.matcher_signer)
        return sealed.to_bytes()


@pytest.fixture(scope="session")
def parties() -> Parties:
    return Parties(OpeningKey.generate(), SigningKey.generate(), OpeningKey.generate())


class Clock:
    """Unix milliseconds that the test moves, and just as much running time."""

    def __init__(self) -> None:
        self.now_ms = 100

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bounds() -> Bounds:
    return USUAL


@pytest.fixture
def store(tmp_path: Path, clock: Clock, bounds: Bounds) -> Iterator[Store]:
    with contextlib.closing(open_store(tmp_path / "kiosk.store", clock, bounds=bounds)) as opened:
        yield opened


@pytest.fixture
def waiting(store: Store) -> bytes:
    """The id of a request that waits in the store."""
    request_id = b"w" * 16
    store.add_request(Pending(request_id, 0, 1, 10_000), b"sealed")
    return request_id


@pytest.fixture
def inbox(store: Store, parties: Parties) -> Inbox:
    return Inbox(
        KIOSK, parties.kiosk_opener, parties.matcher, store, lambda: 100, answer_lifetime_ms=50
    )


@pytest.fixture
def status(parties: Parties, clock: Clock) -> StatusLeaving:
    """What tells how the kiosk is: due from the start."""
    told = KioskStatus("test", 1, clock_trusted=True, pending=0, oldest_ms=0, refused=0)
    return StatusLeaving(
        KIOSK, SigningKey.generate(), parties.matcher, lambda: told, clock, lambda: False,
        lambda: clock.now_ms / 1000,
    )  # fmt: skip
