"""What is destroyed when a kiosk is wiped, by its configuration."""

import contextlib
import logging
import os
from pathlib import Path

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.own_keys import key_place
from greenline.firmware.config import KioskConfig, UplinkConfig
from greenline.firmware.wipe import Wipe

log = logging.getLogger(__name__)


def make_wipe(config: Path, settings: KioskConfig) -> Wipe:
    """Return what is to be destroyed of a kiosk. Raises CommandError, DeviceKeyError."""
    keys = settings.keys
    secrets = [keys.signing, keys.opening, *keys.earlier_opening]
    # The uplink's own key, where `greenline kiosk enrol` puts its configuration.
    with contextlib.suppress(CommandError):
        link = read_configuration(config.with_name("uplink.toml"), UplinkConfig).broker
        secrets += [link.key]
    return Wipe(
        key_place(keys),
        settings.store,
        tuple(secrets),
        lambda words: log.debug("wipe", extra={"step": words}),
    )


def refuse_powerless(settings: KioskConfig) -> None:
    """Refuse a wipe key that could destroy nothing. Raises CommandError."""
    keys = settings.panel.keys
    if keys is None or keys.wipe is None:
        return
    for folder in {settings.keys.signing.parent, settings.keys.opening.parent}:
        if not os.access(folder, os.W_OK):
            raise CommandError(
                f"panel.keys.wipe: the kiosk's account may not write in {folder}, so the key could "
                "destroy nothing there: let it, or leave 'wipe' out",
                4,
            )


def end_wipe(config: Path, settings: KioskConfig) -> None:
    """End a wipe that the power may have cut short."""
    wiping = make_wipe(config, settings)
    for fault in (*wiping.destroy_keys(), *wiping.remove_rest()):
        log.error("not wiped", extra={"reason": fault})
