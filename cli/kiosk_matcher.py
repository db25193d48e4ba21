"""How a kiosk that is enrolled hears of its matcher's new keys: with its daily renewal.

They come from the authority, which the kiosk knows by the site's roots, as they did when it was
enrolled. Only ever those of the matcher that it has: another one is for a person to decide.
"""

from pathlib import Path

from greenline.cli.configuration import read_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import read_identity, write_public
from greenline.firmware.config import KioskConfig
from greenline.firmware.est import AuthorityClient
from greenline.protocol.keys import Identity


def take_matcher(config: Path, authority: AuthorityClient) -> str:
    """Bring the matcher's public keys up to date; returns what to tell. config: kiosk.toml.

    Raises CommandError, AuthorityLostError, AuthorityRefusedError; what is there stays then.
    """
    if not config.exists():
        return f"There is no {config}: the matcher's keys were not looked at."
    settings = read_configuration(config, KioskConfig)
    path = settings.keys.matcher
    held, place = read_identity(path), authority.place()
    found = Identity.from_json(place.matcher)
    if place.kiosk != settings.name:
        raise CommandError(
            f"the authority knows this device as {place.kiosk}, {config} as {settings.name}: "
            "the matcher's keys stay as they are; enrol this device again",
            4,
        )
    if found.name != held.name:
        raise CommandError(
            f"the authority names another matcher, {found.name}, than {path}, {held.name}: it was "
            "not accepted; ask the centre, and enrol this device again if it is meant so",
            4,
        )
    return _taken(path, held, found)


def _taken(path: Path, held: Identity, found: Identity) -> str:
    """Replace an identity by a newer one of the same name."""
    if found == held:
        return f"{held.name} has the keys that we know."
    if found.verify in [old.verify for old in held.earlier]:
        return (
            f"The authority names keys of {held.name} that are older than ours, which stay: have "
            "the centre run 'greenline authority publish'."
        )
    write_public(path, found.to_json())
    return f"{held.name} has new keys: {path} is replaced. Restart the kiosk: only then it uses it."
