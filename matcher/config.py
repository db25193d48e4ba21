"""The configuration of the matcher, as read from TOML by the command line."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.link.settings import LinkSettings


class MatcherKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Key files. signing, opening, gallery: secret; kiosks: folder of public identities."""

    signing: Path
    opening: Path
    gallery: Path
    kiosks: Path


class MatcherConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The matcher process. threshold: score of the comparison from which an entry is named."""

    name: str
    gallery: Path
    ledger: Path
    keys: MatcherKeys
    broker: LinkSettings
    threshold: Annotated[float, Meta(gt=0, le=1000)]
    most_candidates: Annotated[int, Meta(ge=1, le=10)] = 5
