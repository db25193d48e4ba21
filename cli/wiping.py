"""What is destroyed when a kiosk is wiped, by its configuration."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.own_keys import key_place
from greenline.firmware.config import KioskConfig, UplinkConfig
from greenline.firmware.device_key import DeviceKey, KeyPlace
from greenline.firmware.errors import DeviceKeyError
from greenline.firmware.renewal import Pair
from greenline.firmware.wipe import Wipe

log = logging.getLogger(__name__)


@dataclass
class PlaceOnDemand:
    """A key place (device_key.py) that is opened when it is used: without its TPM a wipe goes on.

    find: raises CommandError, DeviceKeyError.
    """

    find: Callable[[], KeyPlace]
    announcement: str = ""

    def read(self) -> DeviceKey | None:
        """Return the key, if any. Raises DeviceKeyError."""
        return self._found().read()

    def make(self) -> DeviceKey:
        """Make a new key. Raises DeviceKeyError."""
        return self._found().make()

    def destroy(self) -> None:
        """Destroy the key. Raises DeviceKeyError."""
        self._found().destroy()

    def _found(self) -> KeyPlace:
        try:
            return self.find()
        except CommandError as fault:
            raise DeviceKeyError(str(fault)) from fault


def make_wipe(config: Path, settings: KioskConfig) -> Wipe:
    """Return what is to be destroyed of a kiosk."""
    keys = settings.keys
    link_keys, unknown = _link_keys(config)
    secrets = [keys.signing, keys.opening, *keys.earlier_opening]
    for key in link_keys:
        secrets += [key, Pair(key, key).next_key]
    return Wipe(
        PlaceOnDemand(lambda: key_place(keys)),
        settings.store,
        tuple(secrets),
        lambda words: log.debug("wipe", extra={"step": words}),
        unknown,
    )


def _link_keys(config: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Return the uplink's keys, and in words why there may be another that nobody can tell.

    They lie where `greenline kiosk enrol` puts them, or where uplink.toml beside kiosk.toml says.
    """
    usual = config.with_name("uplink.pem")
    uplink = config.with_name("uplink.toml")
    if not os.path.lexists(uplink):
        return [usual], ()
    try:
        named = read_configuration(uplink, UplinkConfig).broker.key
    except CommandError as fault:
        return [usual], (f"{fault}; a key of the link that it names is not destroyed",)
    return list(dict.fromkeys((usual, named))), ()


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
