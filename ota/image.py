"""A folder becomes an image: a squashfs that is the same, byte for byte, for the same folder.

What makes a small change a small download: no fragments (else one changed file moves the ends of
all files after it into other blocks), no times, names in order. Blocks are compressed by zstd, each
for itself, so an unchanged file keeps its bytes; measured in docs/updates.md. Another version of
mksquashfs or libzstd may compress differently: then every device fetches one full image.
"""

import os
import subprocess
from pathlib import Path
from typing import Final

from greenline.ota.errors import OfficeError
from greenline.ota.office_files import on_disk, remove_files

_FIXED: Final = (
    *("-noappend", "-quiet", "-no-progress", "-no-xattrs", "-no-exports", "-no-fragments"),
    *("-all-time", "0", "-mkfs-time", "0"),
    *("-comp", "zstd", "-Xcompression-level", "15", "-b", "131072"),
)


def squash(source: Path, image: Path, *, keep_owners: bool) -> None:
    """Write a folder's squashfs to `image`. Raises OfficeError.

    keep_owners: as a whole system needs; else everything belongs to root. Extended attributes, and
    with them file capabilities, are left out.
    """
    if not any(source.iterdir()):
        raise OfficeError(f"{source} is empty: it cannot be a release")
    command = ["mksquashfs", str(source), str(image), *_FIXED]
    command += [] if keep_owners else ["-all-root"]
    # It would contradict the times given above.
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    try:
        ended = subprocess.run(command, capture_output=True, env=environment, check=False)
    except FileNotFoundError as fault:
        raise OfficeError("mksquashfs is missing: apt-get install squashfs-tools") from fault
    if ended.returncode:
        remove_files(image)
        told = (ended.stderr or ended.stdout).decode(errors="replace").strip().splitlines()
        raise OfficeError(f"no image could be made of {source}: {told[-1] if told else 'no word'}")
    with on_disk(image), image.open("rb+") as file:
        os.fsync(file.fileno())
