"""The two slots of a device, and the contract of whatever decides which of them starts.

Two implementations: tryboot.py (the Raspberry Pi's own bootloader) and directories.py (two folders
and a pointer, for the demo and for updates of the application alone). Both are mechanism only; when
a trial is begun, repeated or given up is decided in starting.py and trial.py.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from greenline.ota.errors import RefusedError
from greenline.ota.index import MOST_INDEX_BYTES, Index, decode


@dataclass(frozen=True)
class Slot:
    """One of two places for an image.

    place: a block device or a file, where the image lies from byte 0. index: the file with the
    index of what is installed there; absent: nothing that can be relied on.
    """

    name: str
    place: Path
    index: Path


def read_index(slot: Slot) -> Index | None:
    """Return the index of what is installed in a slot; None: nothing that can be relied on."""
    try:
        with slot.index.open("rb") as file:
            return decode(file.read(MOST_INDEX_BYTES + 1))
    except (OSError, RefusedError):
        return None


class BootControl(Protocol):
    """Which slot runs, which one starts, which one is only tried. Raises OtaError.

    A trial is one start: whatever ends it, the confirmed slot starts next unless confirm() came
    before. Everything is durable when a method returns, and may be called again after a crash.
    """

    def running(self) -> Slot:
        """Return the slot that this system was started from."""

    def other(self) -> Slot:
        """Return the slot that this system was not started from."""

    def confirmed(self) -> Slot:
        """Return the slot that starts by itself."""

    def is_trial(self) -> bool:
        """Tell whether this start is a trial: only this once, unless confirmed."""

    def begin_trial(self, slot: Slot) -> None:
        """Have `slot` tried at the next restart, once. The caller restarts the device."""

    def confirm(self) -> None:
        """Have the running slot start by itself from now on."""

    def fall_back(self) -> None:
        """Have the other slot start by itself from now on: the running one has rotted."""

    def give_up(self) -> None:
        """Have no slot tried: the confirmed one starts next."""

    def start_id(self) -> str:
        """Return a name of this start that no other start has: health is believed only from it."""

    def bootloader_date(self) -> datetime.date | None:
        """Return of what day the bootloader is; None: this device has none that matters."""
