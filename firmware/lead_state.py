"""A lead as the second screen draws it, as values. Who it names is in it only once somebody looks.

What a person reads stands in greenline.protocol.wording; the page translates it.
"""

import msgspec

from greenline.protocol.messages import SearchedList
from greenline.protocol.wording import JUSTIFICATIONS, REJECTIONS, SOURCES


class CandidateShown(msgspec.Struct, frozen=True):
    """One whom a lead names. strength: code of the likeness; words, band: the same in words.

    fingers: how many it rests on; finger: ISO position of the most alike.
    """

    reference: str
    list_name: str
    score: float
    strength: str
    words: str
    band: str
    fingers: int
    finger: int


class LeadShown(msgspec.Struct, frozen=True):
    """A possible match, for whoever is logged in. request_id: hexadecimal; words: of its stage.

    count: how many it names. opened: this person has said why and sees the evidence; without that
    candidates, searched, flags and captured are empty. flags: sentences. captured: finger and
    quality. first, second: who confirmed. source, reference: who was asked, and the answer's
    number. examination: how far the question to the centre has come, in words. can: the events
    that may come now. note: what stands under it.
    """

    request_id: str
    stage: str
    words: str
    count: int
    opened: bool = False
    candidates: tuple[CandidateShown, ...] = ()
    searched: tuple[SearchedList, ...] = ()
    flags: tuple[str, ...] = ()
    captured: tuple[tuple[int, int], ...] = ()
    first: str = ""
    second: str = ""
    candidate: int = 0
    source: str = ""
    reference: str = ""
    examination: str = ""
    can: tuple[str, ...] = ()
    note: str = ""


class LeadChoices(msgspec.Struct, frozen=True):
    """What may be chosen, by code, with the words for each."""

    justifications: dict[str, str] = msgspec.field(default_factory=lambda: dict(JUSTIFICATIONS))
    sources: dict[str, str] = msgspec.field(default_factory=lambda: dict(SOURCES))
    rejections: dict[str, str] = msgspec.field(default_factory=lambda: dict(REJECTIONS))
