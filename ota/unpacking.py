"""An image of the application, unpacked beside itself: for DirectoryControl alone.

The image is a squashfs that was verified whole; unsquashfs (Debian's squashfs-tools) opens it. A
tree is there whole or not at all: it is unpacked aside, flushed, renamed.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from greenline.ota.durable import on_card, sync_folder
from greenline.ota.errors import CardError, OtaError
from greenline.ota.slots import Slot

_LONGEST_S: Final = 600.0


class UnpackerMissingError(OtaError):
    """unsquashfs is not installed."""


def unpack(slot: Slot) -> None:
    """Unpack a slot's image into the folder `tree` beside it. Raises CardError, OtaError."""
    tree = slot.place.with_name("tree")
    unfinished = tree.with_name("tree.new")
    with on_card(tree):
        for old in (unfinished, tree):
            if old.exists():
                shutil.rmtree(old)
    program = shutil.which("unsquashfs", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise UnpackerMissingError("unsquashfs is missing: apt install squashfs-tools")
    command = [program, "-quiet", "-no-progress", "-no-xattrs", "-processors", "1"]
    done = subprocess.run(
        [*command, "-dest", str(unfinished), str(slot.place)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_S,
    )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise CardError(f"{slot.place} cannot be unpacked: {reason}. Is the card full?")
    with on_card(tree):
        _flush(unfinished)
        unfinished.rename(tree)
        sync_folder(tree.parent)


def _flush(folder: Path) -> None:
    """Have every file and folder of a tree on the card."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            if path.is_symlink() or not path.is_file():
                continue
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_folder(Path(where))
