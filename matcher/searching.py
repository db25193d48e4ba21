"""Searches one snapshot of a gallery, or of a portion of it; what it finds has no names yet.

The same code runs in this process and in each part of a cluster; answer.py makes the answer of
what one or many of them found. Every entry of the lists is looked at, in stages when they are many
(shortlist.py), whatever finger it is said to be; the fingers of one person are fused into one score
(fusion.py).
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.holding import Snapshot
from greenline.matcher.kernel.description import describe
from greenline.matcher.persons import best_persons, by_person, count_persons, rows_of
from greenline.matcher.query import Query
from greenline.matcher.segment import Segment, laid_out
from greenline.matcher.shortlist import Part, Rows, Stages, odds, shortlist
from greenline.prints.prepared import prepare
from greenline.prints.scoring import Weights
from greenline.prints.weights import FREE, UPRIGHT

MOST_PERSONS = 100
"""Whose other fingers are compared as well, and who can become a candidate."""

MATCH = np.dtype([
    ("alone", "f8"), ("score", "f8"), ("entry_id", "i8"), ("person", "u8"), ("fingers", "i8"),
    ("relabelled", "?"),
])  # fmt: skip
"""A person that was compared. alone: the best score of any print; entry_id: of which entry.

score, fingers, relabelled: see fusion.Fused. person: see gallery_records.person.
"""

Matches = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Share:
    """What one snapshot says to a query: plain numbers, no reference of anybody.

    matches: at most MOST_PERSONS rows of MATCH. entries: searched, by list. persons: how many
    different ones they belong to. unreadable: ids of entries, of whichever list.
    """

    matches: Matches
    entries: dict[str, int]
    persons: int
    unreadable: frozenset[int]


def search(now: Snapshot, query: Query, stages: Stages, pool: Executor) -> Share:
    """Search what a snapshot holds of the lists asked for; of a list it does not know, nothing."""
    known = [now.lists[name] for name in dict.fromkeys(query.lists) if name in now.lists]
    ids = np.array([info.list_id for info in known], np.int64)
    rows = [np.flatnonzero(part.alive & np.isin(part.block.list_ids, ids)) for part in now.parts]
    sizes = _sizes(now.parts, rows)
    return Share(
        _matches(now, query, rows, stages, pool),
        {info.name: sizes[info.list_id] for info in known},
        count_persons(now.parts, rows),
        now.unreadable,
    )


def _matches(now: Snapshot, query: Query, rows: Rows, stages: Stages, pool: Executor) -> Matches:
    probes = laid_out(prepare(probe.template, describe) for probe in query.probes)
    chosen = [wanted[:0] for wanted in rows]
    for at in range(len(query.probes)):
        listed = shortlist(probes, at, now.parts, rows, stages, pool)
        chosen = [np.union1d(*both) for both in zip(chosen, listed, strict=True)]
    table = _scores(query, probes, now, chosen, pool)
    wanted = rows_of(now.parts, rows, best_persons(now.parts, chosen, table, MOST_PERSONS))
    table = _scores(query, probes, now, wanted, pool)
    fingers = [probe.finger for probe in query.probes]
    found = []
    for each in by_person(now.parts, wanted, table, fingers):
        block, fused = now.parts[each.part].block, each.fused
        entry_id, person = block.entry_ids[each.row], block.person[each.row]
        row = (each.alone, fused.score, entry_id, person, fused.fingers, fused.relabelled)
        found.append(row)
    return np.array(found, MATCH)


def _scores(
    query: Query, probes: Segment, now: Snapshot, rows: Rows, pool: Executor
) -> list[NDArray[np.float64]]:
    """Return the scores of each part's rows with all probes, (rows, probes)."""
    weights = FREE if query.free_placement else UPRIGHT
    columns = []
    for at, probe in enumerate(query.probes):
        found = odds(probes, at, now.parts, rows, weights.numbers, pool)
        columns.append([
            _scaled(now, part, wanted, each, weights, probe.model)
            for part, wanted, each in zip(now.parts, rows, found, strict=True)
        ])  # fmt: skip
    return [np.stack(each, axis=1) for each in zip(*columns, strict=True)]


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
