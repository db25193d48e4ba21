"""Every state in which a power cut can leave a FAT file system, from a log of what was written.

The log is that of Linux's dm-log-writes, which QEMU's driver blklogwrites also writes
(Documentation/admin-guide/device-mapper/log-writes.rst). The model: what a flush has ordered is on
the card; of the sectors written since, a cut leaves the first so many, or all of those but one, or,
where they are few, any of them. A sector is whole or not there.
"""

import itertools
import lzma
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenline.ota.fat_image import FatError, FatImage
from greenline.ota.simulated_pi import AUTOBOOT, boot_partition

SECTOR_BYTES = 512
_MAGIC = 0x6A736677736872
_FLUSH, _FUA, _DISCARD, _MARK = 1, 2, 4, 8
_FEW = 8

Sector = tuple[int, bytes]


@dataclass
class Tally:
    """States that were looked at, and those from which no wanted partition starts."""

    states: int = 0
    unusable: int = 0
    example: str = ""


def read_log(data: bytes) -> list[list[Sector]]:
    """Return the sectors written between two flushes, in order, one list each."""
    magic, version, entries, sector_bytes = struct.unpack_from("<QQQI", data)
    if (magic, version) != (_MAGIC, 1):
        raise ValueError("this is no log of writes")
    at, epochs = sector_bytes, [list[Sector]()]
    for _ in range(entries):
        sector, count, flags, _length = struct.unpack_from("<QQQQ", data, at)
        at += sector_bytes
        if flags & _FLUSH:
            epochs.append([])
        if flags & (_DISCARD | _MARK):
            continue
        size = count * sector_bytes
        written = data[at : at + size]
        at += size
        begin = sector * sector_bytes
        for place in range(0, size, SECTOR_BYTES):
            epochs[-1].append((begin + place, written[place : place + SECTOR_BYTES]))
        if flags & _FUA:
            epochs.append([])
    return [epoch for epoch in epochs if epoch]


def left_of(epoch: list[Sector]) -> Iterator[list[Sector]]:
    """Yield which of the sectors a cut can leave."""
    if len(epoch) <= _FEW:
        for count in range(len(epoch) + 1):
            yield from map(list, itertools.combinations(epoch, count))
        return
    for count in range(len(epoch) + 1):
        yield epoch[:count]
        for lost in range(count - 1):
            yield epoch[:lost] + epoch[lost + 1 : count]


def judge(image: bytes, epochs: list[list[Sector]], partitions: set[int]) -> Tally:
    """Look at each state: does the bootloader find one of the partitions, tried or not?"""
    card, tally = bytearray(image), Tally()
    for number, epoch in enumerate(epochs):
        for left in left_of(epoch):
            before = [(place, bytes(card[place : place + SECTOR_BYTES])) for place, _ in left]
            _write(card, left)
            tally.states += 1
            found = what_starts(card)
            if not set(found) <= partitions or len(set(found)) != 2:
                tally.unusable += 1
                tally.example = tally.example or f"flush {number}: {len(left)} sectors: {found}"
            _write(card, reversed(before))
        _write(card, epoch)
    return tally


def what_starts(card: bytes | bytearray) -> list[int | None]:
    """Return what the bootloader starts from this card, without and with its flag."""
    try:
        text = FatImage(card).read(AUTOBOOT)
    except FatError:
        return [None, None]
    return [boot_partition(text, tryboot=tryboot) for tryboot in (False, True)]


def _write(card: bytearray, sectors: Iterator[Sector] | list[Sector]) -> None:
    for place, data in sectors:
        card[place : place + len(data)] = data


def read_recording(path: Path) -> tuple[bytes, bytes]:
    """Return the image before and the log, from a file that bench/ota_fat.py has written."""
    data = lzma.decompress(path.read_bytes())
    (size,) = struct.unpack_from("<Q", data)
    return data[8 : 8 + size], data[8 + size :]


def write_recording(path: Path, image: bytes, log: bytes) -> None:
    """Write what read_recording() reads."""
    path.write_bytes(lzma.compress(struct.pack("<Q", len(image)) + image + log, preset=9))
