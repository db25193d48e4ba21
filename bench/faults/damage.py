"""Bits flipped, files cut and blocks zeroed, of every file that the kiosk keeps.

What is noticed is what the opened parts say of it: a warning in the log, a file moved aside, a
refusal. A damage that changes nothing of what can be read (a bit in a free page) costs nothing and
need not be told.
"""

import functools
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bench.faults.child import opened
from bench.faults.kept_files import AuditFiles, Clocks, OperatorsList, StoreFiles
from bench.faults.row import Campaign, Row, Runner
from bench.faults.tally import Tally
from bench.faults.told import Told, listening

GROUP = "Damage"
_BLOCK_BYTES = 4096
_PER_RUN = 5
_MANY = 1_000_000

Harm = Callable[[bytes, random.Random], bytes]


class Kept(Protocol):
    """Files that lie together. messages: captures and answers in them."""

    messages: int

    def make(self, folder: Path) -> None:
        """Write them."""

    def lost(self, folder: Path) -> int:
        """Open them as the kiosk does and return how many messages are gone or wrong."""


def harm(campaign: Campaign, name: str, kept: Kept, file: str, how: Harm, *, allowed: int) -> Row:
    """Do one damage to one file, again and again over fresh copies."""
    chance, tally = campaign.chance(name), Tally()
    whole = campaign.folder / "whole"
    whole.mkdir()
    kept.make(whole)
    told = harmless = 0
    for _ in range(campaign.runs if campaign.few else campaign.runs * _PER_RUN):
        folder = campaign.folder / "harmed"
        shutil.copytree(whole, folder)
        path = chance.choice(sorted(folder.glob(file)))
        before = path.read_bytes()
        path.write_bytes(how(before, chance))
        with listening() as heard:
            lost = _opened(kept, folder, tally, heard)
        tally.runs += 1
        tally.acknowledged += kept.messages
        tally.lost += lost
        tally.most_lost = max(tally.most_lost, lost)
        tally.unnoticed += bool(lost) and not heard.anything
        told += heard.anything
        harmless += not lost and not heard.anything
        shutil.rmtree(folder)
    note = f"{told} told, {harmless} without any effect"
    return tally.row(name, GROUP, note, allowed=allowed)


def _opened(kept: Kept, folder: Path, tally: Tally, heard: Told) -> int:
    lost = opened(lambda: kept.lost(folder), folder, tally.why)
    if lost is None:
        tally.not_started += 1
        heard.anything = True
        return kept.messages
    heard.anything |= any(folder.glob("*damaged*"))
    return lost


def flip(data: bytes, chance: random.Random) -> bytes:
    """Change one bit."""
    harmed = bytearray(data)
    if harmed:
        harmed[chance.randrange(len(harmed))] ^= 1 << chance.randrange(8)
    return bytes(harmed)


def cut(data: bytes, chance: random.Random) -> bytes:
    """Cut the end off, at any place."""
    return data[: chance.randrange(max(1, len(data)))]


def zero(data: bytes, chance: random.Random) -> bytes:
    """Make a block zeros that is not."""
    starts = range(0, len(data), _BLOCK_BYTES)
    full = [start for start in starts if any(data[start : start + _BLOCK_BYTES])]
    if not full:
        return data
    start = chance.choice(full)
    length = len(data[start : start + _BLOCK_BYTES])
    return data[:start] + bytes(length) + data[start + length :]


def _rows() -> dict[str, Runner]:
    files: dict[str, tuple[Callable[[], Kept], str]] = {
        "database": (functools.partial(StoreFiles, killed=False), "kiosk.store"),
        "log": (functools.partial(StoreFiles, killed=True), "kiosk.store-wal"),
        "database-under-log": (functools.partial(StoreFiles, killed=True), "kiosk.store"),
        "keys": (functools.partial(StoreFiles, killed=False), "kiosk.store-keys"),
        "reserve": (functools.partial(StoreFiles, killed=False), "kiosk.store-reserve"),
        "clock": (Clocks, "kiosk.store-clock"),
        "audit": (AuditFiles, "audit/*.log"),
        "audit-memory": (AuditFiles, "audit/memory"),
        "operators": (OperatorsList, "kiosk.store-operators"),
    }
    rows: dict[str, Runner] = {}
    for what, (kept, file) in files.items():
        for verb, how, allowed in (("flip", flip, 1), ("cut", cut, _MANY), ("zero", zero, _MANY)):
            name = f"{verb}-{what}"
            rows[name] = _harming(name, kept, file, how, allowed)
    return rows


def _harming(name: str, kept: Callable[[], Kept], file: str, how: Harm, allowed: int) -> Runner:
    return lambda campaign: harm(campaign, name, kept(), file, how, allowed=allowed)


ROWS = _rows()
