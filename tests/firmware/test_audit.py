"""The kiosk's audit log: durable before it returns, and never silent about what happened to it."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greenline.firmware.audit import Sizes
from greenline.firmware.errors import AuditError, AuditFullError, StoreFullError
from greenline.protocol.audit import CHECKPOINT_MS, Checkpoint, Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import HEAD_BYTES
from greenline.protocol.audit_verify import Walk
from tests.firmware.audit_logs import COLLECTED, OWNER, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "audit")


def only_segment(place: Place) -> Path:
    (path,) = place.segments().values()
    return path


def links(place: Place) -> list[object]:
    return [record.link for record in Walk(None).segment("", only_segment(place).read_bytes())]


def test_what_was_noted_is_read_back_in_order_and_signed_at_the_end(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    log.note(Event(Kind.CONSULT, "officer-7", details={"outcome": "none"}), COLLECTED)
    log.close()

    walk = place.walk()

    assert (walk.fault, walk.entries, walk.signed_to) == (None, 4, 4)
    assert [event.kind for event in place.events()] == [Kind.COLLECT, Kind.CONSULT, Kind.COLLECT]
    assert place.events()[0] == COLLECTED


def test_a_chain_goes_on_after_a_restart_and_nothing_is_repaired(place: Place) -> None:
    for _ in range(3):
        log = place.open()
        log.note(COLLECTED)
        log.close()

    walk = place.walk()

    assert (walk.fault, walk.entries) == (None, 6)
    assert place.told() == []


def test_every_thirty_second_entry_is_followed_by_a_signature(place: Place) -> None:
    log = place.open()
    for _ in range(70):
        log.note(COLLECTED)

    signed = [link.number for link in links(place) if isinstance(link, Checkpoint)]

    assert signed == [33, 66]


def test_after_ten_minutes_what_is_not_signed_gets_a_signature(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    place.clocks.pass_ms(CHECKPOINT_MS - 1)
    log.tend()
    assert len(links(place)) == 1
    place.clocks.pass_ms(1)

    log.tend()
    log.tend()

    assert (len(links(place)), place.walk().fault) == (2, None)


def test_what_an_earlier_run_left_unsigned_is_signed_soon(place: Place) -> None:
    place.open().note(COLLECTED)

    place.open().tend()

    assert place.walk().fault is None


def test_segments_follow_each_other_and_each_ends_with_a_signature(place: Place) -> None:
    place.sizes = Sizes(entries=4, segment_bytes=2_000)
    log = place.open()
    for _ in range(40):
        log.note(COLLECTED)
    log.close()

    assert len(place.segments()) == 5
    assert place.walk().fault is None
    for path in list(place.segments().values())[:-1]:
        records = list(Walk(None).segment("", path.read_bytes()))
        assert isinstance(records[-1].link, Checkpoint)


def test_a_clock_that_was_set_is_told_before_the_next_event(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    place.clocks.pass_ms(1_000)
    place.clocks.wall_ms -= 3_600_000
    log.note(COLLECTED)
    place.clocks.pass_ms(5_000)
    log.note(COLLECTED)

    assert [event.kind for event in place.events()] == [
        Kind.COLLECT, Kind.CLOCK, Kind.COLLECT, Kind.COLLECT,
    ]  # fmt: skip
    details = place.events()[1].details
    assert details["before_ms"] - details["after_ms"] == 3_600_000  # type: ignore[operator]  # both are


def test_a_full_disk_refuses_and_leaves_the_log_whole_and_usable(place: Place) -> None:
    log = place.open()
    log.note(COLLECTED)
    before = only_segment(place).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in range(0, 200, 20):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
        try:
            with pytest.raises(AuditFullError, match="disk is full") as refused:
                log.note(COLLECTED)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert isinstance(refused.value, StoreFullError)
        assert only_segment(place).read_bytes() == before

    log.note(COLLECTED)
    log.close()

    walk = place.walk()
    assert (walk.fault, walk.entries, place.told()) == (None, 3, [])


def test_a_log_that_ended_before_its_first_entry_has_lost_nothing(place: Place) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, hard))  # room for all but the entries
    try:
        with pytest.raises(AuditFullError):
            place.open().note(*[COLLECTED] * 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert only_segment(place).stat().st_size == HEAD_BYTES

    place.open().note(COLLECTED)

    assert place.events() == [COLLECTED]


def test_a_folder_that_cannot_be_made_stops_no_start_but_every_event(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = Place(tmp_path / "file" / "audit")
    log = place.open()

    with pytest.raises(AuditError, match="nothing was done"):
        log.note(COLLECTED)
    (tmp_path / "file").unlink()
    log.note(COLLECTED)

    assert place.events() == [COLLECTED]


APPENDER = """
import sys
from pathlib import Path
from greenline.protocol.keys import SigningKey
from tests.firmware.audit_logs import COLLECTED, Place

place = Place(Path(sys.argv[1]), SigningKey.from_pem(Path(sys.argv[2]).read_bytes()))
log = place.open()
while True:
    log.note(COLLECTED)
    print(log.end.number, flush=True)
"""


def test_a_killed_kiosk_loses_nothing_that_was_noted(tmp_path: Path, place: Place) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(place.signer.to_pem())
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", APPENDER, place.folder, pem],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
        )
        assert child.stdout is not None
        for _ in range(40):
            told = child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        told = (child.stdout.read().splitlines() or [told])[-1]
        child.wait(timeout=20)
        child.stdout.close()

        # Nothing is repaired but, perhaps, the one entry that was being written.
        log = place.open()
        assert log.end.number >= int(told)
        log.close()
        assert place.walk().fault is None
    assert set(place.told()) <= {"a torn end was cut off"}


def test_the_log_belongs_to_its_owner_alone(place: Place) -> None:
    previous = os.umask(0)
    try:
        log = place.open()
        log.note(COLLECTED)
        log.close()
    finally:
        os.umask(previous)

    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in place.folder.iterdir()} == {0o600}
    assert OWNER.encode() in only_segment(place).read_bytes()[:HEAD_BYTES]
