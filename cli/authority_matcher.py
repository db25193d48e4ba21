"""The matcher's own keys and configuration, made where `greenline authority publish` publishes."""

import os
from pathlib import Path

from greenline.centre.authority.authority import Site
from greenline.centre.authority.publishing import (
    MATCHER_LINK,
    OPERATORS_LINK,
    REGISTRY,
    matcher_link,
    matchers_in,
)
from greenline.centre.broker import MOST_MATCHERS, matcher_client, operators_client
from greenline.cli.configuration import read_configuration, write_configuration
from greenline.cli.errors import CommandError
from greenline.cli.keyfiles import (
    keep_opening_key,
    keep_signing_key,
    read_identity,
    write_public,
    write_secret,
)
from greenline.link.settings import LinkSettings
from greenline.matcher.config import MatcherConfig, MatcherKeys
from greenline.matcher.gallery import KEY_BYTES
from greenline.matcher.split import ALL, Split
from greenline.protocol.keys import Identity

_THRESHOLD = 4.0


def matcher_identity(folder: Path, name: str) -> Identity:
    """Return the matcher's public keys; its private ones are made the first time."""
    signing = keep_signing_key(folder / f"{name}.signing.pem")
    opening = keep_opening_key(folder / f"{name}.opening.key")
    if not (folder / "gallery.key").exists():
        write_secret(folder / "gallery.key", os.urandom(KEY_BYTES))
    path = folder / f"{name}.json"
    if path.exists():
        kept = read_identity(path)
        if (kept.verify, kept.seal) == (signing.public, opening.public):
            return kept  # with the earlier keys that it may name
    identity = Identity(name, signing.public, opening.public)
    write_public(path, identity.to_json())
    return identity


def write_operators_configuration(folder: Path, site: Site) -> None:
    """Write operators-link.toml, unless it is there: how lists of operators reach the broker."""
    path = folder / "operators-link.toml"
    if path.exists():
        return
    link = folder / OPERATORS_LINK
    name = operators_client(site.matcher)
    settings = LinkSettings(site.broker_host, name, folder / "ca.pem", link, link, site.broker_port)
    write_configuration(path, settings)


def refuse_other_split(folder: Path, parts: int) -> None:
    """Refuse another number of matchers than configurations that are there name.

    Processes that do not agree on it answer some requests twice and others never. Raises
    CommandError.
    """
    for part in range(1, MOST_MATCHERS + 1):
        path = folder / _configuration_of(part)
        if path.exists() and (named := read_configuration(path, MatcherConfig).split.of) != parts:
            raise CommandError(
                f"{path} shares the requests among {named}, not {parts}: stop the matchers, then "
                f"set split.of = {parts} in it, or remove it; nothing was changed",
                4,
            )


def write_matcher_configurations(folder: Path, site: Site) -> None:
    """Write matcher.toml, or that of each part which has been published, unless it is there."""
    parts = matchers_in(folder)
    if not parts:
        link = folder / MATCHER_LINK
        ledger = folder / "ledger.db"
        _write_unless_there(folder / "matcher.toml", site, site.matcher, link, ledger, ALL)
    for part in parts:
        _write_unless_there(
            folder / _configuration_of(part),
            site,
            matcher_client(site.matcher, part),
            folder / matcher_link(part),
            folder / f"ledger-{part}.db",
            Split(part, len(parts)),
        )


def _configuration_of(part: int) -> str:
    return f"matcher-{part}.toml"


def _write_unless_there(
    path: Path, site: Site, client: str, link: Path, ledger: Path, split: Split
) -> None:
    """Configure one process: name, keys and gallery are everybody's, ledger and link its own."""
    if path.exists():
        return
    folder = path.parent
    config = MatcherConfig(
        name=site.matcher,
        gallery=folder / "gallery.db",
        ledger=ledger,
        keys=MatcherKeys(
            signing=folder / f"{site.matcher}.signing.pem",
            opening=folder / f"{site.matcher}.opening.key",
            gallery=folder / "gallery.key",
            kiosks=folder / REGISTRY,
        ),
        broker=LinkSettings(
            site.broker_host, client, folder / "ca.pem", link, link, site.broker_port
        ),
        threshold=_THRESHOLD,
        split=split,
    )
    write_configuration(path, config)
