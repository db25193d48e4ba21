"""Where a damaged store's files are put: a folder beside it, kept for whoever wants to look.

Renamed, not copied: it takes no room and works on a full card. What was salvaged is written there
before the new store gets its name; that it was told to those who must know is noted at last. So
neither the work nor the word of it can be lost to a power cut.
"""

import re
import shutil
from pathlib import Path

import msgspec

from greenline.firmware.store_log import log_of
from greenline.link.files import replace_file, sync_folder

MOST_KEPT = 5

_DATABASE, _LOG = "store", "store-wal"
_REPORT, _TOLD = "salvaged.json", "told"


class Salvaged(msgspec.Struct, frozen=True):
    """What came of a salvage. requests, answers: how many were kept. lost: ids of requests, hex.

    why: what was wrong. unknown: pages were unreadable, more may be lost. folder: name of where the
    damaged files lie, beside the store.
    """

    why: str
    folder: str
    requests: int
    answers: int
    lost: tuple[str, ...]
    unknown: bool


def aside(store: Path) -> list[Path]:
    """Return the folders with this store's damaged files, oldest first."""
    shape = re.compile(re.escape(store.name) + r"\.damaged-(\d+)")
    try:
        found = [(shape.fullmatch(each.name), each) for each in store.parent.iterdir()]
    except OSError:
        return []
    numbered = [(int(match[1]), each) for match, each in found if match]
    return [each for _, each in sorted(numbered)]


def unfinished(store: Path) -> Path | None:
    """Return the folder of a salvage that was cut short; None: there is none."""
    latest = next(reversed(aside(store)), None)
    if latest is None or store.exists() or (latest / _TOLD).exists():
        return None
    return latest if any(each.exists() for each in files_in(latest)) else None


def put_aside(store: Path) -> Path:
    """Move a store's files into a folder of their own, and return that. Raises OSError.

    Goes on with a folder that was begun. The database first: as long as it is in its place nothing
    is missing, and once it is gone the next start sees that there is something to go on with.
    """
    folder = unfinished(store) or _next_folder(store)
    for source, target in zip((store, log_of(store)), files_in(folder), strict=True):
        if source.exists() and not target.exists():
            source.rename(target)
        sync_folder(folder)
        sync_folder(store.parent)
    return folder


def files_in(folder: Path) -> tuple[Path, Path]:
    """Return where a folder holds the database and its log."""
    return folder / _DATABASE, folder / _LOG


def write_report(folder: Path, salvaged: Salvaged) -> None:
    """Note what was salvaged. Raises OSError."""
    replace_file(folder / _REPORT, msgspec.json.encode(salvaged) + b"\n", 0o600)


def untold(store: Path) -> list[Salvaged]:
    """Return the salvages that nobody has been told of yet, oldest first."""
    if not store.exists():
        return []
    found = []
    for folder in aside(store):
        try:
            if not (folder / _TOLD).exists():
                found.append(msgspec.json.decode((folder / _REPORT).read_bytes(), type=Salvaged))
        except (OSError, msgspec.MsgspecError):
            continue
    return found


def note_told(store: Path, salvaged: Salvaged) -> None:
    """Note that those who must know of a salvage do. Raises OSError."""
    replace_file(store.with_name(salvaged.folder) / _TOLD, b"", 0o600)


def drop_oldest(store: Path, keep: int = MOST_KEPT) -> bool:
    """Remove the oldest folders until so many are left; whether any went. The latest stays."""
    dropped = aside(store)[: -max(1, keep)]
    for each in dropped:
        shutil.rmtree(each, ignore_errors=True)
    if dropped:
        sync_folder(store.parent)
    return bool(dropped)


def _next_folder(store: Path) -> Path:
    earlier = aside(store)
    number = int(earlier[-1].name.rpartition("-")[2]) + 1 if earlier else 1
    folder = store.with_name(f"{store.name}.damaged-{number}")
    folder.mkdir(mode=0o700)
    sync_folder(store.parent)
    return folder
