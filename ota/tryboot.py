"""The Raspberry Pi's own A/B start: autoboot.txt, and the bootloader's one-shot flag "tryboot".

From the Raspberry Pi documentation ("autoboot.txt", "tryboot", "Firmware parameters in /chosen"):
`reboot "0 tryboot"` sets a flag that the bootloader clears before it starts anything, so a trial
that ends in whatever way is followed by the confirmed partition. systemd takes the argument of the
reboot from /run/systemd/reboot-param. The bootloader tells in the device tree which partition it
started, whether as a trial, and when it was itself built.
"""

import datetime
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from greenline.ota.autoboot import Autoboot, decode
from greenline.ota.durable import card_error, replace_file
from greenline.ota.errors import OtaError, RefusedError
from greenline.ota.reasons import Reason
from greenline.ota.sector_file import SectorFile
from greenline.ota.slots import Slot

TRYBOOT_SINCE: Final = datetime.date(2022, 10, 18)
"""rpi-eeprom release notes: from then on [tryboot] of autoboot.txt chooses a partition."""

_TELLS: Final = Path("proc/device-tree/chosen/bootloader")
_BOOT_ID: Final = Path("proc/sys/kernel/random/boot_id")
_REBOOT_PARAM: Final = Path("run/systemd/reboot-param")
_ARGUMENT: Final = b"0 tryboot\n"


class BootloaderError(OtaError):
    """The bootloader does not tell how this system was started: no slot is touched."""


@dataclass(frozen=True)
class TrybootControl:
    """BootControl by partition numbers. selector: autoboot.txt. slots: by partition number, two.

    root: where proc and run lie, / on a device.
    """

    selector: SectorFile
    slots: dict[int, Slot]
    root: Path = Path("/")

    def running(self) -> Slot:
        """Return the slot whose partition the bootloader started."""
        number = self._told("partition")
        if number not in self.slots:
            raise BootloaderError(f"started from partition {number}, which is neither slot")
        return self.slots[number]

    def other(self) -> Slot:
        """Return the slot that was not started."""
        running = self.running()
        return next(slot for slot in self.slots.values() if slot != running)

    def confirmed(self) -> Slot:
        """Return the slot of [all]."""
        return self.slots[self._autoboot().confirmed]

    def is_trial(self) -> bool:
        """Tell whether the bootloader tried the running slot, which is not confirmed since."""
        running = self.running()
        return self._told("tryboot") == 1 and running != self.confirmed()

    def begin_trial(self, slot: Slot) -> None:
        """Have it tried at the next reboot. Raises RefusedError (bootloader-too-old)."""
        day = self.bootloader_date()
        if day is None or day < TRYBOOT_SINCE:
            words = f"this device's bootloader is of {day}; it can try a slot from {TRYBOOT_SINCE}"
            raise RefusedError(Reason.BOOTLOADER_TOO_OLD, words)
        if self._autoboot().trial != self._number(slot):
            raise BootloaderError(f"slot {slot.name} is the confirmed one, it cannot be tried")
        replace_file(self.root / _REBOOT_PARAM, _ARGUMENT)

    def confirm(self) -> None:
        """Write the running slot into [all], and the other into [tryboot]."""
        self._commit(self.running())

    def fall_back(self) -> None:
        """Write the other slot into [all]."""
        self._commit(self.other())

    def give_up(self) -> None:
        """Forget an argument that waits for the reboot: the flag itself is cleared by starting."""
        param = self.root / _REBOOT_PARAM
        try:
            param.unlink(missing_ok=True)
        except OSError as fault:
            raise card_error(param, fault) from fault

    def start_id(self) -> str:
        """Return the kernel's own name of this start."""
        path = self.root / _BOOT_ID
        try:
            return path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as fault:
            raise BootloaderError(f"{path} cannot be read") from fault

    def bootloader_date(self) -> datetime.date | None:
        """Return of what day the bootloader is; None: it does not tell, so it is old."""
        try:
            built = datetime.datetime.fromtimestamp(self._told("build-timestamp"), datetime.UTC)
        except BootloaderError:
            return None
        return built.date()

    def _commit(self, slot: Slot) -> None:
        number = self._number(slot)
        autoboot = self._autoboot()
        if autoboot.confirmed != number:
            self.selector.write(Autoboot(number, autoboot.confirmed).encode())

    def _autoboot(self) -> Autoboot:
        autoboot = decode(self.selector.read())
        if {autoboot.confirmed, autoboot.trial} != set(self.slots):
            raise BootloaderError("autoboot.txt names other partitions than the configuration")
        return autoboot

    def _number(self, slot: Slot) -> int:
        return next(number for number, known in self.slots.items() if known == slot)

    def _told(self, name: str) -> int:
        """Return a property of the device tree, 32 bits, the most significant first."""
        path = self.root / _TELLS / name
        try:
            return int(struct.unpack(">I", path.read_bytes())[0])
        except (OSError, struct.error) as fault:
            raise BootloaderError(f"the bootloader does not tell: {path} cannot be read") from fault
