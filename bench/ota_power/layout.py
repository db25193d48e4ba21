"""Lays the card out as docs/updates.md, "Boot", has it, and takes its partitions off again."""

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

from greenline.ota.autoboot import Autoboot

A, B = 2, 3
_SECTOR: Final = 512
_MB: Final = 1 << 20
SLOT_BYTES: Final = 10 * _MB
PLACES: Final = {
    1: (1 * _MB, 34 * _MB),  # the smallest FAT32
    A: (36 * _MB, SLOT_BYTES),
    B: (46 * _MB, SLOT_BYTES),
    4: (56 * _MB, 24 * _MB),
}
"""Where each partition begins, and its size, in bytes."""

CARD_BYTES: Final = 80 * _MB
_KINDS: Final = {1: 0x0C, A: 0x0C, B: 0x0C, 4: 0x83}


def make_card(card: Path, work: Path, image: bytes, index: bytes) -> None:
    """Make a card as a factory does: a release in slot a, its index on the data partition."""
    selector, data, files = work / "selector.img", work / "data.img", work / "files"
    _make_selector(selector)
    (files / "boot").mkdir(parents=True)
    (files / "update").mkdir()
    (files / "boot/index-a.json").write_bytes(index)
    _sized(data, PLACES[4][1])
    _run("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", str(files), str(data))
    with card.open("wb") as file:
        file.truncate(CARD_BYTES)
        file.write(_partition_table())
        for number, content in (
            (1, selector.read_bytes()),
            (A, image),
            (4, data.read_bytes()),
        ):
            file.seek(PLACES[number][0])
            file.write(content)
    shutil.rmtree(files)


def take_off(card: Path, number: int, target: Path) -> bytes:
    """Write a partition into a file of its own, and return it."""
    at, size = PLACES[number]
    with card.open("rb") as file:
        file.seek(at)
        data = file.read(size)
    target.write_bytes(data)
    return data


def make_fat(path: Path, size: int, files: dict[str, bytes], *, kind: str = "16") -> None:
    """Make a FAT file system with these files in its root folder."""
    _sized(path, size)
    make = ("-F", kind, "-s", "1", "-i", "20250101", "--invariant")
    _run("/usr/sbin/mkfs.fat", *make, str(path))
    for name, data in files.items():
        source = path.with_name(f"{path.name}.{name}")
        source.write_bytes(data)
        _run("mcopy", "-i", str(path), str(source), f"::{name}")
        source.unlink()


def _make_selector(path: Path) -> None:
    others = {f"FILE{number}": b"" for number in range(14)}
    files = {**others, "autoboot.txt": Autoboot(A, B).encode()}
    make_fat(path, PLACES[1][1], files, kind="32")


def _partition_table() -> bytes:
    """Return the first sector: a master boot record, addresses by sectors alone."""
    entries = b"".join(
        struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", _KINDS[number], b"\xfe\xff\xff", at, size)
        for number, (at, size) in (
            (number, (at // _SECTOR, size // _SECTOR)) for number, (at, size) in PLACES.items()
        )
    )
    return bytes(446) + entries + b"\x55\xaa"


def _sized(path: Path, size: int) -> None:
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()[-500:]}")
