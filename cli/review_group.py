"""A review's folder that several accounts share: the matcher's, and one of each examiner.

Its files belong to a group. So no examiner needs the matcher's account, which can read all of its
keys. SQLite gives its journal the rights of the file; the folder's setgid bit gives it the group.
"""

import grp
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from greenline.cli.errors import CommandError

_FOLDER, _WRITTEN, _READ = 0o2770, 0o660, 0o640


def group_id(name: str) -> int:
    """Return a group's number. Raises CommandError when there is none of that name."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as fault:
        raise CommandError(f"there is no group {name!r}: make it with 'groupadd'", 2) from fault


def share(folder: Path, group: int, written: Iterable[Path], read: Iterable[Path]) -> None:
    """Give a folder and files in it to a group, which may write some. Raises CommandError."""
    modes = dict.fromkeys(read, _READ) | dict.fromkeys(written, _WRITTEN) | {folder: _FOLDER}
    for path, mode in modes.items():  # the folder last: nobody comes in before all is ready
        try:
            os.chown(path, -1, group)
            path.chmod(mode)
        except OSError as fault:
            raise CommandError(
                f"{path} cannot be given to the group: {fault.strerror}. Who makes it must be in "
                "the group, or root",
                5,
            ) from fault


def is_shared(folder: Path) -> bool:
    """Say whether a folder was made for a group."""
    try:
        return bool(folder.stat().st_mode & stat.S_ISGID)
    except OSError:
        return False
