"""Addresses of serial sensors: serial:/dev/fingerprint?baud=best&touch=GPIO17&power=GPIO27."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from greenline.drivers.errors import SensorUrlError
from greenline.drivers.zfm_commands import BAUD_STEP

_OPTIONS = "baud, touch, power"
_PIN = re.compile(r"GPIO([0-9]|1[0-9]|2[0-7])")


@dataclass(frozen=True)
class SerialAddress:
    """What an address says. path: the device file. baud: the wanted speed, None: its own.

    best: raise the speed as far as it works. touch, power: names of the board's pins, None: not
    wired.
    """

    path: str
    baud: int | None
    best: bool
    touch: str | None
    power: str | None


def parse_serial(url: str) -> SerialAddress:
    """Read the address of a serial sensor. Raises SensorUrlError when it cannot be meant.

    Of an address that urlsplit() takes, as urls.py makes sure. In the path, %20 is a blank.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    baud = options.pop("baud", None)
    touch, power = (options.pop(name, None) for name in ("touch", "power"))
    if parts.netloc or not parts.path or parts.fragment:
        raise SensorUrlError(f"{url!r} names no device; write it like serial:/dev/fingerprint")
    if options:
        raise SensorUrlError(
            f"{url!r} has an unknown option {min(options)!r}; there are: {_OPTIONS}"
        )
    for pin in (touch, power):
        if pin is not None and not _PIN.fullmatch(pin):
            raise SensorUrlError(f"{url!r}: a pin is named like GPIO17, from GPIO0 to GPIO27")
    if touch is not None and touch == power:
        raise SensorUrlError(f"{url!r}: touch line and supply switch cannot share {touch}")
    best = baud == "best"
    return SerialAddress(
        unquote(parts.path), None if best else _speed(url, baud), best, touch, power
    )


def _speed(url: str, baud: str | None) -> int | None:
    if baud is None:
        return None
    if baud.isascii() and baud.isdigit() and len(baud) < 7:
        speed = int(baud)
        if 0 < speed <= 12 * BAUD_STEP and speed % BAUD_STEP == 0:
            return speed
    raise SensorUrlError(
        f"{url!r}: the speed must be a multiple of 9600 up to 115200, or the word best"
    )
