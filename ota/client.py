"""The update client: finds the release for this device, and fetches it. Unprivileged.

It believes a source nothing: the metadata is verified by metadata.py, the index by the metadata,
each chunk by the index. What it has of a download is in the folder `download`:

    found.json       the newest index that was signed for this hardware
    index.json       the index of the download that is going on, or is complete
    journal          which of its chunks are in the slot
    replaced.json, abandoned.json   what lay in the slot before: chunks are taken from there too
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from tuf.api.metadata import TargetFile

from greenline.ota import durable
from greenline.ota.chunk_table import decode
from greenline.ota.download import Download, Progress
from greenline.ota.errors import RefusedError
from greenline.ota.floors import FloorsFile
from greenline.ota.index import MOST_INDEX_BYTES, Index, target_path
from greenline.ota.journal import Journal
from greenline.ota.metadata import MetadataClient, is_target, read_target
from greenline.ota.pace import Monotonic
from greenline.ota.place import SlotContent, SlotReader, SlotWriter
from greenline.ota.plan import Holdings, Plan
from greenline.ota.policy import Device, judge
from greenline.ota.reasons import Reason
from greenline.ota.slots import Slot
from greenline.ota.source import Source
from greenline.ota.trusted import Trusted

OpenSlot = Callable[[bytes], contextlib.AbstractContextManager[SlotWriter]]
"""Opens the slot that does not run for the release of an index, as Installer.writing() does."""


def _by_path(slot: Slot) -> SlotContent:
    return SlotContent(slot.place)


@dataclass(frozen=True)
class Slots:
    """The two slots. open_other: opens `other` for writing; look: opens one for reading."""

    running: Slot
    other: Slot
    open_other: OpenSlot
    look: Callable[[Slot], contextlib.AbstractContextManager[SlotReader]] = _by_path


@dataclass(frozen=True)
class Found:
    """A release that is signed for this hardware. data: the index's bytes as signed."""

    index: Index
    data: bytes


class Client:
    """The client of one device. Not safe to share between processes: hold the updaters' lock."""

    def __init__(
        self,
        state: Path,
        metadata: MetadataClient,
        floors: FloorsFile,
        device: Device,
        clock: Monotonic,
    ) -> None:
        """state: the folder of all that is kept."""
        self._folder: Final = state / "download"
        self._metadata: Final = metadata
        self._floors: Final = floors
        self._device: Final = device
        self._clock: Final = clock

    def check(self, source: Source, running: Slot) -> Found | None:
        """Ask for the newest release. Returns None when it runs already.

        Raises RefusedError when it is not for this device now, LostError, CardError.
        """
        return self.find(self._metadata.refresh(source), source, running)

    def refresh(self, source: Source) -> Trusted:
        """Ask for the newest metadata alone. Raises RefusedError, LostError, CardError."""
        return self._metadata.refresh(source)

    def find(self, trusted: Trusted, source: Source, running: Slot) -> Found | None:
        """Find the release in metadata; else as check()."""
        info = self._signed(trusted)
        data = self._kept(info, running) or self._fetched(info, source)
        found = Found(decode(data), data)
        if _runs(running, found.index):
            return None
        self._judge(found.index)
        return found

    def pending(self) -> bytes | None:
        """Return the index of the download that is going on or complete. Raises CardError."""
        return durable.read(self._folder / "index.json", MOST_INDEX_BYTES)

    def plan(self, found: Found, slots: Slots) -> Plan:
        """Return how much would be fetched for a release. Raises CardError."""
        with self._holdings(found, slots) as holdings:
            return holdings.plan()

    def fetch(
        self, found: Found, source: Source, slots: Slots, told: Callable[[Progress], None]
    ) -> None:
        """Fill the other slot with a release. Raises LostError, RefusedError, CardError."""
        self._begin(found, slots)
        name = sha256(found.data + slots.other.name.encode()).digest()
        journal = Journal(self._folder / "journal", name, len(found.index.chunks))
        with (
            self._holdings(found, slots) as holdings,
            slots.open_other(found.data) as slot,
            journal,
        ):
            Download(found.index, journal, holdings, slot, self._clock, told).run(source)

    def _begin(self, found: Found, slots: Slots) -> None:
        """Keep what is known of the slot's content, since it is about to be overwritten."""
        if (whole := durable.read(slots.other.index, MOST_INDEX_BYTES)) is not None:
            durable.replace_file(self._folder / "replaced.json", whole)
        underway = self.pending()
        if underway == found.data:
            return
        if underway is not None:
            durable.replace_file(self._folder / "abandoned.json", underway)
        durable.replace_file(self._folder / "index.json", found.data)

    @contextlib.contextmanager
    def _holdings(self, found: Found, slots: Slots) -> Iterator[Holdings]:
        """Say what lies on the card; the slots stay open for reading meanwhile."""
        holdings = Holdings(found.index)
        with slots.look(slots.running) as running, slots.look(slots.other) as other:
            before = _index(slots.other.index) or _index(self._folder / "replaced.json")
            partly = _index(self._folder / "abandoned.json")
            for place, index in (
                (running, _index(slots.running.index)),
                (other, before),
                (other, partly),
            ):
                if index is not None:
                    holdings.add(place, index)
            del before, partly, index  # of a large image they take megabytes
            yield holdings

    def _signed(self, trusted: Trusted) -> TargetFile:
        info = trusted.target(target_path(self._device.hardware))
        if info is None:
            words = f"the release officers have signed no release for {self._device.hardware}"
            raise RefusedError(Reason.NO_RELEASE, words)
        return info

    def _kept(self, info: TargetFile, running: Slot) -> bytes | None:
        """Return the index from the card, when it is there."""
        for path in (self._folder / "found.json", running.index):
            if (data := _reads(path, info)) is not None:
                return data
        return None

    def _fetched(self, info: TargetFile, source: Source) -> bytes:
        data = read_target(source, info, MOST_INDEX_BYTES)
        durable.replace_file(self._folder / "found.json", data)
        return data

    def _judge(self, index: Index) -> None:
        judge(index, self._device, self._floors.read(), self._metadata.now())


def running_version(slot: Slot, floors: FloorsFile) -> int:
    """Return the security version of what runs: by its index, at least the floor."""
    index = _index(slot.index)
    return max(index.security_version if index else 0, floors.read().security_version)


def _runs(running: Slot, index: Index) -> bool:
    """Tell whether a release runs already; its rollout may have been widened since."""
    known = _index(running.index)
    return known is not None and (
        (known.release, known.image, known.security_version, known.data_floor)
        == (index.release, index.image, index.security_version, index.data_floor)
    )


def _reads(path: Path, info: TargetFile) -> bytes | None:
    """Return a file when it is the target; None else."""
    data = durable.read(path, MOST_INDEX_BYTES)
    return data if data is not None and is_target(data, info) else None


def _index(path: Path) -> Index | None:
    """Return an index from the card; None when it is damaged: then nothing is taken from there."""
    data = durable.read(path, MOST_INDEX_BYTES)
    if data is None:
        return None
    with contextlib.suppress(RefusedError):
        return decode(data)
    return None
