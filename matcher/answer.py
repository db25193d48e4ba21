"""Makes one answer of what the portions of a gallery found: merged, named, with its coverage.

A search says how much of what was asked for it could compare: an entry that cannot be read, or a
portion that did not answer, makes it incomplete, never "none".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from greenline.matcher.fusion import threshold_for
from greenline.matcher.gallery import Gallery, ListInfo
from greenline.matcher.gallery_records import person as person_of
from greenline.matcher.meeting import Meeting, meeting
from greenline.matcher.query import Found, Query, Search
from greenline.matcher.searching import MATCH, MOST_PERSONS, Matches, Share


@dataclass(frozen=True)
class Silence:
    """What did not answer. entries: how many it held when it last did.

    most_coverage: what the coverage is at most, 0 to 1; below 1 as soon as anything is silent.
    """

    entries: int = 0
    most_coverage: float = 1.0


NO_SILENCE = Silence()


def answer(
    query: Query,
    shares: Sequence[Share],
    lists: dict[str, ListInfo],
    gallery: Gallery,
    silence: Silence = NO_SILENCE,
) -> Search:
    """Merge shares of different portions. gallery: names the candidates. Raises DatabaseError."""
    known = [lists[name] for name in dict.fromkeys(query.lists) if name in lists]
    sizes = [sum(share.entries.get(info.name, 0) for share in shares) for info in known]
    threshold = query.threshold
    if query.target_fpir is not None:
        persons = sum(share.persons for share in shares)
        threshold = max(threshold, threshold_for(query.target_fpir, persons))
    candidates, unnamed = _candidates(gallery, _merged(shares), threshold)
    # Which list an unreadable entry belongs to cannot be trusted: it counts for each.
    unreadable = len(frozenset[int]().union(*(share.unreadable for share in shares)))
    total = sum(sizes) + unreadable + silence.entries
    read = (sum(sizes) - unnamed) / total if total else 1.0
    candidates = candidates[: query.limit]
    return Search(
        candidates,
        tuple(zip(known, sizes, strict=True)),
        min(read, silence.most_coverage),
        threshold,
        _meeting(query, candidates, gallery),
    )


def _merged(shares: Sequence[Share]) -> Matches:
    """Return whom a search of everything at once would have compared with all fingers."""
    matches = np.concatenate([np.empty(0, MATCH), *(share.matches for share in shares)])
    return matches[np.lexsort((matches["entry_id"], -matches["alone"]))[:MOST_PERSONS]]


def _candidates(
    gallery: Gallery, matches: Matches, threshold: float
) -> tuple[tuple[Found, ...], int]:
    """Return the candidates, best first, and how many have no name: their row is damaged."""
    matches = matches[matches["score"] >= threshold]
    matches = matches[np.lexsort((matches["entry_id"], -matches["score"]))]
    found = [_named(gallery, match) for match in matches]
    return tuple(each for each in found if each), found.count(None)


def _named(gallery: Gallery, match: np.void) -> Found | None:
    """Return the candidate with its reference; None when its row is damaged by now."""
    _, score, entry_id, person, fingers, relabelled = match.item()
    entry = gallery.entry(entry_id)
    if entry is None or entry.template is None:
        return None
    if person_of(entry.list_name, entry.reference) != person:
        return None
    return Found(
        entry.reference,
        entry.list_name,
        entry.finger,
        score,
        entry_id,
        fingers,
        relabelled=bool(relabelled),
    )


def _meeting(query: Query, candidates: Sequence[Found], gallery: Gallery) -> Meeting | None:
    if not (query.evidence and candidates):
        return None
    entry = gallery.entry(candidates[0].entry_id)
    if entry is None or entry.template is None:
        return None  # removed or damaged since: the candidate stands without it
    return meeting([probe.template for probe in query.probes], entry.template, entry.finger)
