"""What will stop the kiosk in days is told in time: by the clock as it is believed."""

import datetime
import threading
from pathlib import Path

import pytest

from greenline.centre.certificates import CertificateAuthority
from greenline.firmware.board import Board
from greenline.firmware.status import display_state
from greenline.firmware.upkeep import Upkeep
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.wording import (
    CERTIFICATE_ENDED,
    CERTIFICATE_ENDS,
    MATCHER_HAS_NEW_KEYS,
    SHORT_NOTICES,
)

NOW = datetime.datetime(2027, 1, 15, tzinfo=datetime.UTC)
DAY_MS = 24 * 3600 * 1000


def identity() -> Identity:
    return Identity("matcher-01", SigningKey.generate().public, OpeningKey.generate().public)


class World:
    """A kiosk's two files, its board, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "uplink.pem"
        self.matcher = folder / "matcher.json"
        self.loaded = identity()
        self.board = Board("kiosk-07", 20)
        self.day = 0.0
        made = CertificateAuthority.create("root", NOW).issue_client("kiosk-07", NOW, days=90)
        self.certificate.write_bytes(made.key_pem + made.certificate_pem)
        self.matcher.write_bytes(self.loaded.to_json())

    def upkeep(self, *, known: bool = True) -> Upkeep:
        return Upkeep(
            self.board, self.certificate if known else None, self.matcher, self.loaded, self.now_ms
        )

    def now_ms(self) -> int:
        return int(NOW.timestamp() * 1000 + self.day * DAY_MS)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_certificate_is_told_of_from_14_days_before_its_end(world: World) -> None:
    upkeep, told = world.upkeep(), {}
    for world.day in (0, 75.9, 76.1, 89.9, 90, 200):
        upkeep.look()
        told[world.day] = world.board.state().notices

    ends, ended = (CERTIFICATE_ENDS,), (CERTIFICATE_ENDED,)
    assert told == {0: (), 75.9: (), 76.1: ends, 89.9: ends, 90: ended, 200: ended}


def test_a_renewed_certificate_is_told_of_no_more(world: World) -> None:
    upkeep, world.day = world.upkeep(), 80
    upkeep.look()
    assert world.board.state().notices == (CERTIFICATE_ENDS,)
    later = NOW + datetime.timedelta(days=80)
    made = CertificateAuthority.create("root", later).issue_client("kiosk-07", later, days=90)
    world.certificate.write_bytes(made.key_pem + made.certificate_pem)

    upkeep.look()

    assert world.board.state().notices == ()


def test_a_matchers_new_keys_are_told_of_until_the_restart(world: World) -> None:
    world.matcher.write_bytes(identity().succeeding(world.loaded, 1).to_json())

    world.upkeep().look()

    assert world.board.state().notices == (MATCHER_HAS_NEW_KEYS,)


@pytest.mark.parametrize("junk", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_files_that_cannot_be_read_are_for_others_to_tell(world: World, junk: bytes) -> None:
    world.certificate.write_bytes(junk)
    world.matcher.write_bytes(junk)

    world.upkeep().look()
    world.certificate.unlink()
    world.matcher.unlink()
    world.upkeep().look()

    assert world.board.state().notices == ()


def test_a_kiosk_that_does_not_know_its_certificate_says_nothing_of_it(world: World) -> None:
    world.day = 89

    world.upkeep(known=False).look()

    assert world.board.state().notices == ()


def test_the_status_display_has_room_for_each(world: World) -> None:
    world.day = 89
    world.upkeep().look()

    shown = display_state(world.board.state(), world.now_ms(), screen=True, clock_trusted=True)

    assert shown.notice == "certificate ends soon"
    assert [words for words in SHORT_NOTICES.values() if len(words) > 21] == []


def test_it_looks_when_it_is_started_and_ends_when_it_is_told_to(world: World) -> None:
    world.day = 89
    changed = threading.Event()
    world.board.listen(changed.set)
    upkeep = world.upkeep()

    upkeep.start()
    seen = changed.wait(timeout=10)
    upkeep.stop()

    assert (seen, world.board.state().notices) == (True, (CERTIFICATE_ENDS,))
    assert "upkeep" not in [thread.name for thread in threading.enumerate()]
