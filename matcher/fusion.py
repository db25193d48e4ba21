"""One calibrated score for a person, from several fingers and several impressions.

A score s of two prints says that 10**-s of strangers' prints come out as high. Under that meaning
the scores of different fingers of one stranger add up to a gamma distribution (Fisher 1932), and
the best of several comparisons of the same finger is worth less by the logarithm of their number.
What a person's fingers come to is again -log10 of the share of strangers that come out as high.

A finger's position is what somebody wrote down. The fingers are therefore also compared without
their labels, at the price of all the ways to pair them; where that says more, the result says so.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UNKNOWN = 0  # the ISO code of a finger whose position nobody noted


@dataclass(frozen=True)
class Compared:
    """The score of one impression of the probe with one entry of a person. Fingers: ISO 0-10."""

    probe_finger: int
    entry_finger: int
    score: float


@dataclass(frozen=True)
class Fused:
    """What a person's fingers come to.

    score: as of a single comparison. fingers: how many fingers it rests on. relabelled: the prints
    fit each other better at other positions than the labels say.
    """

    score: float
    fingers: int
    relabelled: bool


def fuse(compared: Sequence[Compared]) -> Fused:
    """Fuse all comparisons of a probe's impressions with one person's entries.

    There must be at least one. The order does not matter.
    """
    best = _best_by_fingers(compared)
    labelled = {
        pair: score for pair, score in best.items() if pair[0] == pair[1] and pair[0] != UNKNOWN
    }
    plain = Fused(joint_score(list(labelled.values())), len(labelled), relabelled=False)
    paired = _assigned(best)
    free = _free_score(best, paired)
    if free <= plain.score:
        return plain
    unsure = all(UNKNOWN in pair or pair[0] == pair[1] for pair in paired)
    return Fused(free, len(paired), relabelled=not unsure)


def joint_score(scores: Sequence[float]) -> float:
    """Return -log10 of the chance that strangers' scores add up to as much; none: 0.

    The sum of k exponential variables: exp(-x) (1 + x + ... + x^(k-1) / (k-1)!).
    """
    if not scores:
        return 0.0
    x = math.log(10) * sum(scores)
    terms = sum(x**j / math.factorial(j) for j in range(len(scores)))
    return (x - math.log(terms)) / math.log(10)


def threshold_for(fpir: float, persons: int) -> float:
    """Return the score at which a search of so many strangers names anyone with chance fpir.

    Raises ValueError unless 0 < fpir < 1.
    """
    if not 0 < fpir < 1:
        raise ValueError("the false positive identification rate lies between 0 and 1")
    if persons < 1:
        return 0.0
    # 1 - (1 - fmr)^persons = fpir, without the loss of digits.
    return -math.log10(-math.expm1(math.log1p(-fpir) / persons))


def _best_by_fingers(compared: Sequence[Compared]) -> dict[tuple[int, int], float]:
    """Return the best score of each finger with each other, less the choice there was."""
    groups: dict[tuple[int, int], list[float]] = {}
    for each in compared:
        groups.setdefault((each.probe_finger, each.entry_finger), []).append(each.score)
    return {
        pair: max(max(scores) - math.log10(len(scores)), 0.0) for pair, scores in groups.items()
    }


def _assigned(best: Mapping[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """Pair each finger with at most one, best score first."""
    chosen: dict[tuple[int, int], float] = {}
    for pair in sorted(best, key=lambda pair: (-best[pair], pair)):
        if all(pair[0] != one and pair[1] != other for one, other in chosen):
            chosen[pair] = best[pair]
    return chosen


def _free_score(
    best: Mapping[tuple[int, int], float], paired: Mapping[tuple[int, int], float]
) -> float:
    """Return the score of the pairing without labels, less the number of pairings there were."""
    probes, entries = len({pair[0] for pair in best}), len({pair[1] for pair in best})
    ways = math.perm(max(probes, entries), min(probes, entries))
    return joint_score(list(paired.values())) - math.log10(ways)
