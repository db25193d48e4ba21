"""Devices for the tests of installer and boot: both kinds of boot control behind one face."""

import datetime
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from greenline.ota.autoboot import Autoboot
from greenline.ota.boot_record import BootRecords
from greenline.ota.directories import DirectoryControl
from greenline.ota.directories import lay_out as lay_out_folders
from greenline.ota.floors import Floors, FloorsFile
from greenline.ota.history import History
from greenline.ota.index import Chunk, Image, Index, decode, encode
from greenline.ota.installer import Installer
from greenline.ota.simulated_pi import ImageSector, SimulatedPi
from greenline.ota.slots import BootControl, Slot
from greenline.ota.starting import Course, Keeping, started
from greenline.ota.trial import Clocks, Outcome, Patience, watch
from greenline.ota.tryboot import TrybootControl

A, B = 2, 3
_CHUNK_BYTES = 4096


class Machine(Protocol):
    """What can be done to a device from outside. Each returns nothing: ask its boot control."""

    def power_on(self) -> object: ...
    def reboot(self) -> object: ...
    def reset(self) -> object: ...


class Launcher:
    """A device whose application alone has two slots: every start is the launcher's."""

    def __init__(self, control: DirectoryControl) -> None:
        self.power_on = self.reboot = self.reset = control.start


@dataclass(frozen=True)
class Behaviour:
    """What a release does when it is started."""

    comes_up: bool = True
    sensor: str = "ok"
    store: str = "ok"
    page: str = "ok"
    clock: str = "sane"
    says_health: bool = True


WELL = Behaviour()


@dataclass(frozen=True)
class Release:
    """An image whose first sector says how it will behave, and its index."""

    index: Index
    image: bytes

    @property
    def signed(self) -> bytes:
        return encode(self.index)


def make_release(
    release: str = "1",
    behaviour: Behaviour = WELL,
    *,
    security_version: int = 0,
    data_floor: int = 0,
    chunks: int = 4,
    image: bytes = b"",
) -> Release:
    """Return a release. Its image begins with a boot sector, as a slot of a Pi does."""
    told = json.dumps({"release": release, **behaviour.__dict__}).encode()
    head = told.ljust(510, b"\0") + b"\x55\xaa"
    image = image or head + bytes(
        hashlib.sha256(f"{release} {at}".encode()).digest()[0]
        for at in range(chunks * _CHUNK_BYTES - 100 - len(head))
    )
    cut = [image[at : at + _CHUNK_BYTES] for at in range(0, len(image), _CHUNK_BYTES)]
    index = Index(
        release=release,
        security_version=security_version,
        hardware=["simulated"],
        bootloader_not_before=None,
        from_release_security_at_least=0,
        data_floor=data_floor,
        image=Image(len(image), hashlib.sha256(image).hexdigest()),
        chunks=[Chunk(hashlib.sha256(part).hexdigest(), len(part), len(part)) for part in cut],
        rollout_permille=1000,
        deadline=None,
    )
    return Release(index, image)


@dataclass
class Device:
    """A device with its machine. now_s: the simulated monotonic clock."""

    folder: Path
    machine: Machine
    boot: BootControl
    now_s: float = 1000.0
    raised: list[tuple[int, int]] = field(default_factory=list)
    health_file: Path = Path()
    sensor_absent: bool = False

    def __post_init__(self) -> None:
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        self.health_file = self.folder / "health.json"
        self.floors = FloorsFile(state)
        self.keeping = Keeping(
            self.boot,
            BootRecords(state),
            History(state / "history.jsonl"),
            self._raise,
        )
        self.busy = self.folder / "busy"
        self.installer = self._installer()

    def _raise(self, security: int, data: int) -> None:
        self.raised.append((security, data))
        self.floors.raise_to(Floors(security_version=security, data=data))

    def _installer(self) -> Installer:
        return Installer(self.keeping, decode, self.busy, lambda: self.sensor_absent)

    def place_factory_release(self, release: Release) -> None:
        """Put a release into slot a, as a factory does, and start the device."""
        self.machine.power_on()
        slot = self.boot.running()
        slot.place.write_bytes(release.image)
        slot.index.write_bytes(release.signed)
        self.machine.power_on()
        self.run()

    def install(self, release: Release, *, again: bool = False) -> None:
        """Write a release into the other slot and have it tried; the restart is the caller's."""
        write_release(self.installer, release, again=again)
        self.installer.begin_trial(release.signed, lambda: None)

    def update(self, release: Release, **options: bool) -> Outcome | None:
        """Install, restart, and let the device run until it has settled."""
        self.install(release, **options)
        self.machine.reboot()
        return self.run()

    def run(self, *, most_starts: int = 20) -> Outcome | None:
        """Do what a started device does until nothing restarts it any more."""
        outcome = None
        for _ in range(most_starts):
            behaviour = self.behaviour()
            if not behaviour.comes_up:
                self.machine.reset()  # the watchdog
                continue
            course = started(self.keeping)
            if course is Course.RESTART:
                self.machine.reboot()
                continue
            outcome = self.watched(behaviour) or outcome
            if outcome is Outcome.GIVEN_UP and self.boot.is_trial():
                self.machine.reboot()
                continue
            return outcome
        raise AssertionError("the device does not come to rest")

    def watched(self, behaviour: Behaviour) -> Outcome | None:
        """Watch this start, with a kiosk that behaves as its release does."""
        start_id = self.boot.start_id()

        def sleep(seconds: float) -> None:
            self.now_s += seconds
            if behaviour.says_health:
                self.health_file.write_bytes(self.health(behaviour, start_id))

        patience = Patience(deadline_s=60, settle_s=5, look_s=1)
        clocks = Clocks(lambda: self.now_s, lambda: 1_800_000_000.0, sleep)
        return watch(self.keeping, self.health_file, patience, clocks)

    def health(self, behaviour: Behaviour, start_id: str) -> bytes:
        """Return a health file as the kiosk writes it."""
        told = {
            "format": 1,
            "boot": start_id,
            "monotonic_ms": int(self.now_s * 1000),
            "sensor": behaviour.sensor,
            "store": behaviour.store,
            "page": behaviour.page,
            "clock": behaviour.clock,
            "software": "1",
        }
        return json.dumps(told).encode()

    def behaviour(self) -> Behaviour:
        """Return how the release that runs behaves."""
        told = json.loads(self._head(self.boot.running()))
        told.pop("release")
        return Behaviour(**told)

    def release(self) -> str:
        """Return the release that runs."""
        return str(json.loads(self._head(self.boot.running()))["release"])

    def _head(self, slot: Slot) -> bytes:
        return slot.place.read_bytes()[:510].rstrip(b"\0")


def write_release(installer: Installer, release: Release, *, again: bool = False) -> None:
    """Write all chunks of a release, and have it read back."""
    with installer.writing(release.signed, again=again) as slot:
        at = 0
        for chunk in release.index.chunks:
            slot.write(at, release.image[at : at + chunk.size])
            at += chunk.size
    installer.finish(release.signed, again=again)


def make_selector(
    path: Path, autoboot: bytes | None = None, kind: str = "32", size: int = 40 << 20
) -> None:
    """Make a real FAT file system with autoboot.txt. Skips the test where the tools are missing."""
    for tool in ("mkfs.fat", "mcopy"):
        if shutil.which(tool, path="/usr/bin:/usr/sbin:/bin:/sbin") is None:
            pytest.skip(f"{tool} is missing: apt install dosfstools mtools")
    with path.open("wb") as file:
        file.truncate(size)
    make = ["/usr/sbin/mkfs.fat", "-F", kind, "-s", "1", str(path)]
    subprocess.run(make, check=True, capture_output=True)
    text = Autoboot(A, B).encode() if autoboot is None else autoboot
    source = path.with_suffix(".txt")
    source.write_bytes(text)
    copy = ["mcopy", "-i", str(path), str(source), "::autoboot.txt"]
    subprocess.run(copy, check=True, capture_output=True)


def pi_device(folder: Path, bootloader: datetime.date = datetime.date(2026, 2, 23)) -> Device:
    """Return a simulated Pi, not started yet; the folder may have its card already."""
    selector = folder / "selector.img"
    if not selector.exists():
        make_selector(selector)
    slots = {
        number: Slot(name, folder / f"{name}.img", folder / f"{name}.json")
        for number, name in ((A, "a"), (B, "b"))
    }
    partitions = {number: slot.place for number, slot in slots.items()}
    pi = SimulatedPi(selector, partitions, folder / "root", bootloader)
    if not slots[A].place.exists():
        slots[A].place.write_bytes(make_release("0").image)
        slots[B].place.touch()
    control = TrybootControl(ImageSector(selector), slots, folder / "root")
    return Device(folder, pi, control)


def folder_device(folder: Path) -> Device:
    """Return a device whose application alone has slots, not started yet."""
    control = lay_out_folders(folder / "slots")
    return Device(folder, Launcher(control), control)


DEVICES: dict[str, Callable[[Path], Device]] = {"tryboot": pi_device, "folders": folder_device}
