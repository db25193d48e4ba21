"""What pyusb and the kernel raise, turned into our own faults, for usb_port.py and usb_reset.py."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    LibraryMissingError,
    PortTimeoutError,
    StalledError,
    port_lost,
)

UDEV_REMEDY = (
    "install the udev rules of Greenline's folder: sudo cp systemd/udev/60-greenline.rules "
    "/etc/udev/rules.d/ && sudo udevadm control --reload && sudo udevadm trigger"
)
_FORBIDDEN = f"this program may not use it; {UDEV_REMEDY}"
_LOST = {
    errno.ENODEV: "it has been unplugged",
    errno.ENOENT: "it has been unplugged",
    errno.ENXIO: "it has been unplugged",
    errno.ESHUTDOWN: "it has been unplugged",
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EBUSY: "another program uses it; stop that one first",
}


@contextmanager
def pyusb_needed() -> Iterator[None]:
    """Raise LibraryMissingError when what is imported inside is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise LibraryMissingError(
            "pyusb is not installed here: install greenline[device]"
        ) from error


@contextmanager
def faults_of(name: str) -> Iterator[None]:
    """Turn what pyusb raises inside into our own faults. name: the device, in the messages."""
    try:
        yield
    except PortTimeoutError:
        raise  # ours already, and an OSError by its second parent
    except (OSError, NotImplementedError) as error:  # a USBError is an OSError
        raise _fault(name, error) from error


def _fault(name: str, error: OSError | NotImplementedError) -> DriverError:
    number = getattr(error, "errno", None)
    if number in _LOST:
        return port_lost(number, f"{name}: {_LOST[number]}")
    if number == errno.ETIMEDOUT:
        return PortTimeoutError(f"{name} did not answer in time")
    if number == errno.EPIPE:
        return StalledError(f"{name} refuses a transfer (stall)")
    return BadTransferError(f"{name}: a transfer failed ({error})")
