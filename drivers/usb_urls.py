"""Addresses of USB sensors: usb:05ba:000a?serial={A1B2}&turn=180&invert=yes&dpi=512&seed=0x51ea."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from greenline.drivers.errors import SensorUrlError
from greenline.drivers.uru4500 import KINDS, Kind, any_seed
from greenline.drivers.uru4500_picture import Optics

_OPTIONS = "serial, turn, invert, dpi, seed"
_DPI_RANGE = (300.0, 1000.0)
_NUMBERS = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})", re.IGNORECASE)
_SEED = re.compile(r"0x[0-9a-f]{1,8}", re.IGNORECASE)
_DPI = re.compile(r"[0-9]{1,4}(\.[0-9]+)?")


@dataclass(frozen=True)
class UsbAddress:
    """What an address says. vendor, product: USB numbers. new_seed: gives 32 bits a time.

    serial: of the one that is meant, as USB tells it; None: any of this kind.
    """

    vendor: int
    product: int
    optics: Optics
    new_seed: Callable[[], int]
    serial: str | None


def parse_usb(url: str) -> UsbAddress:
    """Read the address of a USB sensor. Raises SensorUrlError when it cannot be meant.

    Of an address that urlsplit() takes, as urls.py makes sure.
    """
    parts = urlsplit(url)
    numbers = _NUMBERS.fullmatch(parts.path)
    if parts.netloc or parts.fragment or numbers is None:
        raise SensorUrlError(f"{url!r} names no device; write it like usb:05ba:000a")
    vendor, product = (int(number, 16) for number in numbers.groups())
    if (vendor, product) not in KINDS:
        known = ", ".join(f"{vendor:04x}:{product:04x}" for vendor, product in KINDS)
        raise SensorUrlError(f"{url!r}: there is no driver for this device, only for {known}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    seed, serial = options.pop("seed", None), options.pop("serial", None)
    if serial == "":
        raise SensorUrlError(f"{url!r}: serial is empty; leave it out to take any of this kind")
    optics = _optics(url, options, KINDS[vendor, product])
    new_seed = any_seed if seed is None else _same(url, seed)
    return UsbAddress(vendor, product, optics, new_seed, serial)


def _optics(url: str, options: dict[str, str], kind: Kind) -> Optics:
    usual = kind.optics
    turn = options.pop("turn", "180" if usual.turned else "0")
    invert = options.pop("invert", "yes" if usual.inverted else "no")
    dpi = options.pop("dpi", f"{usual.dpi:g}")
    if options:
        raise SensorUrlError(
            f"{url!r} has an unknown option {min(options)!r}; there are: {_OPTIONS}"
        )
    if turn not in ("0", "180"):
        raise SensorUrlError(f"{url!r}: turn must be 0 or 180 degrees")
    if invert not in ("yes", "no"):
        raise SensorUrlError(f"{url!r}: invert must be yes or no")
    if not _DPI.fullmatch(dpi) or not _DPI_RANGE[0] <= float(dpi) <= _DPI_RANGE[1]:
        raise SensorUrlError(f"{url!r}: dpi must be a number from 300 to 1000")
    return Optics(turned=turn == "180", inverted=invert == "yes", dpi=float(dpi))


def _same(url: str, seed: str) -> Callable[[], int]:
    if not _SEED.fullmatch(seed):
        raise SensorUrlError(f"{url!r}: seed must be a number of 32 bits like 0x51ea2124")
    value = int(seed, 16)
    return lambda: value
