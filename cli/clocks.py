"""What this machine's clocks say, for the audit log."""

import time
from functools import cache
from pathlib import Path

from greenline.protocol.audit import Moment

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


def moment() -> Moment:
    """Return wall clock, monotonic clock and boot.

    The wall clock counts as trusted once systemd-timesyncd has set it since the boot; a machine
    that gets its time otherwise says "not trusted".
    """
    return Moment(
        max(0, time.time_ns() // 1_000_000),
        _SYNCHRONISED.exists(),
        _boot(),
        time.monotonic_ns() // 1_000_000,
    )


@cache
def _boot() -> bytes:
    try:
        return bytes.fromhex(_BOOT_ID.read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)
