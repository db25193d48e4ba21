"""`greenline clock`: raises the system's clock to what somebody has signed, before the uplink.

A Pi boots in 1970, where no certificate is valid yet. Run as root, once, at boot; it never sets a
clock back, and never further ahead than a signed time.
"""

import contextlib
import datetime
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.own_keys import key_place
from greenline.cli.software import RELEASED
from greenline.firmware.clock_file import ClockFile, clock_beside
from greenline.firmware.config import KioskConfig, UplinkConfig
from greenline.firmware.errors import DeviceKeyError

app = typer.Typer(no_args_is_help=True)

_Config = Annotated[Path, typer.Option(help="The kiosk's TOML file; uplink.toml lies beside it.")]


@app.command()
def floor(config: _Config) -> None:
    """Print the earliest that it can be now."""
    print(_words(_floor(config)))


@app.command()
def apply(config: _Config) -> None:
    """Raise the system's clock if it is earlier than it can be. Needs root."""
    earliest, now = _floor(config), datetime.datetime.now(datetime.UTC)
    if not raised(now, earliest, lambda to_s: time.clock_settime(time.CLOCK_REALTIME, to_s)):
        print(f"The clock is not too early: {_words(now)}.")
        return
    print(f"The clock said {_words(now)}; it is {_words(earliest)} at least, and was set to that.")


def raised(
    now: datetime.datetime, earliest: datetime.datetime, set_clock: Callable[[float], None]
) -> bool:
    """Set a clock that is too early; False: it is not. set_clock: takes Unix seconds.

    Raises CommandError when the clock cannot be set.
    """
    if now >= earliest:
        return False
    try:
        set_clock(earliest.timestamp())
    except OSError as fault:
        raise CommandError(
            f"the clock cannot be set ({fault.strerror}): run this as root, at boot", 4
        ) from fault
    return True


def _floor(config: Path) -> datetime.datetime:
    """Return the latest of what this release, the centre and the authority have signed."""
    settings = read_configuration(config, KioskConfig)
    known = [RELEASED]
    # Nothing that fails here may keep the clock in 1970: what is left still counts.
    with contextlib.suppress(DeviceKeyError, CommandError):
        device = key_place(settings.keys).read()
        kept = ClockFile(clock_beside(settings.store), device).read() if device else None
        if kept is not None:
            known.append(datetime.datetime.fromtimestamp(kept.floor_ms / 1000, datetime.UTC))
    with contextlib.suppress(CommandError, OSError, ValueError, x509.InvalidVersion):
        link = read_configuration(config.with_name("uplink.toml"), UplinkConfig).broker
        own = x509.load_pem_x509_certificates(link.certificate.read_bytes())
        known += [each.not_valid_before_utc for each in own]
    return max(known)


def _words(when: datetime.datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
