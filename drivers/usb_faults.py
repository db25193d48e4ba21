"""What pyusb raises, turned into our own faults; only usb_port.py and its tests need it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    PortLostError,
    PortTimeoutError,
    StalledError,
)

_LOST = {
    errno.ENODEV: "it has been unplugged",
    errno.ENOENT: "it has been unplugged",
    errno.ENXIO: "it has been unplugged",
    errno.ESHUTDOWN: "it has been unplugged",
    errno.EACCES: "this program may not use it; install the udev rule and plug it in again",
    errno.EPERM: "this program may not use it; install the udev rule and plug it in again",
    errno.EBUSY: "another program uses it; stop that one first",
}


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
        return PortLostError(f"{name}: {_LOST[number]}")
    if number == errno.ETIMEDOUT:
        return PortTimeoutError(f"{name} did not answer in time")
    if number == errno.EPIPE:
        return StalledError(f"{name} refuses a transfer (stall)")
    return BadTransferError(f"{name}: a transfer failed ({error})")
