"""The demo's own folders: made anew, but never at the cost of a file that is not the demo's."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from rich.progress import track

from greenline.cli.errors import CommandError
from greenline.cli.site import KIOSK, MATCHER
from greenline.models.training.synthesis import write_set

_MARK = ".greenline-demo"
_SUBFOLDERS = frozenset({"audit", "kiosks", "logs", "update"})
# Everything that a demo writes into its folder; nothing else is ever deleted.
_OWN = (
    _MARK,
    "ca.pem",
    *(
        f"{name}.{end}"
        for name in ("broker", "uplink", "matcher-link", "operators-link")
        for end in ("pem", "key")
    ),
    *(f"{name}.signing.pem" for name in (KIOSK, MATCHER)),
    *(f"{name}.opening.key" for name in (KIOSK, MATCHER)),
    f"kiosks/{KIOSK}.json",
    f"{MATCHER}.json",
    "device.key",
    "gallery.key",
    *(
        f"{name}{end}"
        for name in ("gallery.db", "ledger.db", "audit.db", "kiosk.store")
        for end in ("", "-*")
    ),
    "audit/*",
    *(f"{name}.toml" for name in ("kiosk", "uplink", "matcher", "shelf", "update")),
    "update/*",  # of the update's demo
    "mosquitto.conf",
    "access.conf",
    "uplink.sock",
    "sensor",
    *(f"logs/{name}.log" for name in ("broker", "matcher", "kiosk", "uplink", "simulator")),
)

_FINGERS = 12
_IMPRESSIONS = 4
_SEED = 2026


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[Path]:
    """Empty the demo's folder, or make it, and hold it against a second demo; gives its path.

    Raises CommandError, and has deleted nothing, when the folder holds anything of somebody else
    or another demo is running in it.
    """
    folder = folder.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(folder)
        mark = os.open(folder / _MARK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as fault:
        raise CommandError(f"{folder} cannot be used: {fault.strerror}", 2) from fault
    try:
        _hold(mark, folder)
        _empty(folder)
        yield folder
    finally:
        os.close(mark)


def synthetic_prints(folder: Path) -> Path:
    """Return a folder of synthetic prints, made the first time. Raises CommandError."""
    wanted = {f"{f}_{i}.png" for f in range(1, _FINGERS + 1) for i in range(1, _IMPRESSIONS + 1)}
    if folder.exists():
        if folder.is_dir() and wanted <= {path.name for path in folder.iterdir()}:
            return folder.resolve()
        raise CommandError(
            f"{folder} is there, but not with the demo's synthetic prints: remove it, name "
            "another --folder, or give --prints",
            2,
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    try:
        making = write_set(unfinished, _FINGERS, _IMPRESSIONS, _SEED)
        for _ in track(making, description="Making synthetic prints", total=len(wanted)):
            pass
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished)
        raise
    return folder.resolve()


def _refuse_foreign(folder: Path) -> None:
    inside = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    own = {path for path in inside if any(fnmatchcase(path, pattern) for pattern in _OWN)}
    foreign = sorted(set(inside) - own - _SUBFOLDERS)
    if foreign or (inside and _MARK not in own):
        found = foreign[0] if foreign else min(inside)
        raise CommandError(
            f"{folder} is not a folder of this demo (it holds {found!r}): name another --folder", 2
        )


def _hold(mark: int, folder: Path) -> None:
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as fault:
        raise CommandError(
            f"a demo is running in {folder}: end it first, or name another --folder", 2
        ) from fault


def _empty(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.name != _MARK and (path.is_symlink() or not path.is_dir()):
            path.unlink()
