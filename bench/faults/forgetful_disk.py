"""A model of a disk whose cache is lost with the power, fed with the shim's log.

What was flushed is there; of what was not, any part may be, in any order, a write only in some of
its sectors. A name is there once its folder was flushed; before that, names come in the order in
which they were made (a journal keeps it), each possibly before the data of its file. A new folder
is taken as there at once.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512

_HEAD = struct.Struct("<cHqI")


@dataclass(frozen=True)
class Change:
    """One record of the log. kind: see crash_shim.c. place: in the file, or its new length."""

    kind: str
    path: str
    place: int
    data: bytes


def read_log(data: bytes) -> Iterator[Change]:
    """Yield the records of a log."""
    at = 0
    while at < len(data):
        kind, path_length, place, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        path = data[at : at + path_length].decode()
        at += path_length
        yield Change(kind.decode(), path, place, data[at : at + length])
        at += length


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    waiting: list[Change] = field(default_factory=list)


@dataclass
class ForgetfulDisk:
    """Takes changes; says what a power cut leaves."""

    _files: dict[str, _File] = field(default_factory=dict)
    _durable: dict[str, _File] = field(default_factory=dict)
    _names: list[tuple[str, str, _File | None]] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def take(self, change: Change) -> None:
        """Do a change, which is not on the disk yet unless it flushes."""
        match change.kind:
            case "d":
                self.folders.append(change.path)
            case "c":
                self._files[change.path] = _File()
                self._names.append(("add", change.path, self._files[change.path]))
            case "u":
                del self._files[change.path]
                self._names.append(("remove", change.path, None))
            case "r":
                self._rename(change.path, change.data.decode())
            case "s":
                self._flush(change.path)
            case "w" | "t" | "g":
                self._files[change.path].waiting.append(change)

    def left(self, chance: random.Random, keeping: float) -> dict[str, bytes]:
        """Return the files after a power cut. keeping: the share of what waits that arrived."""
        names = dict(self._durable)
        least = len(self._names) if keeping >= 1 else 0
        arrived = chance.randint(least, len(self._names)) if keeping else 0
        for what, path, file in self._names[:arrived]:
            _name(names, what, path, file)
        return {path: _with_some(file, chance, keeping) for path, file in names.items()}

    def _rename(self, before: str, after: str) -> None:
        moved = {
            path: after + path[len(before) :]
            for path in self._files
            if path == before or path.startswith(f"{before}/")
        }
        for old, new in moved.items():
            file = self._files.pop(old)
            self._files[new] = file
            self._names.append(("remove", old, None))
            self._names.append(("add", new, file))

    def _flush(self, path: str) -> None:
        if path in self._files:
            file = self._files[path]
            for change in file.waiting:
                _apply(file.durable, change)
            file.waiting.clear()
            return
        # A folder. What it holds comes in order, so all that was named before is there too.
        for what, name, file_or_none in self._names:
            _name(self._durable, what, name, file_or_none)
        self._names.clear()


def _name(names: dict[str, _File], what: str, path: str, file: _File | None) -> None:
    if file is None or what == "remove":
        names.pop(path, None)
    else:
        names[path] = file


def _with_some(file: _File, chance: random.Random, keeping: float) -> bytes:
    data = bytearray(file.durable)
    for change in file.waiting:
        if keeping >= 1 or chance.random() < keeping:
            _apply(data, change if keeping >= 1 else _torn(change, chance))
    return bytes(data)


def _torn(change: Change, chance: random.Random) -> Change:
    """Return a write of which only the first or the last sectors arrive, half of the time."""
    sectors = len(change.data) // SECTOR_BYTES
    if change.kind != "w" or not sectors or chance.random() < 0.5:
        return change
    cut = chance.randrange(sectors + 1) * SECTOR_BYTES
    if chance.random() < 0.5:
        return Change("w", change.path, change.place, change.data[:cut])
    return Change("w", change.path, change.place + cut, change.data[cut:])


def _apply(data: bytearray, change: Change) -> None:
    if change.kind == "t":
        del data[change.place :]
    end = change.place + len(change.data)
    if change.data or change.kind in {"t", "g"}:
        data.extend(bytes(max(0, end - len(data))))
    if change.kind == "w":
        data[change.place : end] = change.data


def write_files(files: dict[str, bytes], folders: list[str], before: Path, after: Path) -> None:
    """Write what was left into another folder. before: the folder that the log tells of."""
    after.mkdir(parents=True)
    for folder in folders:
        (after / Path(folder).relative_to(before)).mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        target = after / Path(path).relative_to(before)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o600)
