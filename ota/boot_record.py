"""What the privileged side of the update knows of the two slots, in two copies with a checksum.

Only installer.py, starting.py, stopping.py and trial.py change it; the folder belongs to root. It
is not what the bootloader reads: that is BootControl's, and where both disagree the bootloader is
right. Unknown fields are passed over: a device that goes back reads what the newer release wrote.
"""

import contextlib
import enum
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.ota.durable import make_folder, on_card, replace_file, with_sum, without_sum
from greenline.ota.errors import OtaError
from greenline.ota.index import Index, Version
from greenline.ota.reasons import Reason
from greenline.ota.slots import Slot

MOST_RECORD_BYTES: Final = 1 << 16
_MOST_GIVEN_UP: Final = 16
_COPIES: Final = ("boot-a", "boot-b")
_LOCK: Final = "boot.lock"


class RecordChangedError(OtaError):
    """Two processes changed the record at once: the one that is told so reads it again."""


class SlotState(enum.StrEnum):
    """What is known of a slot's content."""

    EMPTY = "empty"
    DIRTY = "dirty"  # being written, or left so
    READY = "ready"  # read back whole, never started
    GOOD = "good"  # was confirmed
    BAD = "bad"  # was given up


class SlotRecord(msgspec.Struct, frozen=True):
    """One slot. image: SHA-256 of what lies there, or is being written."""

    state: SlotState = SlotState.EMPTY
    release: str = ""
    image: str = ""
    security_version: Version = 0
    data_floor: Version = 0


class Trial(msgspec.Struct, frozen=True):
    """A trial without an outcome. arms: how often it was begun. begun_s: Unix time.

    sensor_absent: there was no sensor before either. in_order: its last start was ended in order,
    orderly: so often, see stopping.py.
    """

    slot: str
    arms: Annotated[int, Meta(ge=1)]
    begun_s: int
    sensor_absent: bool = False
    in_order: bool = False
    orderly: Annotated[int, Meta(ge=0)] = 0


class Intent(msgspec.Struct, frozen=True):
    """A change of the confirmed slot that is being made: finished at the next start if it must."""

    slot: str
    floors: bool  # they rise with it
    reason: Reason = Reason.CONFIRMED_SLOT_FAILED  # why it is left for another


class BootRecord(msgspec.Struct, frozen=True):
    """The whole record. unhealthy_starts: of the confirmed slot, in a row, without health.

    counted: the name of the start that was counted last; taken_back: how many were since the last
    health, see stopping.py. given_up: images by SHA-256, and why. floors_due: the floors
    outside have still to rise.
    """

    serial: Annotated[int, Meta(ge=0)] = 0
    slots: dict[str, SlotRecord] = {}
    trial: Trial | None = None
    intent: Intent | None = None
    unhealthy_starts: Annotated[int, Meta(ge=0)] = 0
    counted: str = ""
    taken_back: Annotated[int, Meta(ge=0)] = 0
    security_floor: Version = 0
    data_floor: Version = 0
    floors_due: bool = False
    given_up: dict[str, Reason] = {}

    def of(self, slot: Slot) -> SlotRecord:
        """Return what is known of a slot."""
        return self.slots.get(slot.name, SlotRecord())

    def with_slot(self, slot: Slot, state: SlotState, index: Index | None = None) -> "BootRecord":
        """Return a record in which a slot is in another state, or holds another image."""
        known = self.of(slot)
        if index is not None:
            known = SlotRecord(
                release=index.release,
                image=index.image.sha256,
                security_version=index.security_version,
                data_floor=index.data_floor,
            )
        changed = msgspec.structs.replace(known, state=state)
        return msgspec.structs.replace(self, slots={**self.slots, slot.name: changed})

    def with_given_up(self, slot: Slot, reason: Reason) -> "BootRecord":
        """Return a record in which a slot's image has failed."""
        bad = self.with_slot(slot, SlotState.BAD)
        known = {key: why for key, why in self.given_up.items() if key != self.of(slot).image}
        kept = [*known.items(), (self.of(slot).image, reason)][-_MOST_GIVEN_UP:]
        return msgspec.structs.replace(bad, given_up=dict(kept))

    def may_start(self, slot: Slot) -> bool:
        """Tell whether a slot was once good, and is below no floor."""
        known = self.of(slot)
        return (
            known.state is SlotState.GOOD
            and known.security_version >= self.security_floor
            and known.data_floor >= self.data_floor
        )


_DECODER = msgspec.json.Decoder(BootRecord, strict=True)


class BootRecords:
    """The two copies in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies = [folder / name for name in _COPIES]

    def read(self) -> BootRecord:
        """Return the newer sound copy; an empty record where there is none.

        Without it no slot but the running one is trusted, and the floors are those outside.
        """
        sound = [record for record in map(_read, self._copies) if record is not None]
        return max(sound, key=lambda record: record.serial, default=BootRecord())

    def write(self, record: BootRecord) -> BootRecord:
        """Keep a record in both copies, and return it as it is kept.

        Raises RecordChangedError when another process wrote since it was read, CardError.
        """
        with self._alone():
            if self.read().serial != record.serial:
                raise RecordChangedError("another update worked at the same time: try again")
            return self._keep(record)

    def change(self, how: Callable[[BootRecord], BootRecord]) -> BootRecord:
        """Change what is kept now, whoever wrote it, and return it. Raises CardError."""
        with self._alone():
            return self._keep(how(self.read()))

    def _keep(self, record: BootRecord) -> BootRecord:
        kept = msgspec.structs.replace(record, serial=record.serial + 1)
        data = with_sum(msgspec.json.encode(kept))
        for copy in self._copies:
            replace_file(copy, data)
        return kept

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with on_card(self._folder):
            make_folder(self._folder)
            flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            lock = os.open(self._folder / _LOCK, flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _read(path: Path) -> BootRecord | None:
    """Return a copy; None when it is absent or damaged."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        with path.open("rb") as file:
            data = without_sum(file.read(MOST_RECORD_BYTES))
        return None if data is None else _DECODER.decode(data)
    return None
