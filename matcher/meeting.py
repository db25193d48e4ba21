"""Which minutiae of the probe and of a candidate meet: what an examiner is shown first."""

from collections.abc import Sequence
from dataclasses import dataclass

from greenline.prints.comparison import compare, prepare
from greenline.prints.template import Template
from greenline.protocol.pairs import Pair, Place


@dataclass(frozen=True)
class Meeting:
    """impression: which of the probe's. finger: of the entry. pairs: best fit first."""

    impression: int
    finger: int
    pairs: tuple[Pair, ...]


def meeting(probes: Sequence[Template], entry: Template, finger: int) -> Meeting:
    """Compare each probe with an entry; return where the most alike one meets it."""
    other = prepare(entry)
    found = [compare(prepare(probe), other) for probe in probes]
    best = max(range(len(found)), key=lambda at: found[at].score)
    pairs = tuple(
        (_place(probes[best], one), _place(entry, two)) for one, two in found[best].pairs.tolist()
    )
    return Meeting(best, finger, pairs)


def _place(template: Template, at: int) -> Place:
    return Place(float(template.x[at]), float(template.y[at]), float(template.direction[at]))
