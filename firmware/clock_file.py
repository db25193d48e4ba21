"""What the clock keeps across restarts, in a small file that is replaced as a whole.

Under a MAC whose key comes from the device key: who changes the file on the card makes it unusable,
not the kiosk young or old. `greenline clock apply` reads it at boot, the kiosk writes it.
"""

import logging
import struct
from pathlib import Path

from greenline.firmware.clock import Kept
from greenline.firmware.device_key import DeviceKey
from greenline.firmware.errors import StoreError, StoreFullError, WrappingError
from greenline.link.files import replace_file

log = logging.getLogger(__name__)

_KEPT = struct.Struct(">QQ16sQ")
_CONTEXT = b"greenline clock 1\0"
_FULL = (28, 122)  # ENOSPC, EDQUOT


def clock_beside(store: Path) -> Path:
    """Return where the clock of a kiosk with this store is kept."""
    return store.with_name(f"{store.name}-clock")


class ClockFile:
    """The file. Wrapped by the device key, whose tag is the MAC."""

    def __init__(self, path: Path, device: DeviceKey) -> None:
        self._path = path
        self._device = device

    def read(self) -> Kept | None:
        """Return what was kept; None: nothing, or (said in the log) nothing of this device's."""
        try:
            packed = self._device.unwrap(self._path.read_bytes(), _CONTEXT)
            return Kept(*_KEPT.unpack(packed))
        except FileNotFoundError:
            return None
        except (OSError, WrappingError, struct.error) as fault:
            log.warning("clock forgotten", extra={"file": str(self._path), "reason": str(fault)})
            return None

    def write(self, kept: Kept) -> None:
        """Keep this. Raises StoreError."""
        packed = _KEPT.pack(kept.floor_ms, kept.running_ms, kept.boot, kept.monotonic_ms)
        try:
            replace_file(self._path, self._device.wrap(packed, _CONTEXT), 0o600)
        except OSError as fault:
            kind = StoreFullError if fault.errno in _FULL else StoreError
            raise kind(f"the clock {self._path} cannot be kept: {fault.strerror}") from fault
