"""From entries to persons: whose entries they are, and what the comparisons of each come to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.fusion import Compared, Fused, fuse
from greenline.matcher.shortlist import Part, Rows

Tables = Sequence[NDArray[np.float64]]
"""For each part the scores of its rows with all probes, (rows, probes)."""


@dataclass(frozen=True)
class Person:
    """A person whose entries were compared. part, row: where the best entry lies.

    alone: the best entry's score, of any print.
    """

    fused: Fused
    alone: float
    part: int
    row: int


def best_persons(
    parts: Sequence[Part], rows: Rows, tables: Tables, most: int
) -> NDArray[np.uint64]:
    """Return the persons with the highest scores of any print, ascending by their numbers.

    Of equal scores that of the older entry: so it does not matter in which order the rows lie.
    """
    persons = np.concatenate([
        np.empty(0, np.uint64),
        *(part.block.person[wanted] for part, wanted in zip(parts, rows, strict=True)),
    ])  # fmt: skip
    best = np.concatenate([np.empty(0), *(table.max(axis=1) for table in tables)])
    ids = np.concatenate([
        np.empty(0, np.int64),
        *(part.block.entry_ids[wanted] for part, wanted in zip(parts, rows, strict=True)),
    ])  # fmt: skip
    order = np.lexsort((ids, -best))
    _, first = np.unique(persons[order], return_index=True)
    return np.sort(persons[order][np.sort(first)[:most]])


def rows_of(parts: Sequence[Part], rows: Rows, persons: NDArray[np.uint64]) -> Rows:
    """Return all the rows of these persons, of those asked for."""
    return [
        wanted[np.isin(part.block.person[wanted], persons)]
        for part, wanted in zip(parts, rows, strict=True)
    ]


def by_person(
    parts: Sequence[Part], rows: Rows, tables: Tables, fingers: Sequence[int]
) -> Iterator[Person]:
    """Fuse what was compared, person by person. fingers: of the probes."""
    places: dict[int, list[tuple[int, int]]] = {}
    for at, (part, wanted) in enumerate(zip(parts, rows, strict=True)):
        for number, person in enumerate(part.block.person[wanted].tolist()):
            places.setdefault(person, []).append((at, number))
    for entries in places.values():
        compared = [
            Compared(finger, int(parts[at].block.finger[rows[at][number]]), float(score))
            for at, number in entries
            for finger, score in zip(fingers, tables[at][number], strict=True)
        ]
        ranked = [
            (-float(tables[at][number].max()), int(parts[at].block.entry_ids[rows[at][number]]))
            for at, number in entries
        ]
        best = min(range(len(entries)), key=ranked.__getitem__)
        at, number = entries[best]
        yield Person(fuse(compared), -ranked[best][0], at, int(rows[at][number]))


def count_persons(parts: Sequence[Part], rows: Rows) -> int:
    """Return how many different persons the rows belong to."""
    persons = [part.block.person[wanted] for part, wanted in zip(parts, rows, strict=True)]
    return len(np.unique(np.concatenate(persons))) if persons else 0
