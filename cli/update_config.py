"""The configuration of `greenline update`, and the parts that it names; docs/updates.md."""

import contextlib
import functools
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.cli.errors import CommandError
from greenline.ota.admission import Admission
from greenline.ota.boot_record import BootRecords
from greenline.ota.client import Client, Slots, running_version
from greenline.ota.directories import DirectoryControl
from greenline.ota.door import Door, Inside
from greenline.ota.door_calling import Outside
from greenline.ota.files import SignedFiles
from greenline.ota.floors import Floors, FloorsFile
from greenline.ota.history import History
from greenline.ota.https import HttpsSource, LinkTerms
from greenline.ota.index import Hardware
from greenline.ota.installer import Installer, as_it_is
from greenline.ota.metadata import MetadataClient
from greenline.ota.place import SlotWriter
from greenline.ota.policy import Device
from greenline.ota.sector_file import MountedSector
from greenline.ota.slots import BootControl, Slot
from greenline.ota.source import Source
from greenline.ota.starting import Keeping
from greenline.ota.status import StatusFile
from greenline.ota.trial import read_health
from greenline.ota.tryboot import TrybootControl
from greenline.ota.unpacking import unpack
from greenline.ota.usb import FolderSource

_STATE: Final = Path("/var/lib/greenline-update")
_RECORDS: Final = Path("/var/lib/greenline-boot")
_RUN: Final = Path("/run/greenline")

Name = Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,64}\Z")]

FileName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}\Z")]


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where releases are fetched. url: the folder with `metadata`; https.

    authority: PEM of who vouches for the server; None: the system's own list.
    deadline_h: hours that one run may take; it goes on in the next.
    """

    url: str
    authority: Path | None = None
    least_bytes_per_s: Annotated[float, Meta(ge=0)] = 50
    deadline_h: Annotated[float, Meta(gt=0)] = 6


class SlotConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One slot of a Raspberry Pi. partition: the number that autoboot.txt names.

    place: the block device that the image is written to.
    """

    name: Name
    partition: Annotated[int, Meta(ge=1, le=63)]
    place: Path


class TrybootConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="tryboot"):
    """A Raspberry Pi that starts by its own bootloader. autoboot: the mounted autoboot.txt."""

    autoboot: Path
    slots: Annotated[tuple[SlotConfig, ...], Meta(min_length=2, max_length=2)]


class DirectoryConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="directory"):
    """Two folders and a pointer, for the application alone."""

    folder: Path


class UpdateConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file. root, floors: what this image brings: root.json, and the lowest versions.

    files: how the names begin of signed files, besides releases, that this device wants; they are
    kept in `files` of records. device: this kiosk's own name. state: of the client; records: of the
    installer. busy, health: the kiosk's own files. door: the socket where the installer, which has
    the rights, lets the client in; None: the client has them itself. client: the client's user.
    """

    device: Name
    hardware: Hardware
    root: Path
    floors: Path | None = None
    state: Path = _STATE
    records: Path = _RECORDS
    busy: Path = _RUN / "busy.lock"
    health: Path = _RUN / "health.json"
    files: Annotated[tuple[FileName, ...], Meta(max_length=32)] = ()
    door: Path | None = None
    client: str = "greenline-update"
    boot: TrybootConfig | DirectoryConfig
    server: ServerConfig | None = None


@dataclass(frozen=True)
class Parts:
    """What the client's commands work with."""

    config: UpdateConfig
    boot: BootControl
    client: Client
    metadata: MetadataClient
    door: Door
    status: StatusFile
    files: SignedFiles

    def slots(self) -> Slots:
        """Return the two slots, seen through the door."""
        return Slots(self.boot.running(), self.boot.other(), self._open, self.door.look)

    @contextlib.contextmanager
    def source(self, folder: Path | None) -> Iterator[Source]:
        """Give the stick in a folder, or the server. Raises CommandError."""
        source = FolderSource(folder) if folder else _server(self.config.server)
        with contextlib.closing(source):
            yield source

    def _open(self, index: bytes) -> contextlib.AbstractContextManager[SlotWriter]:
        return self.door.open(self.metadata.files(), index)


def assemble(config: UpdateConfig) -> Parts:
    """Make the client's parts that a configuration names. Raises CommandError, OtaError."""
    boot = boot_of(config)
    floors = FloorsFile(config.state, _baked(config), (config.records,))
    metadata = MetadataClient(config.state, _read(config.root, "root"), floors)
    client = Client(config.state, metadata, floors, _device(config, boot, floors), time.monotonic)
    door = inside(config) if config.door is None else Outside(config.door)
    status = StatusFile(config.state / "status.json", time.time)
    files = SignedFiles(config.state / "files", config.files)
    return Parts(config, boot, client, metadata, door, status, files)


def inside(config: UpdateConfig) -> Inside:
    """Make the installer's parts: nothing of it reads the client's folder.

    Raises CommandError, OtaError.
    """
    boot = boot_of(config)
    floors = FloorsFile(config.records, _baked(config))
    metadata = MetadataClient(config.records, _read(config.root, "root"), floors)
    admission = Admission(metadata, floors, _device(config, boot, floors))
    no_sensor = functools.partial(_no_sensor, config.health)
    unpacked = unpack if isinstance(config.boot, DirectoryConfig) else as_it_is
    installer = Installer(
        keeping_of(config, boot), admission.admit, config.busy, no_sensor, unpacked
    )
    slots = {slot.name: slot for slot in (boot.running(), boot.other())}
    files = SignedFiles(config.records / "files", config.files)
    return Inside(installer, admission, slots, config.records / "update.lock", files)


def _device(config: UpdateConfig, boot: BootControl, floors: FloorsFile) -> Device:
    version = running_version(boot.running(), floors)
    return Device(config.device, config.hardware, version, boot.bootloader_date())


def _baked(config: UpdateConfig) -> bytes | None:
    return None if config.floors is None else _read(config.floors, "floors")


def keeping_of(config: UpdateConfig, boot: BootControl) -> Keeping:
    """Return what start and trial need: no metadata, so that they work whatever is broken there."""
    floors = FloorsFile(config.records)

    def raise_floors(security_version: int, data: int) -> None:
        floors.raise_to(Floors(security_version=security_version, data=data))

    history = History(config.records / "history.jsonl")
    return Keeping(boot, BootRecords(config.records), history, raise_floors)


def boot_of(config: UpdateConfig) -> BootControl:
    """Return what decides which slot starts."""
    if isinstance(config.boot, DirectoryConfig):
        return DirectoryControl(config.boot.folder)
    slots = {
        slot.partition: Slot(slot.name, slot.place, config.records / f"index-{slot.name}.json")
        for slot in config.boot.slots
    }
    return TrybootControl(MountedSector(config.boot.autoboot), slots)


def _server(server: ServerConfig | None) -> Source:
    if server is None:
        raise CommandError("the configuration names no server: use --from with a USB stick", 4)
    terms = LinkTerms(
        least_per_second=server.least_bytes_per_s, deadline_s=server.deadline_h * 3600
    )
    try:
        return HttpsSource(server.url, terms, time.monotonic, time.sleep, server.authority)
    except (ValueError, OSError, ssl.SSLError) as fault:
        raise CommandError(f"the update server cannot be used: {fault}", 4) from fault


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        words = f"this image's file '{what}' cannot be read: {path}: {fault.strerror}"
        raise CommandError(words, 4) from fault


def _no_sensor(health: Path) -> bool:
    known = read_health(health)
    return known is not None and known.sensor == "absent"
