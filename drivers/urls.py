"""Addresses of sensors in the configuration, and the driver for each kind.

serial:/dev/fingerprint             a ZFM module at whatever speed it has
serial:/dev/fingerprint?baud=115200 the same; it is changed to this speed if it has another
"""

import time
from urllib.parse import parse_qsl, urlsplit

from greenline.drivers.errors import SensorUrlError
from greenline.drivers.port import Clock, SerialPort
from greenline.drivers.sensor import Sensor
from greenline.drivers.zfm import SEARCH_BAUDS, Zfm
from greenline.drivers.zfm_commands import BAUD_STEP


def open_sensor(url: str, clock: Clock = time.monotonic) -> Sensor:
    """Open the sensor at this address; the caller closes it.

    Raises SensorUrlError when the address cannot be meant, PortLostError when the port is not
    there, PortTimeoutError when no sensor answers, RefusedError when it wants a password.
    """
    scheme, separator, _ = url.partition(":")
    if not separator or scheme not in _OPENERS:
        known = ", ".join(f"{name}:" for name in _OPENERS)
        raise SensorUrlError(f"no sensor at {url!r}: an address begins with one of {known}")
    return _OPENERS[scheme](url, clock)


def _open_serial(url: str, clock: Clock) -> Sensor:
    path, baud = _serial_parts(url)
    port = SerialPort.open(path, SEARCH_BAUDS[0] if baud is None else baud, clock)
    try:
        return Zfm.open(port, clock, run_at=baud)
    except BaseException:
        port.close()
        raise


def _serial_parts(url: str) -> tuple[str, int | None]:
    """Return the device file and the wanted speed, None if the address names none."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    baud = options.pop("baud", None)
    if parts.netloc or not parts.path or parts.fragment:
        raise SensorUrlError(f"{url!r} names no device; write it like serial:/dev/fingerprint")
    if options:
        raise SensorUrlError(f"{url!r} has an unknown option {min(options)!r}; there is: baud")
    if baud is None:
        return parts.path, None
    if not baud.isascii() or not baud.isdigit() or not _is_speed(int(baud)):
        raise SensorUrlError(f"{url!r}: the speed must be a multiple of 9600 up to 115200")
    return parts.path, int(baud)


def _is_speed(baud: int) -> bool:
    return 0 < baud <= 12 * BAUD_STEP and baud % BAUD_STEP == 0


_OPENERS = {"serial": _open_serial}
