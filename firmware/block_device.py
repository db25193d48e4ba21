"""How much was written to the block device under a file, as Linux counts it.

From /sys/dev/block/MAJOR:MINOR/stat, whose seventh number is sectors of 512 bytes written
(Documentation/block/stat.rst). A file system without a device of its own, such as tmpfs or an
overlay, has no such count.
"""

import os
from pathlib import Path

_DEVICES = Path("/sys/dev/block")
_SECTORS_WRITTEN = 6
_SECTOR_BYTES = 512


def written_bytes(path: Path, devices: Path = _DEVICES) -> int | None:
    """Return the bytes written since the device was there; None: nobody counts them."""
    try:
        device = path.stat().st_dev
        stat = devices / f"{os.major(device)}:{os.minor(device)}" / "stat"
        return int(stat.read_text().split()[_SECTORS_WRITTEN]) * _SECTOR_BYTES
    except (OSError, ValueError, IndexError):
        return None
