"""The kiosk's status leaves by the clock alone, as it is at that moment, and for the matcher."""

from dataclasses import dataclass, field

import pytest

from greenline.firmware.board import Board, DeviceName
from greenline.firmware.status_leaving import EVERY_S, StatusLeaving, status_of
from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.keys import SigningKey
from greenline.protocol.kiosk_status import KioskStatus, decode_status
from tests.firmware.conftest import KIOSK, Parties


@dataclass
class Kiosk:
    """What a test changes of a kiosk."""

    pending: int = 0
    seconds: float = 1_000.0
    doubtful: bool = False
    signer: SigningKey = field(default_factory=SigningKey.generate)

    def tell(self) -> KioskStatus:
        return KioskStatus(
            "test", 5, clock_trusted=not self.doubtful, pending=self.pending, oldest_ms=0, refused=0
        )


@pytest.fixture
def kiosk() -> Kiosk:
    return Kiosk()


@pytest.fixture
def leaving(kiosk: Kiosk, parties: Parties) -> StatusLeaving:
    return StatusLeaving(
        KIOSK, kiosk.signer, parties.matcher, kiosk.tell, lambda: 9_000, lambda: kiosk.doubtful,
        lambda: kiosk.seconds,
    )  # fmt: skip


def offered(leaving: StatusLeaving) -> tuple[bytes, bytes]:
    (pending,) = leaving.pending()
    envelope = leaving.envelope(pending.request_id)
    assert envelope is not None
    return pending.request_id, envelope


def test_the_matcher_and_nobody_else_reads_what_is_true_when_it_is_offered(
    leaving: StatusLeaving, kiosk: Kiosk, parties: Parties
) -> None:
    leaving.pending()
    kiosk.pending = 7

    _, data = offered(leaving)

    envelope = Envelope.from_bytes(data)
    envelope.verify(kiosk.signer.public)
    header = envelope.header
    assert (header.kind, header.kiosk, header.created_ms) == (
        EnvelopeKind.KIOSK_STATUS, KIOSK, 9_000,
    )  # fmt: skip
    assert decode_status(envelope.open(parties.matcher_opener)) == kiosk.tell()
    assert not header.clock_doubtful


def test_one_leaves_at_once_and_the_next_after_its_time_whatever_happens_in_between(
    leaving: StatusLeaving, kiosk: Kiosk
) -> None:
    name, _ = offered(leaving)
    assert leaving.published(name)
    for kiosk.pending in range(1, 20):
        kiosk.seconds += (EVERY_S - 1) / 20
        assert leaving.pending() == []
        assert leaving.envelope(name) is None

    kiosk.seconds += EVERY_S / 5

    assert offered(leaving)[0] == name


def test_what_no_broker_took_is_offered_again(leaving: StatusLeaving) -> None:
    first, _ = offered(leaving)

    assert offered(leaving)[0] == first


def test_others_are_left_alone(leaving: StatusLeaving) -> None:
    assert leaving.envelope(b"r" * 16) is None
    assert not leaving.published(b"r" * 16)


def test_all_have_one_length_and_say_so_when_the_clock_is_doubtful(
    leaving: StatusLeaving, kiosk: Kiosk
) -> None:
    _, quiet = offered(leaving)
    kiosk.pending, kiosk.doubtful = 2_000_000, True
    _, busy = offered(leaving)

    assert len(quiet) == len(busy)
    assert Envelope.from_bytes(busy).header.clock_doubtful


def test_the_boards_state_becomes_a_status() -> None:
    board = Board(KIOSK, 20)
    board.show_device(DeviceName.SENSOR, missing="unplugged")
    board.show_refused(3)

    found = status_of(board.state(), "test", 2.5, 100, clock_trusted=True)

    assert found == KioskStatus(
        "test", 2_500, clock_trusted=True, pending=0, oldest_ms=0, refused=3, faults=("E21", "E51")
    )
