"""The search engine: who on the lists asked for resembles the probe's fingers, best first.

Every entry of the lists is looked at, in stages when they are many (shortlist.py), whatever finger
it is said to be; the fingers of one person are fused into one score (fusion.py). A search says how
much of what was asked for it could compare (coverage): an entry that cannot be read makes it
incomplete, never "none".
"""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.fusion import threshold_for
from greenline.matcher.gallery import Gallery, ListInfo
from greenline.matcher.gallery_records import person as person_of
from greenline.matcher.holding import Holding, Progress, Snapshot
from greenline.matcher.kernel.description import describe
from greenline.matcher.meeting import Meeting, meeting
from greenline.matcher.persons import Person, best_persons, by_person, count_persons, rows_of
from greenline.matcher.segment import Segment, laid_out
from greenline.matcher.shortlist import USUAL, Part, Rows, Stages, odds, shortlist
from greenline.prints.prepared import prepare
from greenline.prints.scoring import Weights
from greenline.prints.template import Template
from greenline.prints.weights import FREE, UPRIGHT

_MOST_PERSONS = 100  # whose other fingers are compared as well


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


class Engine(Protocol):
    """What answers searches. Raises DatabaseError when the gallery cannot be read."""

    def refresh(self) -> object:
        """Take in what was enrolled, removed or repaired since."""
        ...

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists as of the last refresh."""
        ...

    def search(self, query: Query) -> Search:
        """Search. An enrolment that was committed before the call is found."""
        ...


class LocalEngine:
    """Searches one gallery in this process, on several threads. Safe to share between threads."""

    def __init__(
        self, gallery: Gallery, stages: Stages = USUAL, threads: int | None = None
    ) -> None:
        self._gallery = gallery
        self._holding = Holding(gallery)
        self._stages = stages
        self._pool = ThreadPoolExecutor(threads or os.cpu_count(), "search")
        self._now = Snapshot()

    def refresh(self, progress: Progress = lambda _done, _total: None) -> Snapshot:
        """Take in what was enrolled, removed or repaired since. Raises DatabaseError."""
        self._now = self._holding.refresh(progress)
        return self._now

    def lists(self) -> dict[str, ListInfo]:
        """Return the lists as of the last refresh."""
        return self._now.lists

    def search(self, query: Query) -> Search:
        """Search the lists named; each once. Raises DatabaseError."""
        now = self.refresh()
        known = [now.lists[name] for name in dict.fromkeys(query.lists) if name in now.lists]
        ids = np.array([info.list_id for info in known], np.int64)
        rows = [
            np.flatnonzero(part.alive & np.isin(part.block.list_ids, ids)) for part in now.parts
        ]
        sizes = _sizes(now.parts, rows)
        # Which list an unreadable entry belongs to cannot be trusted: it counts for each.
        total = sum(sizes.values()) + len(now.unreadable)
        threshold = query.threshold
        if query.target_fpir is not None:
            threshold = max(
                threshold, threshold_for(query.target_fpir, count_persons(now.parts, rows))
            )
        candidates, unreadable = self._candidates(query, now, rows, threshold)
        return Search(
            candidates,
            tuple((info, sizes[info.list_id]) for info in known),
            (total - len(now.unreadable) - unreadable) / total if total else 1.0,
            threshold,
            self._meeting(query, candidates),
        )

    def _meeting(self, query: Query, candidates: Sequence[Found]) -> Meeting | None:
        if not (query.evidence and candidates):
            return None
        entry = self._gallery.entry(candidates[0].entry_id)
        if entry is None or entry.template is None:
            return None  # removed or damaged since: the candidate stands without it
        return meeting([probe.template for probe in query.probes], entry.template, entry.finger)

    def _candidates(
        self, query: Query, now: Snapshot, rows: Rows, threshold: float
    ) -> tuple[tuple[Found, ...], int]:
        """Return the candidates, and how many could not be named because their row is damaged."""
        weights = FREE if query.free_placement else UPRIGHT
        probes = laid_out(prepare(probe.template, describe) for probe in query.probes)
        chosen = [wanted[:0] for wanted in rows]
        for at in range(len(query.probes)):
            listed = shortlist(probes, at, now.parts, rows, self._stages, self._pool)
            chosen = [np.union1d(*both) for both in zip(chosen, listed, strict=True)]
        table = self._scores(query, probes, now, chosen, weights)
        wanted = rows_of(now.parts, rows, best_persons(now.parts, chosen, table, _MOST_PERSONS))
        table = self._scores(query, probes, now, wanted, weights)
        fingers = [probe.finger for probe in query.probes]
        found, unreadable = list[Found](), 0
        for each in by_person(now.parts, wanted, table, fingers):
            if each.fused.score >= threshold:
                named = self._named(now, each)
                unreadable += named is None
                found += [named] if named else []
        found.sort(key=lambda each: (-each.score, each.entry_id))
        return tuple(found[: query.limit]), unreadable

    def _scores(
        self, query: Query, probes: Segment, now: Snapshot, rows: Rows, weights: Weights
    ) -> list[NDArray[np.float64]]:
        """Return the scores of each part's rows with all probes, (rows, probes)."""
        columns = []
        for at, probe in enumerate(query.probes):
            found = odds(probes, at, now.parts, rows, weights.numbers, self._pool)
            columns.append([
                _scaled(now, part, wanted, each, weights, probe.model)
                for part, wanted, each in zip(now.parts, rows, found, strict=True)
            ])  # fmt: skip
        return [np.stack(each, axis=1) for each in zip(*columns, strict=True)]

    def _named(self, now: Snapshot, person: Person) -> Found | None:
        """Return the candidate with its reference; None when its row is damaged by now."""
        block = now.parts[person.part].block
        entry_id = int(block.entry_ids[person.row])
        entry = self._gallery.entry(entry_id)
        if entry is None or entry.template is None:
            return None
        if person_of(entry.list_name, entry.reference) != int(block.person[person.row]):
            return None
        return Found(
            entry.reference,
            entry.list_name,
            entry.finger,
            person.fused.score,
            entry_id,
            person.fused.fingers,
            person.fused.relabelled,
        )


def _scaled(
    now: Snapshot,
    part: Part,
    rows: NDArray[np.int64],
    found: NDArray[np.float64],
    weights: Weights,
    model: str,
) -> NDArray[np.float64]:
    """Turn odds into scores, by the more cautious of both extractors' scales."""
    scores = weights.tail(model).score(found)
    models = part.block.model[rows]
    for number in np.unique(models).tolist():
        of = models == number
        theirs = weights.tail(now.models.get(number, "")).score(found[of])
        scores[of] = np.minimum(scores[of], theirs)
    return scores


def _sizes(parts: Sequence[Part], rows: Rows) -> Counter[int]:
    """Count the entries by list."""
    sizes = Counter[int]()
    for part, wanted in zip(parts, rows, strict=True):
        numbers, counts = np.unique(part.block.list_ids[wanted], return_counts=True)
        sizes.update(dict(zip(numbers.tolist(), counts.tolist(), strict=True)))
    return sizes
