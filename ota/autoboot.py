"""autoboot.txt: which partition the Raspberry Pi's bootloader starts, always and when trying.

Pure. From the Raspberry Pi documentation, "autoboot.txt": at most 512 bytes; sections [all] and
[tryboot]; `tryboot_a_b=1` moves the trial from the file to the partition. Ours fills one sector
exactly, so that it is replaced by one write of one sector where it lies: of everything that was
tried on FAT this alone leaves no unusable state (docs/updates.md).
"""

from dataclasses import dataclass
from typing import Final

from greenline.ota.errors import OtaError

SECTOR_BYTES: Final = 512
MOST_PARTITION: Final = 31  # the field in the Pi's reset register, less the value for "halt"

_FORM: Final = "[all]\ntryboot_a_b=1\nboot_partition={}\n[tryboot]\nboot_partition={}\n"


class AutobootError(OtaError):
    """autoboot.txt is not one of ours: lay it out anew (docs/updates.md, "Boot")."""


@dataclass(frozen=True)
class Autoboot:
    """Partition numbers, 1-31, not the same. confirmed: starts by itself; trial: when tried."""

    confirmed: int
    trial: int

    def __post_init__(self) -> None:
        numbers = {self.confirmed, self.trial}
        if len(numbers) != 2 or not all(1 <= number <= MOST_PARTITION for number in numbers):
            raise AutobootError(f"no two partitions: {self.confirmed} and {self.trial}")

    def encode(self) -> bytes:
        """Return the whole file, one sector. Empty lines fill it: the bootloader skips them."""
        text = _FORM.format(self.confirmed, self.trial)
        return text.encode().ljust(SECTOR_BYTES, b"\n")


def decode(data: bytes) -> Autoboot:
    """Return what a file says. Raises AutobootError for whatever encode() does not write."""
    numbers = [
        int(line.removeprefix(b"boot_partition="))
        for line in data[:SECTOR_BYTES].split(b"\n")
        if line.startswith(b"boot_partition=") and line[15:].isdigit() and len(line) <= 17
    ]
    if len(numbers) != 2:
        raise AutobootError("autoboot.txt does not name two partitions")
    autoboot = Autoboot(*numbers)
    if data != autoboot.encode():
        raise AutobootError("autoboot.txt is damaged, or not one of Greenline's")
    return autoboot
