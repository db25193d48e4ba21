"""Notices that one finger was pressed twice within a case, where two were asked for.

The pictures of a case are compared with each other by the reference comparison; nothing else is
looked at and nothing is kept. What it gives is a warning with both fingers named: the officer
decides (BSI TR-03121-3, uniqueness). Used by the case's desk, on the capture thread.
"""

from collections.abc import Iterable
from typing import Final

from greenline.firmware.impressions import Impression
from greenline.prints import fmr
from greenline.prints.comparison import Prepared, compare, prepare
from greenline.prints.weights import FREE, UPRIGHT

SAME_SCORE: Final = 4.0
"""From this score on two pictures are taken to show one finger.

Chosen with bench/same_finger.py on synthetic prints and FVC2002 DB1 and DB2; docs/capture.md has
how often it notices the same finger, and how often it takes two fingers for one.
"""


def likeness(one: Impression, other: Impression, *, free_placement: bool = False) -> float:
    """Return the score of two impressions, 0 or more; see prints.comparison."""
    return _score(_prepared(one), other, free_placement=free_placement)


def same_as(
    new: Impression, others: Iterable[Impression], *, free_placement: bool = False
) -> int | None:
    """Return the finger that a new impression is most like, if it is alike; None: it is another."""
    prepared = _prepared(new)
    scores = {
        other.finger: _score(prepared, other, free_placement=free_placement)
        for other in others
        if other.finger != new.finger
    }
    found = max(scores, key=scores.__getitem__, default=None)
    return found if found is not None and scores[found] >= SAME_SCORE else None


def _prepared(impression: Impression) -> Prepared:
    return prepare(fmr.decode(impression.record).views[0].template)


def _score(new: Prepared, other: Impression, *, free_placement: bool) -> float:
    weights = FREE if free_placement else UPRIGHT
    return compare(new, _prepared(other), weights, other.model).score
