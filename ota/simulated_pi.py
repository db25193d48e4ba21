"""A Raspberry Pi as far as starting goes: its bootloader, a card of partitions, its device tree.

For tests, the demo and the fault campaigns. It reads autoboot.txt out of a real FAT image as the
Pi's bootloader does, has its one-shot flag, and shows what a started system finds below /proc. What
it cannot show of a real Pi is listed in docs/updates.md, "Hardware checklist".
"""

import contextlib
import datetime
import mmap
import os
import secrets
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from greenline.ota.autoboot import MOST_PARTITION, SECTOR_BYTES
from greenline.ota.durable import on_card
from greenline.ota.fat_image import FatError, FatImage

AUTOBOOT: Final = "AUTOBOOT.TXT"
WALKS_SINCE: Final = datetime.date(2025, 8, 13)
"""From then on PARTITION_WALK is on: the next bootable partition is tried (rpi-eeprom notes)."""


class UnbootableError(Exception):
    """No partition can be started: somebody has to travel."""


class ImageSector:
    """autoboot.txt in a FAT image that nobody has mounted: the port that TrybootControl uses."""

    def __init__(self, image: Path) -> None:
        self._image = image

    def read(self) -> bytes:
        """Return what the file holds. Raises FatError, CardError."""
        with on_card(self._image), fat_of(self._image) as fat:
            return fat.read(AUTOBOOT)

    def write(self, sector: bytes) -> None:
        """Replace the sector where it lies. Raises FatError, CardError."""
        with on_card(self._image), fat_of(self._image) as fat:
            place = fat.place_of(AUTOBOOT)
        with on_card(self._image):
            handle = os.open(self._image, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.pwrite(handle, sector, place)
                os.fsync(handle)
            finally:
                os.close(handle)


@contextlib.contextmanager
def fat_of(image: Path) -> Iterator[FatImage]:
    """Open an image file as a FAT file system. Raises FatError, OSError."""
    with image.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield FatImage(data)


class SimulatedPi:
    """One Pi. selector: a FAT image with autoboot.txt; partitions: images by number.

    root: where its /proc and /run lie. bootable: tells whether a partition can be started at all.
    """

    def __init__(
        self,
        selector: Path,
        partitions: dict[int, Path],
        root: Path,
        bootloader: datetime.date = datetime.date(2026, 2, 23),
    ) -> None:
        self.partitions = partitions
        self.root = root
        self.bootloader = bootloader
        self.started: int | None = None
        self._selector = selector
        self._flag = False

    def power_on(self) -> int:
        """Start after the power was off: the flag is gone. Returns the partition."""
        self._flag = False
        return self._start()

    def reboot(self) -> int:
        """Restart as systemd does, with the argument that was left for it."""
        param = self.root / "run/systemd/reboot-param"
        self._flag = param.is_file() and param.read_text().split() == ["0", "tryboot"]
        return self._start()

    def reset(self) -> int:
        """Restart by watchdog or panic: no argument is passed, and the flag was used up."""
        return self.power_on()

    def _start(self) -> int:
        flag, self._flag = self._flag, False
        number = self._chosen(tryboot=flag)
        if number is None or not self._bootable(number):
            number = self._walked()
        self.started = number
        self._tell(number, tryboot=flag)
        return number

    def _chosen(self, *, tryboot: bool) -> int | None:
        try:
            with fat_of(self._selector) as fat:
                text = fat.read(AUTOBOOT)
        except FatError:
            return None
        return boot_partition(text, tryboot=tryboot)

    def _bootable(self, number: int) -> bool:
        """Tell whether a partition begins with a boot sector."""
        path = self.partitions.get(number)
        if path is None or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(SECTOR_BYTES)[510:512] == b"\x55\xaa"

    def _walked(self) -> int:
        if self.bootloader >= WALKS_SINCE:
            for number in sorted(self.partitions):
                if self._bootable(number):
                    return number
        raise UnbootableError("no partition that can be started")

    def _tell(self, number: int, *, tryboot: bool) -> None:
        """Lay out what a started system finds; what was in memory is gone."""
        shutil.rmtree(self.root / "run", ignore_errors=True)
        (self.root / "run/systemd").mkdir(parents=True)
        told = self.root / "proc/device-tree/chosen/bootloader"
        told.mkdir(parents=True, exist_ok=True)
        noon = datetime.datetime.combine(self.bootloader, datetime.time(12), datetime.UTC)
        values = {
            "partition": number,
            "tryboot": int(tryboot),
            "build-timestamp": int(noon.timestamp()),
        }
        for name, value in values.items():
            (told / name).write_bytes(struct.pack(">I", value))
        kernel = self.root / "proc/sys/kernel/random"
        kernel.mkdir(parents=True, exist_ok=True)
        (kernel / "boot_id").write_text(f"{secrets.token_hex(16)}\n")


def boot_partition(text: bytes, *, tryboot: bool) -> int | None:
    """Return the partition that the bootloader takes from an autoboot.txt; None: it names none.

    Sections apply until the next one; of several lines the last counts; what is not understood is
    passed over; only the first 512 bytes are looked at.
    """
    applies, chosen, by_partition = True, None, False
    for line in text[:SECTOR_BYTES].replace(b"\r", b"").split(b"\n"):
        key, equals, value = line.strip().partition(b"=")
        if key.startswith(b"[") and key.endswith(b"]"):
            applies = key == b"[all]" or (key == b"[tryboot]" and tryboot)
        elif equals and applies and value.strip().isdigit() and len(value) < 8:
            if key.strip() == b"boot_partition" and int(value) <= MOST_PARTITION:
                chosen = int(value)
            by_partition = by_partition or (key.strip(), value.strip()) == (b"tryboot_a_b", b"1")
    if tryboot and not by_partition:
        return None
    return chosen
