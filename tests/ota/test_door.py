"""The door between the client and the side that owns the slots: real sockets, a real other user."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.ota.client import Slots
from greenline.ota.door import Inside
from greenline.ota.door_calling import NoInstallerError, Outside
from greenline.ota.door_serving import MOST_CONVERSATIONS, Doorkeeper
from greenline.ota.door_words import (
    BrokenDoorError,
    Close,
    Done,
    Flush,
    Prove,
    Read,
    Write,
    hear_answer,
    send,
)
from greenline.ota.errors import CardError, OtaError, RefusedError
from greenline.ota.files import SignedFiles
from greenline.ota.index import MOST_CHUNK_BYTES, encode
from greenline.ota.installer import Installer
from greenline.ota.lock import while_idle
from greenline.ota.reasons import Reason
from greenline.ota.slot_file import DamagedSlotError
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.machines import folder_device, make_release
from tests.ota.repository import Repository, index_of, pieces

PARTS = pieces(1, 8)
IMAGE = b"".join(PARTS)
NOBODY = 65534
_STRANGER = """
import socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])
line.sendall(b"\\0\\0\\0\\x07\\x81\\xa4type")
print(line.recv(100))
"""


class Device:
    """A device whose client is on this side of a door, and its installer on the other."""

    def __init__(self, folder: Path, repository: Repository) -> None:
        self.repository = repository
        self.unit = Unit(folder / "unit", repository)
        inner = folder_device(folder)
        inner.place_factory_release(make_release("0"))
        self.keeping = inner.keeping
        running, other = inner.boot.running(), inner.boot.other()
        self.unit.slots = [running, other]
        self.busy = folder / "busy"
        self.path = folder / "door"
        admission = self.unit.admission
        installer = Installer(self.keeping, admission.admit, self.busy, lambda: False)
        slots = {slot.name: slot for slot in self.unit.slots}
        files = SignedFiles(folder / "records/files", ("centre/",))
        lock = folder / "records/update.lock"
        self.inside = Inside(installer, admission, slots, lock, files)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.path))
        self.listening.listen()
        self.path.chmod(0o777)
        self.may_enter = {os.getuid()}
        self.keeper = Doorkeeper(self.inside, self.may_enter.__contains__)
        self.serving = threading.Thread(target=self.keeper.serve, args=(self.listening,))
        self.serving.start()

    def end(self) -> None:
        self.keeper.stop()
        self.serving.join()
        self.listening.close()

    def fetch(self) -> None:
        """Fetch as the command does, through the door."""
        unit, door = self.unit, Outside(self.path)
        source = FolderSource(self.repository.folder)
        found = unit.check(source)
        assert found is not None
        slots = Slots(*unit.slots, lambda index: door.open(unit.metadata.files(), index), door.look)
        unit.client.fetch(found, source, slots, lambda _: None)

    def image(self) -> bytes:
        return self.unit.slots[1].place.read_bytes()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    # A socket's path has few characters.
    with tempfile.TemporaryDirectory() as short:
        made = Device(Path(short), Repository(tmp_path / "published"))
        Path(short).chmod(0o755)
        yield made
        made.end()


def opened(device: Device) -> tuple[Outside, dict[str, bytes], bytes]:
    """A door, and what a client brings for a release."""
    index = encode(device.repository.release(PARTS, "1.0"))
    device.unit.metadata.refresh(FolderSource(device.repository.folder))
    return Outside(device.path), device.unit.metadata.files(), index


def free(inside: Inside) -> bool:
    with inside.alone():
        return True


def answers(door: Outside) -> bool:
    door.wait_for_nobody()
    return True


def until(works: Callable[[], bool]) -> None:
    """Wait until the other end has noticed that somebody has gone."""
    waiting = threading.Event()
    for _ in range(500):
        with contextlib.suppress(OtaError):
            assert works()
            return
        waiting.wait(0.01)
    raise AssertionError("nobody is let in any more")


def test_a_release_is_fetched_through_it_and_ready(device: Device) -> None:
    index = device.repository.release(PARTS, "1.0")
    device.fetch()
    assert device.image() == IMAGE
    assert device.inside.installer.installed(index)
    assert [entry.what for entry in device.keeping.history.entries()] == ["installed"]


def test_a_ready_one_stays_ready_when_it_is_fetched_again(device: Device) -> None:
    index = device.repository.release(PARTS, "1.0")
    device.fetch()
    device.fetch()
    assert device.inside.installer.installed(index)
    assert [entry.what for entry in device.keeping.history.entries()] == ["installed"]


def test_a_ready_one_that_rots_is_mended(device: Device) -> None:
    index = device.repository.release(PARTS, "1.0")
    device.fetch()
    place = device.unit.slots[1].place
    place.write_bytes(b"rot" + IMAGE[3:])
    device.fetch()
    assert device.image() == IMAGE
    assert device.inside.installer.installed(index)


def test_what_the_slots_hold_is_seen_through_it(device: Device) -> None:
    """Chunks that lie in a slot are not fetched: they are read as the other user."""
    device.unit.run(PARTS, index_of(PARTS, "0.9"))
    device.repository.release([*PARTS, b"more"], "1.0")
    for chunk in (device.repository.folder / "chunks").rglob("*.zst"):
        if len(chunk.read_bytes()) > 100:
            chunk.unlink()
    device.fetch()
    assert device.image() == IMAGE + b"more"


def test_the_wrong_bytes_are_not_written(device: Device) -> None:
    door, files, index = opened(device)
    with door.open(files, index) as slot, pytest.raises(RefusedError) as caught:
        slot.write(0, PARTS[1])
    assert caught.value.code == Reason.BROKEN_CHUNK


def test_an_index_that_is_not_signed_opens_nothing(device: Device) -> None:
    door, files, index = opened(device)
    for brought in ((files, index.replace(b"1.0", b"1.1")), ({}, index)):
        with pytest.raises(RefusedError), door.open(*brought):
            pass
    assert not device.unit.slots[1].place.exists()
    assert not device.inside.installer.installed(index_of(PARTS, "1.0"))


def test_damage_is_told_with_its_chunks(device: Device) -> None:
    door, files, index = opened(device)
    with door.open(files, index) as slot:
        at = 0
        for part in PARTS[:-1]:
            slot.write(at, part)
            at += len(part)
        slot.flush()
        with pytest.raises(DamagedSlotError) as caught:
            slot.prove()
        assert slot.read(0, len(PARTS[0])) == PARTS[0]
    assert [offset for offset, _ in caught.value.chunks] == [at]
    assert not device.inside.installer.installed(index_of(PARTS, "1.0"))


def test_two_do_not_write_at_once(device: Device) -> None:
    door, files, index = opened(device)
    with (
        door.open(files, index),
        pytest.raises(RefusedError) as caught,
        Outside(device.path).open(files, index),
    ):
        pass
    assert caught.value.code == Reason.LOCKED


def test_a_client_that_dies_lets_go(device: Device) -> None:
    door, files, index = opened(device)
    opening = door.open(files, index)
    opening.__enter__().write(0, PARTS[0])
    died = ConnectionError("the line is cut")
    assert not opening.__exit__(ConnectionError, died, None)
    until(lambda: free(device.inside))
    with door.open(files, index) as slot:
        assert slot.read(0, len(PARTS[0])) == PARTS[0]


def test_a_check_defers_it(device: Device) -> None:
    door, files, index = opened(device)
    door.wait_for_nobody()
    with while_idle(device.busy):
        for asks in (door.wait_for_nobody, lambda: door.open(files, index).__enter__()):
            with pytest.raises(RefusedError) as caught:
                asks()
            assert caught.value.code == Reason.BUSY


def test_a_failing_card_is_told_as_such(device: Device) -> None:
    door, files, index = opened(device)
    place = device.unit.slots[1].place
    place.unlink(missing_ok=True)
    place.mkdir()
    with pytest.raises(CardError, match="image"), door.open(files, index):
        pass


def test_it_ends_when_nobody_comes(device: Device) -> None:
    device.end()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{device.path}-2")
        listening.listen()
        idle = Doorkeeper(device.inside, lambda _: True)
        idle.serve(listening, idle_s=0.01)
    device.listening = socket.socket(socket.AF_UNIX)


def test_without_an_installer_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoInstallerError, match="systemctl status greenline-update-door"):
        Outside(tmp_path / "door").wait_for_nobody()


def test_a_stranger_is_not_listened_to(device: Device) -> None:
    device.may_enter.clear()
    with pytest.raises(OtaError):
        Outside(device.path).wait_for_nobody()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_who_connects_is_asked_of_the_kernel(device: Device) -> None:
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    done = subprocess.run(
        [python, "-I", "-c", _STRANGER, str(device.path)],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    # Sent away before a word of it was read: nothing comes, or the line is cut.
    assert "b''" in done.stdout or "reset" in done.stderr or "Broken pipe" in done.stderr
    device.may_enter.add(NOBODY)
    Outside(device.path).wait_for_nobody()


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\x04\xc1\xc1\xc1\xc1",
        b"\0\0\0\x02\x80",
        b"\0\0",
        b"\0\0\0\x0b\x81\xa4type\xa4Open",
        b"\0\0\0\0",
    ],
)
def test_nonsense_ends_a_conversation_and_nothing_else(device: Device, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(device.path))
        line.sendall(said)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(100) == b""
    Outside(device.path).wait_for_nobody()


@pytest.mark.parametrize(
    "question", [Write(0, b"a"), Flush(), Prove(), Close(), Read("c", 0, 1), Read("", 0, 1)]
)
def test_what_is_not_open_cannot_be_asked_for(
    device: Device, question: Write | Flush | Prove | Close | Read
) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(device.path))
        send(line, question)
        with pytest.raises(BrokenDoorError):
            hear_answer(line)
    Outside(device.path).wait_for_nobody()


def test_no_more_is_read_than_a_chunk(device: Device) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(device.path))
        send(line, Read("a", 0, MOST_CHUNK_BYTES))
        assert isinstance(hear_answer(line), Done)
        send(line, Read("a", 0, MOST_CHUNK_BYTES + 1))
        with pytest.raises(BrokenDoorError):
            hear_answer(line)


def test_a_crowd_is_turned_away_until_somebody_goes(device: Device) -> None:
    crowd = []
    for _ in range(MOST_CONVERSATIONS):
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(device.path))
        send(line, Read("a", 0, 1))
        assert isinstance(hear_answer(line), Done)
        crowd.append(line)
    with pytest.raises(NoInstallerError):
        Outside(device.path).wait_for_nobody()
    for line in crowd:
        line.close()
    until(lambda: answers(Outside(device.path)))


def with_files(device: Device, **files: bytes) -> tuple[Outside, dict[str, bytes]]:
    """Sign files below centre/; a door, and the client's metadata."""
    for name, data in files.items():
        device.repository.add_target(f"centre/{name}", data)
    device.repository.publish()
    device.unit.metadata.refresh(FolderSource(device.repository.folder))
    return Outside(device.path), device.unit.metadata.files()


def kept_files(device: Device) -> dict[str, bytes]:
    folder = device.path.parent / "records/files"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_signed_files_are_kept_where_only_the_installer_writes(device: Device) -> None:
    door, metadata = with_files(device, matcher=b"its keys", operators=b"who works here")
    assert door.lacking(metadata) == ["centre/matcher", "centre/operators"]
    door.lay("centre/matcher", b"its keys")
    assert door.lacking(metadata) == ["centre/operators"]
    assert kept_files(device) == {"matcher": b"its keys"}


def test_a_file_that_is_signed_no_more_goes(device: Device) -> None:
    door, metadata = with_files(device, matcher=b"its keys")
    door.lacking(metadata)
    door.lay("centre/matcher", b"its keys")
    del device.repository.targets.targets["centre/matcher"]
    door, metadata = with_files(device)
    assert door.lacking(metadata) == []
    assert kept_files(device) == {}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("centre/matcher", b"keys of somebody else"),
        ("centre/stranger", b"its keys"),
        ("../records/boot-record-a", b"its keys"),
        ("configuration/kiosk-02/kiosk.toml", b"its keys"),
        ("release/rpi4.json", b"its keys"),
    ],
)
def test_a_file_that_is_not_signed_is_not_kept(device: Device, name: str, data: bytes) -> None:
    device.repository.add_target("configuration/kiosk-02/kiosk.toml", b"its keys")
    door, metadata = with_files(device, matcher=b"its keys")
    door.lacking(metadata)
    with pytest.raises(RefusedError) as refused:
        door.lay(name, data)
    assert refused.value.code == Reason.BAD_SIGNATURE
    assert kept_files(device) == {}


def test_without_metadata_of_its_own_it_keeps_no_file(device: Device) -> None:
    door, _ = with_files(device, matcher=b"its keys")
    with pytest.raises(RefusedError):
        door.lay("centre/matcher", b"its keys")
    assert kept_files(device) == {}


def test_files_of_older_metadata_are_not_taken(device: Device) -> None:
    door, older = with_files(device, matcher=b"stolen keys")
    _, newer = with_files(device, matcher=b"its keys")
    door.lacking(newer)
    with pytest.raises(RefusedError) as refused:
        door.lacking(older)
    assert refused.value.code == Reason.ROLLBACK
    with pytest.raises(RefusedError):
        door.lay("centre/matcher", b"stolen keys")
