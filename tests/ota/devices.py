"""A device with two slots in files, on which the real client runs; the clocks are the test's."""

import contextlib
import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

from greenline.ota.admission import Admission
from greenline.ota.client import Client, Found, Slots, running_version
from greenline.ota.download import Progress
from greenline.ota.durable import remove
from greenline.ota.floors import Floors, FloorsFile
from greenline.ota.floors import encode as encode_floors
from greenline.ota.index import Index, decode, encode
from greenline.ota.metadata import MetadataClient
from greenline.ota.policy import Device
from greenline.ota.slot_file import SlotFile
from greenline.ota.slots import Slot
from greenline.ota.source import Source
from tests.ota.repository import HARDWARE, NOW, Repository


class Unit:
    """One device. Each call runs a client that knows only what is on the card."""

    def __init__(self, folder: Path, repository: Repository, baked: Floors | None = None) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.bootstrap = repository.first_root
        self.baked = baked
        self.now = NOW
        self.name = "kiosk-01"
        self.bootloader: datetime.date | None = None
        self.slots = [
            Slot(name, folder / name / "image", folder / name / "index.json") for name in "ab"
        ]
        for slot in self.slots:
            slot.place.parent.mkdir(parents=True, exist_ok=True)

    @property
    def floors(self) -> FloorsFile:
        return FloorsFile(self.state, encode_floors(self.baked) if self.baked else None)

    @property
    def metadata(self) -> MetadataClient:
        return MetadataClient(self.state, self.bootstrap, self.floors, lambda: self.now)

    @property
    def client(self) -> Client:
        version = running_version(self.slots[0], self.floors)
        device = Device(self.name, HARDWARE, version, self.bootloader)
        return Client(self.state, self.metadata, self.floors, device, lambda: 0.0)

    @property
    def admission(self) -> Admission:
        """What the privileged side believes, in a folder of its own."""
        records = self.folder / "records"
        floors = FloorsFile(records, encode_floors(self.baked) if self.baked else None)
        metadata = MetadataClient(records, self.bootstrap, floors, lambda: self.now)
        version = running_version(self.slots[0], floors)
        return Admission(metadata, floors, Device(self.name, HARDWARE, version, self.bootloader))

    def run(self, parts: Iterable[bytes], index: Index, slot: int = 0) -> None:
        """Let a release lie in a slot."""
        self.slots[slot].place.write_bytes(b"".join(parts))
        self.slots[slot].index.write_bytes(encode(index))

    def check(self, source: Source) -> Found | None:
        return self.client.check(source, self.slots[0])

    def fetch(self, source: Source) -> Progress | None:
        """Check and fetch; returns the last progress."""
        found = self.check(source)
        told: list[Progress] = []
        if found is not None:
            self.client.fetch(found, source, self.places(), told.append)
        return told[-1] if told else None

    def places(self) -> Slots:
        return Slots(self.slots[0], self.slots[1], self._open)

    def image(self) -> bytes:
        """What lies in the slot that does not run."""
        return self.slots[1].place.read_bytes() if self.slots[1].place.exists() else b""

    @contextlib.contextmanager
    def _open(self, data: bytes) -> Iterator[SlotFile]:
        remove(self.slots[1].index)
        with SlotFile(self.slots[1].place, decode(data)) as file:
            yield file
