"""Addresses of sensors in the configuration, and the driver for each kind.

serial:/dev/fingerprint             a ZFM module at whatever speed it has
serial:/dev/fingerprint?baud=115200 the same; it is changed to this speed if it has another
serial:/dev/fingerprint?baud=best   the same; speed and packets are raised as far as they work,
    and lowered again when pictures arrive damaged
serial:/dev/fingerprint?touch=GPIO17&power=GPIO27
    the module's touch line (WAKEUP) and a switch of its supply are wired to these pins
serial:/dev/serial/by-id/usb-...    the same, at an adapter that is found wherever it is plugged in
usb:05ba:000a                       a U.are.U reader, by its USB numbers
usb:05ba:000a?serial={A1B2}         the one with this serial number, where there are several
usb:05ba:000a?turn=0&invert=no&dpi=512&seed=0x51ea2124
    the same; turn (0 or 180 degrees), invert and dpi say how this unit differs from others of
    its kind, seed replaces the random number of the key exchange (a recording needs its own)
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from greenline.drivers.errors import SensorUrlError
from greenline.drivers.gpio import Pins
from greenline.drivers.port import Clock, Port, SerialPort
from greenline.drivers.sensor import Sensor
from greenline.drivers.serial_urls import SerialAddress, parse_serial
from greenline.drivers.uru4500 import Uru4500
from greenline.drivers.usb_port import PyUsbPort
from greenline.drivers.usb_urls import parse_usb
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_start import SEARCH_BAUDS
from greenline.drivers.zfm_tuning import BEST_BAUDS
from greenline.drivers.zfm_wiring import wire_up


def open_sensor(
    url: str, clock: Clock = time.monotonic, pins: Pins | None = None, usb_backend: Any = None
) -> Sensor:
    """Open the sensor at this address; the caller closes it.

    pins: a gpiozero pin factory for what is wired besides, None: the board's own. usb_backend: a
    usb.backend.IBackend, None: libusb. Raises SensorUrlError when the address cannot be meant,
    PortLostError when the port is not there or a reader does not start up, PortTimeoutError when
    no module answers, RefusedError when it wants a password.
    """
    check_sensor_url(url)
    return _OPENERS[url.partition(":")[0]](url, clock, pins, usb_backend)


def check_sensor_url(url: str) -> None:
    """Say whether an address can be meant, without opening anything. Raises SensorUrlError."""
    scheme, separator, _ = url.partition(":")
    if not separator or scheme not in _PARSERS:
        known = ", ".join(f"{name}:" for name in _PARSERS)
        raise SensorUrlError(f"no sensor at {url!r}: an address begins with one of {known}")
    _demand_readable(url)
    _PARSERS[scheme](url)


def _demand_readable(url: str) -> None:
    """Refuse what would be a bare ValueError of the parsers or of the operating system."""
    try:
        urlsplit(url)
    except ValueError as error:
        raise SensorUrlError(f"{url!r} cannot be read as an address: {error}") from error
    if not unquote(url).isprintable():
        raise SensorUrlError(f"{url!r} has a character in it that no address has")


def sensor_pins(url: str) -> tuple[int, ...]:
    """Return the board's pins that an address names. Raises SensorUrlError."""
    check_sensor_url(url)
    if not url.startswith("serial:"):
        return ()
    address = parse_serial(url)
    names = (address.touch, address.power)
    return tuple(int(name.removeprefix("GPIO")) for name in names if name is not None)


def _open_serial(url: str, clock: Clock, pins: Pins | None, _: Any) -> Sensor:
    address = parse_serial(url)
    usual = BEST_BAUDS[0] if address.best else SEARCH_BAUDS[0]
    port = SerialPort.open(address.path, address.baud or usual, clock)
    try:
        return _open_zfm(port, clock, address, pins)
    except BaseException:
        port.close()
        raise


def _open_zfm(port: Port, clock: Clock, address: SerialAddress, pins: Pins | None) -> Sensor:
    wiring = wire_up(address.touch, address.power, pins)
    try:
        return Zfm.open(port, clock, address.baud, best=address.best, wiring=wiring)
    except BaseException:
        wiring.release()
        raise


def _open_usb(url: str, clock: Clock, _: Pins | None, backend: Any) -> Sensor:
    address = parse_usb(url)
    port = PyUsbPort.open(address.vendor, address.product, clock, backend, serial=address.serial)
    try:
        return Uru4500.open(port, clock, address.optics, address.new_seed)
    except BaseException:
        port.close()
        raise


_OPENERS = {"serial": _open_serial, "usb": _open_usb}
_PARSERS: dict[str, Callable[[str], object]] = {"serial": parse_serial, "usb": parse_usb}
