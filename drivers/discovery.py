"""What is attached to this machine that may be a sensor or a camera, and asking it what it is.

Serial ports come from pyserial's list, which has what udev knows of them; USB devices from the
kernel's own list, which needs neither libusb nor a permission; cameras from their device files.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from greenline.drivers.device_text import read_text
from greenline.drivers.errors import DriverError
from greenline.drivers.fitness import Fitness, fitness_of
from greenline.drivers.sensor import Retry, Sensor, SensorInfo
from greenline.drivers.uru4500 import KINDS
from greenline.drivers.v4l2_port import Kernel, VideoPort
from greenline.drivers.zfm import Zfm

USB_DEVICES = Path("/sys/bus/usb/devices")
# Ports that pyserial does not list: ours by udev rule, and the Pi's own, which has no USB device.
USUAL_LINKS = (Path("/dev/fingerprint"), Path("/dev/serial0"))
LASTING_LINKS = Path("/dev/serial/by-id")  # by udev: /dev/ttyUSB0 changes with the order of plugs

NO_DRIVER = "not a sensor that Greenline has a driver for"
NO_CAMERA_FILE = "a camera, but its file /dev/videoN is missing"
ALIKE = (
    "there are several of this kind and no serial numbers to tell them apart: plug one in at a time"
)

_HUB_CLASS, _VIDEO_CLASS = "09", "0e"


@dataclass(frozen=True)
class Attached:
    """A device that is there. url: how to open it, empty when there is no driver for it.

    place: its device file or USB path. words: what its maker calls it. vendor, product: its USB
    numbers in hexadecimal, empty without. serial: of the adapter or reader, empty without. usb:
    the kernel's name of its USB device, such as 1-1.2, empty without. remark: what it is instead,
    if it is nothing to be asked as a sensor.
    """

    url: str
    place: str
    words: str
    vendor: str = ""
    product: str = ""
    serial: str = ""
    usb: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Answer:
    """What a device says of itself. baud: of a serial module, None of others.

    missed: why a finger that was waited for has told no size, empty when it has or none was.
    """

    info: SensorInfo
    baud: int | None
    fitness: Fitness
    missed: str = ""


def serial_ports(
    listed: Iterable[Any],
    links: Sequence[Path] = USUAL_LINKS,
    lasting: Path = LASTING_LINKS,
) -> list[Attached]:
    """Return the serial ports. listed: serial.tools.list_ports.comports() or alike.

    A link that stays the same whatever is plugged in first makes a port's address: the first of
    ours that leads to it, else the one of udev in the folder lasting.
    """
    by_udev = sorted(lasting.iterdir()) if lasting.is_dir() else []
    ours = {link.resolve(): link for link in reversed(links) if link.exists()}
    addresses = {link.resolve(): link for link in reversed(by_udev) if link.exists()} | ours
    ports = [_from_listed(port, addresses) for port in listed]
    taken = {Path(port.place).resolve() for port in ports}
    ports += [
        Attached(f"serial:{link}", str(link), f"-> {target}")
        for target, link in ours.items()
        if target not in taken
    ]
    return sorted(ports, key=lambda port: port.url)


def usb_devices(folder: Path = USB_DEVICES) -> list[Attached]:
    """Return the USB devices but hubs, in the order of their paths. folder: of the kernel."""
    if not folder.is_dir():
        return []
    found = (_from_kernel(device) for device in sorted(folder.iterdir()))
    devices = [device for device in found if device is not None]
    return [_told_apart(device, devices) for device in devices]


def cameras(kernel: Kernel, root: Path = Path("/"), *, ask_them: bool = True) -> list[Attached]:
    """Return the video devices that give pictures. root: where /dev, /sys and /proc are.

    They are asked what they are (QUERYCAP), never for pictures. One that a program holds open is
    not opened, for it may be streaming, and without ask_them none is: the kernel's words stand.
    """
    files = [file for file in root.glob("dev/video*") if file.name[5:].isdigit()]
    held = _held_open(root) if files else set()
    found = (
        _from_video_file(file, root, None if file in held or not ask_them else kernel)
        for file in sorted(files, key=lambda file: int(file.name[5:]))
    )
    return [camera for camera in found if camera is not None]


def once_each(
    ports: Sequence[Attached], devices: Sequence[Attached], videos: Sequence[Attached]
) -> list[Attached]:
    """Return everything, without the USB devices that carry a port or a camera of the lists."""
    carriers = {found.usb for found in (*ports, *videos)}
    return [
        *ports,
        *(found for found in devices if found.url or found.usb not in carriers),
        *videos,
    ]


def ask(
    url: str,
    open_sensor: Callable[[str], Sensor],
    finger_s: float = 0.0,
    prompt: Callable[[SensorInfo], None] = lambda _: None,
) -> Answer | DriverError:
    """Open the device, ask what it is, close it; or return why it did not answer.

    finger_s: how long to wait for a finger, whose picture tells the size of a module that cannot;
    prompt: is called before, to ask for it.
    """
    try:
        with open_sensor(url) as sensor:
            missed = ""
            if finger_s and sensor.info().width is None:
                prompt(sensor.info())
                missed = _learn_size(sensor, finger_s)
            info = sensor.info()
            baud = sensor.baud if isinstance(sensor, Zfm) else None
            return Answer(info, baud, fitness_of(info), missed)
    except DriverError as fault:
        return fault


def _learn_size(sensor: Sensor, finger_s: float) -> str:
    """Take a picture, for its size; say why there is none, else nothing."""
    if not sensor.wait_finger(present=True, timeout_s=finger_s):
        return f"no finger came within {finger_s:g} s"
    scanned = sensor.scan()
    return scanned.value if isinstance(scanned, Retry) else ""


def _from_listed(port: Any, addresses: dict[Path, Path]) -> Attached:
    words = " ".join(part for part in (port.manufacturer, port.product) if part)
    link = addresses.get(Path(port.device).resolve(), port.device)
    return Attached(
        f"serial:{quote(str(link))}",
        str(port.device),
        words or (port.description if port.description not in (None, "n/a") else ""),
        "" if port.vid is None else f"{port.vid:04x}",
        "" if port.pid is None else f"{port.pid:04x}",
        port.serial_number or "",
        (port.location or "").partition(":")[0],
    )


def _from_kernel(device: Path) -> Attached | None:
    vendor, product = read_text(device / "idVendor"), read_text(device / "idProduct")
    if not vendor or read_text(device / "bDeviceClass") == _HUB_CLASS:
        return None
    found = replace(_numbered(device), place=f"USB {device.name}")
    if (int(vendor, 16), int(product, 16)) in KINDS:
        return replace(found, url=f"usb:{vendor}:{product}")
    interfaces = device.parent.glob(f"{device.name}:*/bInterfaceClass")
    is_camera = any(read_text(interface) == _VIDEO_CLASS for interface in interfaces)
    return replace(found, remark=NO_CAMERA_FILE if is_camera else NO_DRIVER)


def _numbered(device: Path) -> Attached:
    """Return what the kernel's folder of a USB device says; its place and address are open."""
    words = " ".join(
        filter(None, (read_text(device / "manufacturer"), read_text(device / "product")))
    )
    vendor, product, serial = (
        read_text(device / name) for name in ("idVendor", "idProduct", "serial")
    )
    return Attached("", "", words, vendor, product, serial, device.name)


def _told_apart(found: Attached, devices: Sequence[Attached]) -> Attached:
    """Put a reader's serial number into its address if there are others of its kind."""
    kind = [device.serial for device in devices if device.url and device.url == found.url]
    if len(kind) < 2:
        return found
    if not found.serial or kind.count(found.serial) > 1:
        return replace(found, url="", remark=ALIKE)
    return replace(found, url=f"{found.url}?serial={quote(found.serial, safe='{}')}")


def _from_video_file(file: Path, root: Path, kernel: Kernel | None) -> Attached | None:
    """Describe a video device; None: it gives no pictures. kernel: None leaves it closed."""
    place = f"/{file.relative_to(root)}"
    entry = root / "sys/class/video4linux" / file.name
    folder = (entry / "device").resolve()
    carriers = (part for part in (folder, *folder.parents) if (part / "idVendor").is_file())
    carrier = next(carriers, None)
    found = _numbered(carrier) if carrier else Attached("", "", "")
    url = f"v4l2:{place}"
    found = replace(found, url=url, place=place, words=read_text(entry / "name") or found.words)
    if kernel is None:
        is_second = read_text(entry / "index") not in ("", "0")  # of one camera, for its metadata
        return None if is_second else replace(found, remark=f"perhaps a camera, not asked: {url}")
    model = _model_of(file, kernel)
    if isinstance(model, DriverError):
        return replace(found, remark=f"perhaps a camera: {model}")
    return None if model is None else replace(found, words=model, remark=f"a camera: {url}")


def _model_of(file: Path, kernel: Kernel) -> str | DriverError | None:
    try:
        port = VideoPort(str(file), lambda: 0.0, kernel)
        try:
            return port.model()
        finally:
            port.close()
    except DriverError as fault:
        return fault


def _held_open(root: Path) -> set[Path]:
    """Return the files that programs have open, as far as we may see that."""
    held = set()
    for descriptor in root.glob("proc/[0-9]*/fd/*"):
        with suppress(OSError):  # it may be closed by now
            held.add(descriptor.readlink())
    return held
