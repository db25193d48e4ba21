"""`greenline rotate`: new keys for the matcher, while the old ones go on serving.

May be interrupted anywhere: the same command again goes on where it was. The opening key is put in
place before the signing key, so that what lies between is understood by every kiosk.
"""

import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from greenline.cli.configuration import read_configuration, toml_of
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import (
    keep_opening_key,
    keep_signing_key,
    read_opening_key,
    read_signing_key,
    write_public,
    write_secret,
)
from greenline.link.files import sync_folder
from greenline.matcher.config import EarlierKeys, MatcherConfig
from greenline.protocol.keys import Earlier, Identity
from greenline.protocol.messages import LONGEST_LIFE_MS

app = typer.Typer()


@app.command()
def rotate(
    config: Annotated[Path, typer.Option(help="The matcher's TOML file; its comments are lost.")],
    until: Annotated[
        datetime.datetime,
        typer.Option(help="So long the old keys serve: when the last kiosk has the new ones."),
    ],
) -> None:
    """Make new keys for the matcher; the old ones serve until every kiosk has heard of them."""
    now = datetime.datetime.now(datetime.UTC)
    end = until.replace(tzinfo=datetime.UTC)
    if end - now < datetime.timedelta(milliseconds=LONGEST_LIFE_MS):
        raise CommandError(
            "--until must be 72 hours from now at least: so long requests wait in kiosks", 2
        )
    settings = read_configuration(config, MatcherConfig)
    try:
        settings = _with_earlier(config, settings, end, now)
        identity = _switch(settings)
    except OSError as fault:
        raise CommandError(f"{fault.filename} cannot be written: {fault.strerror}", 3) from fault
    print(f"{settings.name} has new keys; the old ones serve until {end:%Y-%m-%d %H:%M} UTC. Now:")
    print("1. Restart the matcher.")
    print("2. Run 'greenline authority publish': kiosks get the new ones with their daily renewal.")
    print(f"   Without an authority give {identity} to every kiosk, as its 'keys.matcher'.")
    print("3. Restart each kiosk once its page says that the matcher has new keys.")


def _next(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")


def _with_earlier(
    path: Path, settings: MatcherConfig, end: datetime.datetime, now: datetime.datetime
) -> MatcherConfig:
    """Make the next keys, keep a copy of the old, and name it in the configuration."""
    keys = settings.keys
    if not _next(keys.signing).exists():
        keep_opening_key(_next(keys.opening))
        keep_signing_key(_next(keys.signing))  # the last: from here on there are both
    old = read_signing_key(keys.signing)
    if any(read_signing_key(each.signing).public == old.public for each in keys.earlier):
        return settings  # an earlier run came this far
    named = f"until-{end:%Y%m%d%H%M}"
    copies = [file.with_name(f"{file.stem}.{named}{file.suffix}") for file in _pair(settings)]
    write_secret(copies[0], old.to_pem())
    write_secret(copies[1], read_opening_key(keys.opening).to_bytes())
    serving = tuple(each for each in keys.earlier if each.until > now)
    earlier = (EarlierKeys(copies[0], copies[1], end), *serving)
    changed = msgspec.structs.replace(settings, keys=msgspec.structs.replace(keys, earlier=earlier))
    _identity(changed)  # refused before anything is changed, when there are too many
    write_public(path.with_name(f"{path.name}.before"), path.read_bytes())
    write_public(path, toml_of(changed).encode())
    return changed


def _pair(settings: MatcherConfig) -> tuple[Path, Path]:
    return settings.keys.signing, settings.keys.opening


def _switch(settings: MatcherConfig) -> Path:
    """Tell of the next keys, and put them in the place of the old; returns the identity's file."""
    keys = settings.keys
    path = keys.signing.with_name(f"{settings.name}.json")
    write_public(path, _identity(settings).to_json())
    for file in (keys.opening, keys.signing):
        if _next(file).exists():
            _next(file).replace(file)
            sync_folder(file.parent)
    return path


def _identity(settings: MatcherConfig) -> Identity:
    """Return whom kiosks will know, from the next keys and the earlier ones."""
    keys = settings.keys
    opening = _next(keys.opening) if _next(keys.opening).exists() else keys.opening
    signer, opener = read_signing_key(_next(keys.signing)), read_opening_key(opening)
    earlier = tuple(
        Earlier(read_signing_key(each.signing).public, int(each.until.timestamp() * 1000))
        for each in keys.earlier
    )
    return Identity.from_json(
        Identity(settings.name, signer.public, opener.public, earlier).to_json()
    )
