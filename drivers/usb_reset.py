"""Resetting the USB device behind a sensor's address when it can no longer be opened.

For recovery.py's Step.RESET: as pulling and plugging would, for a reader, for the adapter of a
serial module, or for a webcam. An open reader resets itself through its port (usb_port.py)
instead. Linux only.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from greenline.drivers.device_text import read_text
from greenline.drivers.errors import PortLostError
from greenline.drivers.usb_faults import UDEV_REMEDY

_USBDEVFS_RESET = 0x5514  # _IO('U', 20), linux/usbdevice_fs.h
_CLASSES = {"serial": "tty", "v4l2": "video4linux"}  # of the kernel, by the kind of address


def _reset_by_kernel(node: Path) -> None:
    descriptor = os.open(node, os.O_WRONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _USBDEVFS_RESET, 0)
    finally:
        os.close(descriptor)


def reset_usb(
    url: str, root: Path = Path("/"), reset: Callable[[Path], None] = _reset_by_kernel
) -> bool:
    """Reset what is behind the address; False: no USB device is there.

    root: where /sys and /dev are. Raises PortLostError when it is there and cannot be reset.
    """
    device = usb_device_of(url, root)
    if device is None:
        return False
    try:
        bus, number = (int((device / name).read_text()) for name in ("busnum", "devnum"))
        reset(root / f"dev/bus/usb/{bus:03d}/{number:03d}")
    except PermissionError as fault:
        raise PortLostError(
            f"USB device {device.name}: this program may not reset it; {UDEV_REMEDY}"
        ) from fault
    except (OSError, ValueError) as fault:
        raise PortLostError(f"USB device {device.name}: it cannot be reset ({fault})") from fault
    return True


def usb_device_of(url: str, root: Path = Path("/")) -> Path | None:
    """Return the kernel's folder of the USB device behind an address; None: there is none."""
    scheme, _, rest = url.partition(":")
    place, _, query = rest.partition("?")
    if scheme in _CLASSES and place.startswith("/"):
        return _device_of(root / unquote(place).lstrip("/"), _CLASSES[scheme], root)
    if scheme == "usb":
        vendor, _, product = place.lower().partition(":")
        return _reader(vendor, product, dict(parse_qsl(query)).get("serial"), root)
    return None


def _device_of(file: Path, kind: str, root: Path) -> Path | None:
    """Return the USB device to which a device file of this class of the kernel belongs."""
    device = (root / "sys/class" / kind / file.resolve().name / "device").resolve()
    parts = (device, *device.parents)
    return next((part for part in parts if (part / "busnum").is_file()), None)


def _reader(vendor: str, product: str, serial: str | None, root: Path) -> Path | None:
    """Return the reader with these numbers; None when several fit: the wrong one may be at work."""
    found = []
    for device in sorted((root / "sys/bus/usb/devices").glob("*")):
        try:
            numbers = [(device / name).read_text().strip() for name in ("idVendor", "idProduct")]
        except OSError:
            continue  # an interface, or just unplugged
        if numbers == [vendor, product] and serial in (None, read_text(device / "serial")):
            found.append(device.resolve())
    return found[0] if len(found) == 1 else None
