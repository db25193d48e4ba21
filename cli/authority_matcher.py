"""The matcher's own keys and configuration, made where `greenline authority publish` publishes."""

import os
from pathlib import Path

from greenline.centre.authority.authority import Site
from greenline.centre.authority.publishing import MATCHER_LINK, OPERATORS_LINK, REGISTRY
from greenline.centre.broker import operators_client
from greenline.cli.configuration import write_configuration
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


def write_matcher_configuration(folder: Path, site: Site) -> None:
    """Write matcher.toml, unless it is there."""
    path = folder / "matcher.toml"
    if path.exists():
        return
    link = folder / MATCHER_LINK
    config = MatcherConfig(
        name=site.matcher,
        gallery=folder / "gallery.db",
        ledger=folder / "ledger.db",
        keys=MatcherKeys(
            signing=folder / f"{site.matcher}.signing.pem",
            opening=folder / f"{site.matcher}.opening.key",
            gallery=folder / "gallery.key",
            kiosks=folder / REGISTRY,
        ),
        broker=LinkSettings(
            site.broker_host, site.matcher, folder / "ca.pem", link, link, site.broker_port
        ),
        threshold=_THRESHOLD,
    )
    write_configuration(path, config)
