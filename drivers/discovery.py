"""What is attached to this machine that may be a sensor, and asking it what it is.

Serial ports come from pyserial's list, which has what udev knows of them; USB devices from the
kernel's own list, which needs neither libusb nor a permission.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenline.drivers.errors import DriverError
from greenline.drivers.fitness import Fitness, fitness_of
from greenline.drivers.sensor import Sensor, SensorInfo
from greenline.drivers.uru4500 import KINDS
from greenline.drivers.zfm import Zfm

USB_DEVICES = Path("/sys/bus/usb/devices")
# Ports that pyserial does not list: ours by udev rule, and the Pi's own, which has no USB device.
USUAL_LINKS = (Path("/dev/fingerprint"), Path("/dev/serial0"))

_HUB_CLASS = "09"


@dataclass(frozen=True)
class Attached:
    """A device that is there. url: how to open it, empty when there is no driver for it.

    place: its device file or USB path. words: what its maker calls it. vendor, product: its USB
    numbers in hexadecimal, empty without. serial: of the adapter or reader, empty without.
    """

    url: str
    place: str
    words: str
    vendor: str = ""
    product: str = ""
    serial: str = ""


@dataclass(frozen=True)
class Answer:
    """What a device says of itself. baud: of a serial module, None of others."""

    info: SensorInfo
    baud: int | None
    fitness: Fitness


def serial_ports(listed: Iterable[Any], links: Iterable[Path] = USUAL_LINKS) -> list[Attached]:
    """Return the serial ports. listed: serial.tools.list_ports.comports() or alike.

    A link of ours that leads to a listed port stands in its place, as it stays the same.
    """
    names = {link.resolve(): link for link in links if link.exists()}
    ports = [_from_listed(port, names.pop(Path(port.device).resolve(), None)) for port in listed]
    found = {port.url: port for port in ports}
    for target, link in names.items():
        found.setdefault(f"serial:{link}", Attached(f"serial:{link}", str(link), f"-> {target}"))
    return [found[url] for url in sorted(found)]


def usb_devices(folder: Path = USB_DEVICES) -> list[Attached]:
    """Return the USB devices but hubs, in the order of their paths. folder: of the kernel."""
    if not folder.is_dir():
        return []
    devices = (_from_kernel(device) for device in sorted(folder.iterdir()))
    return [device for device in devices if device is not None]


def ask(
    url: str, open_sensor: Callable[[str], Sensor], finger_s: float = 0.0
) -> Answer | DriverError:
    """Open the device, ask what it is, close it; or return why it did not answer.

    finger_s: how long to wait for a finger, whose picture tells the size of a module that cannot.
    """
    try:
        with open_sensor(url) as sensor:
            if finger_s and sensor.info().width is None:
                _learn_size(sensor, finger_s)
            info = sensor.info()
            return Answer(info, sensor.baud if isinstance(sensor, Zfm) else None, fitness_of(info))
    except DriverError as fault:
        return fault


def _learn_size(sensor: Sensor, finger_s: float) -> None:
    if sensor.wait_finger(present=True, timeout_s=finger_s):
        sensor.scan()


def _from_listed(port: Any, link: Path | None) -> Attached:
    place = str(link or port.device)
    words = " ".join(part for part in (port.manufacturer, port.product) if part)
    return Attached(
        f"serial:{place}",
        place,
        words or (port.description if port.description not in (None, "n/a") else ""),
        "" if port.vid is None else f"{port.vid:04x}",
        "" if port.pid is None else f"{port.pid:04x}",
        port.serial_number or "",
    )


def _from_kernel(device: Path) -> Attached | None:
    vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
    if not vendor or _read(device / "bDeviceClass") == _HUB_CLASS:
        return None
    known = (int(vendor, 16), int(product, 16)) in KINDS
    words = " ".join(filter(None, (_read(device / "manufacturer"), _read(device / "product"))))
    url = f"usb:{vendor}:{product}" if known else ""
    return Attached(url, f"USB {device.name}", words, vendor, product, _read(device / "serial"))


def _read(file: Path) -> str:
    with suppress(OSError):  # it may be unplugged at this very moment
        text = file.read_text("utf-8", "replace")
        return "".join(letter for letter in text if letter.isprintable()).strip()
    return ""
