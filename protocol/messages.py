"""What is inside an envelope: requests and results, as MessagePack maps with bounded fields.

Unknown fields are refused: whoever adds one raises VERSION. There is no field for a name,
nationality, ethnicity or gender, and none may be added (data protection: minimum payload).
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.errors import MalformedError
from greenline.protocol.padded import pad, unpad

VERSION = 2
RESULT_BYTES = 4096
"""Every result has this size before sealing, so that its length says nothing."""
MAX_MESSAGE_BYTES = 64 * 1024
LONGEST_LIFE_MS = 72 * 3600 * 1000
"""A request may not wait longer for its answer."""

Label = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[ -~]+\Z")]
"""Printable ASCII, so that the longest result still fits its padded size."""
Finger = Annotated[int, Meta(ge=0, le=10)]
Quality = Annotated[int, Meta(ge=0, le=100)]
TargetFpir = Annotated[float, Meta(ge=1e-9, le=0.5)]
"""A false positive identification rate."""
Score = Annotated[float, Meta(ge=0, le=1e6)]
"""-log10 of a share of strangers; bounds keep out what is no number."""
Milliseconds = Annotated[int, Meta(ge=0, le=2**62)]


class Outcome(StrEnum):
    """What a search came to. INCOMPLETE is provisional: the matcher tries again by itself."""

    CANDIDATES = "candidates"
    NONE = "none"
    INCOMPLETE = "incomplete"
    EXPIRED = "expired"
    REFUSED = "refused"


class ImpressionMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One impression. template: a one-view ISO/IEC 19794-2:2005 record; finger: its position."""

    finger: Finger
    template: Annotated[bytes, Meta(min_length=30, max_length=1600)]
    quality: Quality
    quality_algorithm: Label
    model: Label


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search that a case asks for. lists: the names of the lists that may be searched.

    target_fpir: the chance that a search of strangers alone may name anyone; None leaves it to the
    matcher. free_placement: the fingers may lie in any direction on this kiosk's sensor.
    """

    purpose: Label
    lists: Annotated[tuple[Label, ...], Meta(min_length=1, max_length=8)]
    impressions: Annotated[tuple[ImpressionMessage, ...], Meta(min_length=1, max_length=20)]
    software: Label
    target_fpir: TargetFpir | None = None
    free_placement: bool = False
    version: Annotated[int, Meta(ge=2, le=2)] = VERSION


class Candidate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person whose prints resemble the probe: a lead that people verify.

    score: of all fingers together. finger: position of the most alike entry. fingers: how many the
    score rests on. relabelled: the prints fit at other positions than they are said to be.
    """

    reference: Label
    list_name: Label
    score: Score
    finger: Finger
    fingers: Annotated[int, Meta(ge=1, le=10)] = 1
    relabelled: bool = False


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the first candidate was named: the minutiae that meet, for an examiner's page.

    impression: which of the request's. finger: of the entry. pairs: 10 bytes each, see pairs.py.
    """

    impression: Annotated[int, Meta(ge=0, le=19)]
    finger: Finger
    pairs: Annotated[bytes, Meta(max_length=600)]


class SearchedList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One list that was searched, with its size and the time of its last change."""

    name: Label
    entries: Annotated[int, Meta(ge=0)]
    changed_ms: Milliseconds


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The matcher's answer. coverage: the share of the lists' entries that was really compared."""

    outcome: Outcome
    candidates: Annotated[tuple[Candidate, ...], Meta(max_length=10)]
    searched: Annotated[tuple[SearchedList, ...], Meta(max_length=8)]
    coverage: Annotated[float, Meta(ge=0, le=1)]
    threshold: Score
    search_ms: Annotated[float, Meta(ge=0, le=1e12)]
    answered_ms: Milliseconds
    software: Label
    reason: Annotated[str, Meta(max_length=200)] = ""
    evidence: Evidence | None = None
    version: Annotated[int, Meta(ge=2, le=2)] = VERSION

    def __post_init__(self) -> None:
        """Refuse an answer that contradicts itself: "none" is only said after a whole search."""
        if (self.outcome is Outcome.CANDIDATES) != bool(self.candidates):
            raise ValueError("candidates are named if and only if the outcome is candidates")
        if self.evidence is not None and not self.candidates:
            raise ValueError("evidence is given for a candidate only")
        if self.outcome is Outcome.NONE and (self.coverage < 1 or not self.searched):
            raise ValueError("'none' needs a search of everything that was asked for")


def encode_request(request: Request) -> bytes:
    """Write a request as MessagePack."""
    return msgspec.msgpack.encode(request)


def decode_request(data: bytes) -> Request:
    """Read a request. Raises MalformedError."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise MalformedError(f"a message of {len(data)} bytes is too large")
    try:
        return msgspec.msgpack.decode(data, type=Request)
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise MalformedError(f"this is not a request: {fault}") from fault


def encode_result(result: Result) -> bytes:
    """Write a result, padded with zeros to RESULT_BYTES. Raises MalformedError if too large."""
    return pad(msgspec.msgpack.encode(result), RESULT_BYTES, "a result")


def decode_result(data: bytes) -> Result:
    """Read a padded result. Raises MalformedError."""
    return unpad(data, RESULT_BYTES, Result, "a result")
