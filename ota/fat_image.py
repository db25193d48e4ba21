"""Reads a file from a FAT image the way a bootloader does, and finds the sector where it lies.

For the simulator of the Raspberry Pi and for tests of crash states; a device uses its kernel. From
Microsoft's "FAT: General Overview of On-Disk Format" 1.03: FAT12, FAT16 and FAT32 by the count of
clusters, short names in the root folder, no writing but of one sector in place. Whatever an image
holds, reading ends: with data or with FatError.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from greenline.ota.errors import OtaError

_ENTRY_BYTES: Final = 32
_DELETED, _LONG_NAME, _VOLUME, _FOLDER = 0xE5, 0x0F, 0x08, 0x10
_MOST_FILE_BYTES: Final = 1 << 20


class FatError(OtaError):
    """The image is no FAT file system, or a broken one, or has no such file."""


@dataclass(frozen=True)
class _Entry:
    cluster: int
    size: int


class FatImage:
    """A view of an image's bytes. Changes to the bytes are seen."""

    def __init__(self, image: bytes | bytearray | mmap.mmap) -> None:
        self._image = image
        try:
            self._lay_out()
        except struct.error as fault:
            raise FatError("the image is too short") from fault

    def read(self, name: str) -> bytes:
        """Return a file of the root folder, such as "AUTOBOOT.TXT". Raises FatError."""
        entry = self._find(name)
        data = b"".join(self._cluster(number) for number in self._chain(entry.cluster, entry.size))
        if len(data) < entry.size:
            raise FatError(f"{name} ends before its {entry.size} bytes")
        return data[: entry.size]

    def place_of(self, name: str) -> int:
        """Return the byte at which a file of the root folder begins. Raises FatError."""
        entry = self._find(name)
        if not entry.size:
            raise FatError(f"{name} is empty")
        return self._place(entry.cluster)

    def _lay_out(self) -> None:
        (sector, per_cluster, reserved, copies, entries, few) = struct.unpack_from(
            "<HBHBHH", self._image, 11
        )
        (short_fat,), (many, long_fat) = (
            struct.unpack_from("<H", self._image, 22),
            struct.unpack_from("<II", self._image, 32),
        )
        sound = sector in {512, 1024, 2048, 4096} and per_cluster and copies and reserved
        if not sound or bytes(self._image[510:512]) != b"\x55\xaa":
            raise FatError("the image begins with no FAT boot sector")
        fat_sectors = short_fat or long_fat
        root_sectors = -(-entries * _ENTRY_BYTES // sector)
        self._root_at = (reserved + copies * fat_sectors) * sector
        self._root_bytes = root_sectors * sector
        self._data_at: int = self._root_at + self._root_bytes
        self._cluster_bytes: int = sector * per_cluster
        self._fat_at = reserved * sector
        total = (few or many) * sector
        self._clusters = max(0, total - self._data_at) // self._cluster_bytes
        self._bits = 12 if self._clusters < 4085 else 16 if self._clusters < 65525 else 32
        self._root_cluster = 0
        if self._bits == 32:
            (self._root_cluster,) = struct.unpack_from("<I", self._image, 44)

    def _find(self, name: str) -> _Entry:
        stem, _, extension = name.upper().partition(".")
        wanted = stem.ljust(8).encode("ascii") + extension.ljust(3).encode("ascii")
        for raw in self._root():
            if raw[0] == 0:
                break
            skipped = raw[0] == _DELETED or raw[11] & (_VOLUME | _FOLDER)
            if not skipped and raw[:11] == wanted:
                high, low, size = (
                    *struct.unpack_from("<H", raw, 20),
                    *struct.unpack_from("<HI", raw, 26),
                )
                cluster = low | (high << 16 if self._bits == 32 else 0)
                if size > _MOST_FILE_BYTES:
                    raise FatError(f"{name} claims {size} bytes")
                return _Entry(cluster, size)
        raise FatError(f"there is no {name}")

    def _root(self) -> Iterator[bytes]:
        if self._bits == 32:
            chain = self._chain(self._root_cluster, 1 << 20)
            pieces: Iterator[bytes] = (self._cluster(number) for number in chain)
        else:
            pieces = iter([bytes(self._image[self._root_at : self._data_at])])
        for piece in pieces:
            for at in range(0, len(piece) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
                yield piece[at : at + _ENTRY_BYTES]

    def _chain(self, cluster: int, size: int) -> Iterator[int]:
        """Yield the clusters of a file, as many as its size needs: no circle is endless."""
        for _ in range(-(-size // self._cluster_bytes)):
            if not 2 <= cluster < self._clusters + 2:
                return
            yield cluster
            cluster = self._next(cluster)

    def _next(self, cluster: int) -> int:
        at: int = self._fat_at
        if self._bits == 32:
            return self._number("<I", at + 4 * cluster) & 0x0FFFFFFF
        if self._bits == 16:
            return self._number("<H", at + 2 * cluster)
        pair = self._number("<H", at + cluster * 3 // 2)
        return pair >> 4 if cluster & 1 else pair & 0xFFF

    def _number(self, form: str, at: int) -> int:
        try:
            return int(struct.unpack_from(form, self._image, at)[0])
        except struct.error as fault:
            raise FatError("its table of clusters ends too early") from fault

    def _place(self, cluster: int) -> int:
        if not 2 <= cluster < self._clusters + 2:
            raise FatError(f"cluster {cluster} lies outside the image")
        return self._data_at + (cluster - 2) * self._cluster_bytes

    def _cluster(self, number: int) -> bytes:
        place = self._place(number)
        return bytes(self._image[place : place + self._cluster_bytes])
