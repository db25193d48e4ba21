"""The trusted metadata on the card: two whole copies, each with the sums of its files.

python-tuf replaces its files one by one and flushes none, so it works in a scratch folder, and what
it leaves there is taken over here: one copy is replaced while the other is whole, and only then the
other. A copy counts only when its list of sums is sealed and every file has the sum it should have.
"""

import contextlib
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.ota import durable
from greenline.ota.errors import CardError

NAMES: Final = ("trusted-a", "trusted-b")
MOST_FILE_BYTES: Final = 5_000_000
_SUMS: Final = "sums"
_MOST_SUMS_BYTES: Final = 1_000_000
_HISTORY: Final = "root_history"
# What python-tuf names its files: roles are percent-encoded, so nothing leads out of the folder.
_NAME = re.compile(r"(?:root_history/)?[A-Za-z0-9._%~-]{1,240}\.json")

Files = Mapping[str, bytes]


class _Sums(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """generation: the copy that was written last has the highest; files: SHA-256 by name."""

    generation: Annotated[int, Meta(ge=0, le=2**62)]
    files: dict[str, str]


class Copies:
    """The two copies in a state folder. Not safe to share between processes."""

    def __init__(self, state: Path) -> None:
        self._folders = [state / name for name in NAMES]

    def read(self) -> dict[str, bytes]:
        """Return the files of the newest whole copy by name; empty when neither is whole."""
        return self._newest()[1]

    def write(self, files: Files) -> None:
        """Make both copies hold these files, one after the other. Raises CardError."""
        generation, _ = self._newest()
        old = [self._read(folder) for folder in self._folders]
        # The older or damaged one first: at each moment one is whole.
        order = sorted(range(2), key=lambda which: old[which][0])
        for which in order:
            if old[which][0] < 0 or old[which][1] != files:
                _replace(self._folders[which], files, generation + 1)

    def _newest(self) -> tuple[int, dict[str, bytes]]:
        return max((self._read(folder) for folder in self._folders), key=lambda copy: copy[0])

    @staticmethod
    def _read(folder: Path) -> tuple[int, dict[str, bytes]]:
        """Return a copy's generation and files; generation -1 when it is not whole."""
        files: dict[str, bytes] = {}
        with contextlib.suppress(CardError):
            sums = _decode(durable.without_sum(durable.read(folder / _SUMS, _MOST_SUMS_BYTES)))
            for name, digest in sums.files.items() if sums else ():
                data = durable.read(folder / name, MOST_FILE_BYTES)
                if data is None or hashlib.sha256(data).hexdigest() != digest:
                    return -1, {}
                files[name] = data
            if sums:
                return sums.generation, files
        return -1, {}


def take_files(folder: Path) -> dict[str, bytes]:
    """Return the metadata in a folder as python-tuf leaves it. Raises CardError."""
    files: dict[str, bytes] = {}
    with durable.on_card(folder):
        for path in sorted([*folder.glob("*.json"), *folder.glob(f"{_HISTORY}/*.json")]):
            name = path.relative_to(folder).as_posix()
            # root.json is a link to the newest root, which stands in root_history.
            if path.is_symlink() or not is_name(name):
                continue
            data = durable.read(path, MOST_FILE_BYTES)
            if data is not None:
                files[name] = data
    return files


def lay_files(folder: Path, files: Files) -> None:
    """Write metadata to where python-tuf looks for it; not durable. Raises CardError."""
    with durable.on_card(folder):
        (folder / _HISTORY).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)


def is_name(name: str) -> bool:
    """Tell whether a name can be one of python-tuf's files."""
    return _NAME.fullmatch(name) is not None


def _decode(data: bytes | None) -> _Sums | None:
    if data is None:
        return None
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sums = msgspec.json.decode(data, type=_Sums)
        return sums if all(map(is_name, sums.files)) else None
    return None


def _replace(folder: Path, files: Files, generation: int) -> None:
    """Replace a copy: it stops counting first, and counts again when all is on the card."""
    durable.remove(folder / _SUMS)
    for name, data in files.items():
        durable.replace_file(folder / name, data)
    with durable.on_card(folder):
        for path in [*folder.glob("*.json*"), *folder.glob(f"{_HISTORY}/*")]:
            if path.relative_to(folder).as_posix() not in files:
                path.unlink()
    sums = _Sums(
        generation, {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    )
    durable.replace_file(folder / _SUMS, durable.with_sum(msgspec.json.encode(sums)))
