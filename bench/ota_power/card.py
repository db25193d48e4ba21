"""A memory card with a cache that is lost with the power.

What a flush has covered lies in the durable file. Of what was written since, a power cut leaves any
part: a write whole, not at all, or in some of its sectors. A sector is whole or not there.
"""

import os
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SECTOR_BYTES: Final = 512
KEEPING: Final = (0.0, 0.3, 0.7, 1.0)
"""Shares of the unflushed writes that arrive: one of them is drawn for each cut."""


@dataclass(frozen=True)
class Loss:
    """What a cut has cost: writes that no flush had covered, their sectors, and those gone."""

    unflushed: int
    sectors: int
    lost: int


class ForgetfulCard:
    """A card of two files: what the guest sees now, and what is sure to be there. In sectors."""

    def __init__(self, durable: Path, now: Path) -> None:
        """durable: an image, made before; now: written over with a copy of it."""
        self.now: Final = now
        self.size: Final = durable.stat().st_size
        self._durable = os.open(durable, os.O_RDWR | os.O_CLOEXEC)
        self._now = os.open(now, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._now, self.size)
        self._waiting: list[tuple[int, bytes]] = []
        _copy(self._durable, self._now, 0, self.size)

    def read(self, at: int, size: int) -> bytes:
        """Return what a read gives now: written bytes, flushed or not."""
        return os.pread(self._now, size, at)

    def write(self, at: int, data: bytes) -> None:
        """Take a write into the cache. Raises ValueError for one that is not of whole sectors."""
        if at % SECTOR_BYTES or len(data) % SECTOR_BYTES or at + len(data) > self.size:
            raise ValueError(f"a card takes whole sectors: {len(data)} bytes at {at}")
        _write(self._now, at, data)
        self._waiting.append((at, data))

    def flush(self) -> None:
        """Have everything that was written on the card."""
        for at, data in self._waiting:
            _write(self._durable, at, data)
        self._waiting.clear()

    def cut(self, chance: random.Random, keeping: float) -> Loss:
        """Cut the power. keeping: the share of the unflushed writes that arrives."""
        waiting, self._waiting = self._waiting, []
        sectors = lost = 0
        for at, data in waiting:
            gone = _gone(len(data) // SECTOR_BYTES, chance, keeping)
            for number, is_gone in enumerate(gone):
                place = number * SECTOR_BYTES
                if not is_gone:
                    _write(self._durable, at + place, data[place : place + SECTOR_BYTES])
            sectors, lost = sectors + len(gone), lost + sum(gone)
        for at, data in waiting:
            _copy(self._durable, self._now, at, len(data))
        return Loss(len(waiting), sectors, lost)

    def close(self) -> None:
        """Let go of the files. What no flush has covered is not in the durable one."""
        os.close(self._durable)
        os.close(self._now)


def _gone(sectors: int, chance: random.Random, keeping: float) -> list[bool]:
    """Say of each sector of a write whether it is lost. Every second write is torn."""
    if keeping >= 1:
        return [False] * sectors
    if chance.random() < 0.5:
        return [chance.random() >= keeping] * sectors
    return [chance.random() >= keeping for _ in range(sectors)]


def _copy(source: int, target: int, at: int, size: int) -> None:
    """Copy a range between two files; holes of an empty target stay holes."""
    end = at + size
    while at < end:
        data = os.pread(source, min(1 << 20, end - at), at)
        if data.strip(b"\0") or os.pread(target, len(data), at) != data:
            _write(target, at, data)
        at += len(data)


def _write(handle: int, at: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        done = os.pwrite(handle, rest, at)
        rest, at = rest[done:], at + done
