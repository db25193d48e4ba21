"""A store as a kiosk opens it, with a device key and a clock of the test's own."""

from collections.abc import Callable
from pathlib import Path

from greenline.firmware.clock import Instant
from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.store import Store
from greenline.firmware.store_bounds import USUAL, Bounds
from greenline.firmware.vault import Vault, keys_beside

DEVICE = SecretDeviceKey(bytes(range(32)))
PURPOSE = "border-check"


def instant(now_ms: int) -> Instant:
    """A kiosk that began to run in 1970 and whose clock nobody has set since."""
    return Instant(running_ms=now_ms, wall_ms=now_ms, floor_ms=0, trusted=False)


def open_store(
    path: Path,
    now_ms: Callable[[], int] = lambda: 0,
    device: SecretDeviceKey = DEVICE,
    *,
    bounds: Bounds = USUAL,
) -> Store:
    vault = Vault(keys_beside(path), device, PURPOSE)
    return Store(path, vault, lambda: instant(now_ms()), bounds)
