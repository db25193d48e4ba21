"""The configuration of the matcher, as read from TOML by the command line."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.link.settings import LinkSettings
from greenline.matcher.split import ALL, Split


class MatcherKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Key files. signing, opening, gallery: secret; kiosks: folder of public identities."""

    signing: Path
    opening: Path
    gallery: Path
    kiosks: Path


class MatcherConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The matcher process. threshold: least score with which anyone is named, whatever is asked.

    evidence: results carry the paired minutiae of the first candidate. threads: of a search; None:
    one for each core. most_waiting: so many requests may wait for their search; the broker keeps
    what is beyond. split: which of the requests are this process's.
    """

    name: str
    gallery: Path
    ledger: Path
    keys: MatcherKeys
    broker: LinkSettings
    threshold: Annotated[float, Meta(gt=0, le=1000)]
    most_candidates: Annotated[int, Meta(ge=1, le=10)] = 5
    evidence: bool = False
    threads: Annotated[int, Meta(ge=1, le=256)] | None = None
    most_waiting: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    split: Split = ALL

    def __post_init__(self) -> None:
        """Refuse two parts of a split that would take each other's session at the broker."""
        ending = f"-{self.split.part}"
        if self.split.of > 1 and not self.broker.client_id.endswith(ending):
            raise ValueError(f"broker.client_id of this part of a split must end in '{ending}'")
