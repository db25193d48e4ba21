"""The kiosk's clock, from what was kept of earlier runs and what this release knows."""

from greenline.cli.clocks import moment
from greenline.cli.software import RELEASED
from greenline.firmware.clock import Clock
from greenline.firmware.clock_file import ClockFile, clock_beside
from greenline.firmware.config import KioskConfig
from greenline.firmware.device_key import DeviceKey


def kiosk_clock(settings: KioskConfig, device: DeviceKey) -> Clock:
    """Return the clock of a kiosk, going on where its last run ended."""
    file = ClockFile(clock_beside(settings.store), device)
    return Clock(moment, file.read(), file.write, int(RELEASED.timestamp() * 1000))
