"""What the capture line takes and gives: an impression, a case, a request that is kept."""

from dataclasses import dataclass

from greenline.firmware.store import Pending
from greenline.models.quality import Quality
from greenline.protocol.audit import NOT_LOGGED_IN
from greenline.protocol.examination import FingerQuality


@dataclass(frozen=True)
class Impression:
    """One usable press. record: ISO/IEC 19794-2:2005. steps_ms: how long each step took.

    attack: see attack_detection.py; None: nothing looked.
    """

    finger: int
    record: bytes
    quality: Quality
    model: str
    steps_ms: dict[str, float]
    attack: float | None = None


@dataclass(frozen=True)
class Unusable:
    """A press whose picture is too poor to be found again; quality says why.

    A picture that was given up early has the quality of its upper rows.
    """

    quality: Quality


@dataclass(frozen=True)
class Case:
    """What is asked for one person. purpose: code; lists: names of the lists to search.

    target_fpir, free_placement: see protocol.messages.Request. operator: who asks, for the audit
    log alone: the request does not tell. request_id: 16 bytes; empty: a new one is drawn.
    """

    purpose: str
    lists: tuple[str, ...]
    impressions: tuple[Impression, ...] = ()
    target_fpir: float | None = None
    free_placement: bool = False
    operator: str = NOT_LOGGED_IN
    request_id: bytes = b""


@dataclass(frozen=True)
class Submitted:
    """A request that is on the disk. taken_by: the officer; captured: fingers and qualities."""

    pending: Pending
    durable_ms: float
    taken_by: str = NOT_LOGGED_IN
    captured: tuple[FingerQuality, ...] = ()
