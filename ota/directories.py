"""Two folders and a pointer: A/B for the application alone, and for the demo.

On a stock Raspberry Pi OS that is not ours to replace. The launcher (`greenline update launch`)
takes the bootloader's part: start() says what to run, and uses a trial up before it does, so that
whatever ends a trial is followed by the confirmed slot. The pointer is a symbolic link that is made
beside the old one and renamed over it.

    a/image  b/image   the images, as slots        a/tree  b/tree   the same, unpacked
    confirmed -> a     trial -> b (only while one is armed)         running: this start's slot
"""

import datetime
import secrets
from pathlib import Path
from typing import Final

import msgspec

from greenline.ota.durable import (
    card_error,
    make_folder,
    on_card,
    remove,
    replace_file,
    sync_folder,
)
from greenline.ota.errors import OtaError
from greenline.ota.slots import Slot

_NAMES: Final = ("a", "b")


class PointerError(OtaError):
    """The pointer to the confirmed slot is gone or names none: set it anew by hand."""


class Started(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How this start came about. start: a name of its own."""

    slot: str
    trial: bool
    start: str


_DECODER = msgspec.json.Decoder(Started, strict=True)


class DirectoryControl:
    """BootControl in a folder; see above. Laid out by lay_out()."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slots = {
            name: Slot(name, folder / name / "image", folder / name / "index.json")
            for name in _NAMES
        }

    def start(self) -> Slot:
        """Do what a bootloader does: choose the slot to run now, and use up a trial."""
        trial = self._pointed("trial")
        if trial is not None:
            remove(self._folder / "trial")
        slot = self.confirmed() if trial is None else trial
        told = Started(slot.name, slot != self.confirmed(), secrets.token_hex(16))
        replace_file(self._folder / "running", msgspec.json.encode(told))
        return slot

    def tree(self, slot: Slot) -> Path:
        """Return where a slot's image lies unpacked."""
        return self._folder / slot.name / "tree"

    def running(self) -> Slot:
        """Return the slot of the last start()."""
        return self._slots[self._started().slot]

    def other(self) -> Slot:
        """Return the slot that was not started."""
        running = self.running()
        return next(slot for slot in self._slots.values() if slot != running)

    def confirmed(self) -> Slot:
        """Return the slot that start() takes."""
        slot = self._pointed("confirmed")
        if slot is None:
            raise PointerError(f"{self._folder / 'confirmed'} does not point to a or b")
        return slot

    def is_trial(self) -> bool:
        """Tell whether start() took a trial, which is not confirmed since."""
        return self._started().trial and self.running() != self.confirmed()

    def begin_trial(self, slot: Slot) -> None:
        """Have start() take this slot, once."""
        if slot == self.confirmed():
            raise PointerError(f"slot {slot.name} is the confirmed one, it cannot be tried")
        self._point("trial", slot)

    def confirm(self) -> None:
        """Have start() take the running slot from now on."""
        self._point("confirmed", self.running())

    def fall_back(self) -> None:
        """Have start() take the other slot from now on."""
        self._point("confirmed", self.other())

    def give_up(self) -> None:
        """Have no slot tried."""
        remove(self._folder / "trial")

    def start_id(self) -> str:
        """Return the name that start() gave to this start."""
        return self._started().start

    def bootloader_date(self) -> datetime.date | None:
        """Return None: nothing below the application is ours."""
        return None

    def _started(self) -> Started:
        path = self._folder / "running"
        try:
            started = _DECODER.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise PointerError(f"{path} does not tell what was started") from fault
        if started.slot not in self._slots:
            raise PointerError(f"{path} names slot {started.slot}")
        return started

    def _pointed(self, name: str) -> Slot | None:
        try:
            return self._slots.get(str((self._folder / name).readlink()))
        except OSError:
            return None

    def _point(self, name: str, slot: Slot) -> None:
        pointer, unfinished = self._folder / name, self._folder / f"{name}.new"
        try:
            unfinished.unlink(missing_ok=True)
            unfinished.symlink_to(slot.name)
            unfinished.replace(pointer)
            sync_folder(self._folder)
        except OSError as fault:
            raise card_error(pointer, fault) from fault


def lay_out(folder: Path) -> DirectoryControl:
    """Make the folders of a new device, with slot a confirmed. Raises CardError."""
    with on_card(folder):
        for name in _NAMES:
            make_folder(folder / name)
    control = DirectoryControl(folder)
    if not (folder / "confirmed").is_symlink():
        control._point("confirmed", control._slots["a"])
    return control
