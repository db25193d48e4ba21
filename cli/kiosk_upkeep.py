"""Where the kiosk's certificate for the link lies, for what its page tells of it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.firmware.config import UplinkConfig
from greenline.firmware.kiosk import Kiosk
from greenline.firmware.kiosk_parts import KioskParts
from greenline.firmware.upkeep import Upkeep


@contextlib.contextmanager
def kept_up(running: Kiosk, parts: KioskParts, config: Path, matcher: Path) -> Iterator[None]:
    """Tell on a kiosk's page what is due soon. config: kiosk.toml; uplink.toml lies beside it.

    matcher: the file of its identity.
    """
    upkeep = Upkeep(
        running.board, certificate_of(config), matcher, parts.matcher, parts.clock.now_ms
    )
    upkeep.start()
    try:
        yield
    finally:
        upkeep.stop()


def certificate_of(config: Path) -> Path | None:
    """Return the certificate that uplink.toml names; None: the uplink is configured elsewhere."""
    uplink = config.with_name("uplink.toml")
    try:
        return read_configuration(uplink, UplinkConfig).broker.certificate
    except CommandError:
        return None  # the uplink itself says what is wrong with it
