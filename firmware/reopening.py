"""Opens one device of the kiosk, and opens it again when it has gone: drivers/recovery.py, done.

Used by the thread that owns the device. It waits, resets and opens, and never gives up.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from greenline.drivers.errors import (
    CameraUrlError,
    DriverError,
    LibraryMissingError,
    PortRefusedError,
    RefusedError,
    SensorUrlError,
)
from greenline.drivers.port import Clock
from greenline.drivers.recovery import Policy, Recovery, Step

log = logging.getLogger(__name__)

# An officer who has plugged a device in again stands beside it: ten seconds are long enough.
POLICY = Policy(first_s=1.0, most_s=10.0)


# Another program's device must not be torn from it, and a reset changes no configuration.
_NO_CASE_FOR_A_RESET = (
    PortRefusedError,
    RefusedError,
    SensorUrlError,
    CameraUrlError,
    LibraryMissingError,
)


class Closable(Protocol):
    """Anything that is opened and closed."""

    def close(self) -> None:
        """Let go of the device; harmless when it is gone or closed already."""


Device = TypeVar("Device", bound=Closable)


def no_usb_device() -> bool:
    """Reset nothing: the device hangs on pins or on a bus that cannot be reset."""
    return False


def close_quietly(device: Closable) -> None:
    """Close a device, whatever it says to that: a thread must live on to open it again."""
    try:
        device.close()
    except Exception:
        log.exception("a device failed while it was closed")


@dataclass(frozen=True)
class Opening(Generic[Device]):
    """How a device is opened. open: may raise DriverError. reset_usb: False when it has none.

    seems_there: looks without opening it. policy: how long to wait between two tries.
    """

    open: Callable[[], Device]
    reset_usb: Callable[[], bool] = no_usb_device
    seems_there: Callable[[], bool] = lambda: True
    policy: Policy = POLICY


class Reopener(Generic[Device]):
    """The tries to open one device. wait: waits so many seconds, less when the kiosk stops."""

    def __init__(
        self,
        opening: Opening[Device],
        wait: Callable[[float], object],
        clock: Clock = time.monotonic,
    ) -> None:
        self._opening = opening
        self._wait = wait
        self._recovery = Recovery(clock, opening.policy)

    def next_step(self) -> Device | None:
        """Wait, reset or open, whichever is due; return the device once it is open.

        Raises DriverError when it cannot be opened: tell failed(), then call again.
        """
        match self._recovery.next_step():
            case Step.WAIT:
                self._wait(self._recovery.wait_s())
                return None
            case Step.RESET:
                self._reset_usb()
                return None
            case Step.TRY:
                device = self._opening.open()
                self._recovery.succeeded()
                return device

    def failed(self, fault: Exception) -> None:
        """Note that the device could not be opened, or has failed in use."""
        self._recovery.failed(reset_helps=not isinstance(fault, _NO_CASE_FOR_A_RESET))

    def _reset_usb(self) -> None:
        try:
            if self._opening.reset_usb():
                log.info("USB device reset")
        except DriverError as fault:
            log.warning("USB device not reset", extra={"reason": str(fault)})
        self._recovery.reset_done()
