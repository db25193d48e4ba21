"""The configuration of the matcher, as read from TOML by the command line."""

import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from greenline.link.settings import LinkSettings
from greenline.matcher.split import ALL, Split


class EarlierKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Key files that were replaced. until: so long they serve, a time with its zone."""

    signing: Path
    opening: Path
    until: Annotated[datetime.datetime, Meta(tz=True)]


class MatcherKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Key files. signing, opening, gallery: secret; kiosks: folder of public identities.

    earlier: the keys before signing and opening, while kiosks still use them.
    """

    signing: Path
    opening: Path
    gallery: Path
    kiosks: Path
    earlier: tuple[EarlierKeys, ...] = ()


class EngineConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where searches run. kind: in this process, or in a Ray cluster; the rest is for "ray" alone.

    address: HOST:PORT of the cluster's head; "auto": of the cluster this machine is part of.
    shards: parts of the gallery. replicas: of each, on different machines. deadline_s: a shard that
    has not answered by then makes a search incomplete. loading_s: longest start.
    """

    kind: Literal["local", "ray"] = "local"
    address: Annotated[str, Meta(pattern="^(auto|.+:[0-9]{1,5})$")] = "auto"
    shards: Annotated[int, Meta(ge=1, le=4096)] = 4
    replicas: Annotated[int, Meta(ge=1, le=8)] = 2
    deadline_s: Annotated[float, Meta(gt=0, le=600)] = 10.0
    loading_s: Annotated[float, Meta(gt=0, le=86_400)] = 600.0


class MatcherConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The matcher process. threshold: least score with which anyone is named, whatever is asked.

    evidence: results carry the paired minutiae of the first candidate. threads: of a search; None:
    one for each core; in a cluster, of each replica of a shard, None: one. most_waiting: so many
    requests may wait for their search; the broker keeps what is beyond. split: which of the
    requests are this process's. audit: file of the audit log; None: audit.db beside the gallery.
    review: file of the examinations that kiosks ask for; None: this process takes none.
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
    engine: EngineConfig = EngineConfig()
    audit: Path | None = None
    review: Path | None = None

    @property
    def audit_file(self) -> Path:
        """Where the audit log lies."""
        return self.audit or self.gallery.with_name("audit.db")

    def __post_init__(self) -> None:
        """Refuse parts of a split that would take each other's session, and a blind review."""
        ending = f"-{self.split.part}"
        if self.split.of > 1 and not self.broker.client_id.endswith(ending):
            raise ValueError(f"broker.client_id of this part of a split must end in '{ending}'")
        if self.review is not None and not self.evidence:
            raise ValueError("review needs evidence = true: an examiner has nothing to see else")
