"""What is asked of a search engine, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from greenline.matcher.gallery_records import ListInfo
from greenline.matcher.meeting import Meeting
from greenline.prints.template import Template


@dataclass(frozen=True)
class Probe:
    """An impression to search for. finger: ISO position, 0 unknown. model: the extractor's id."""

    template: Template
    finger: int = 0
    model: str = ""


@dataclass(frozen=True)
class Query:
    """What is to be searched.

    threshold: least score of a candidate. target_fpir: raises it to the score that a search of so
    many strangers would reach with this chance; None leaves it. free_placement: the fingers may lie
    in any direction. evidence: say which minutiae of the first candidate meet.
    """

    probes: Sequence[Probe]
    lists: Sequence[str]
    threshold: float
    limit: int
    target_fpir: float | None = None
    free_placement: bool = False
    evidence: bool = False


@dataclass(frozen=True)
class Found:
    """A candidate. score: of all fingers together, -log10 of the share of strangers like that.

    finger: the best entry's. entry_id: the best entry. fingers: how many the score rests on.
    relabelled: the fingers fit at other positions than they are said to be.
    """

    reference: str
    list_name: str
    finger: int
    score: float
    entry_id: int = 0
    fingers: int = 1
    relabelled: bool = False


@dataclass(frozen=True)
class Search:
    """What a search came to. candidates: best first. coverage: 0-1 of the entries asked for."""

    candidates: tuple[Found, ...]
    searched: tuple[tuple[ListInfo, int], ...]
    coverage: float
    threshold: float
    meeting: Meeting | None = None
