"""The comparison of two templates: one score, and the minutiae that were paired.

    prepare() each template once -> compare() any two of them; rank_score() is its cheap first half

This is the reference: plain NumPy, deterministic, nothing else. A faster kernel must give the
same results. The method and its source: docs/comparison.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.prints.features import Evidence, measure
from greenline.prints.pairing import pair
from greenline.prints.prepared import Prepared, prepare
from greenline.prints.relaxation import compatibility, relax
from greenline.prints.scoring import Weights
from greenline.prints.similarity import candidates, local_similarity
from greenline.prints.weights import UPRIGHT

__all__ = ["LOWEST_SCORE", "Comparison", "Prepared", "compare", "evidence", "prepare", "rank_score"]

LOWEST_SCORE = 0.0  # nothing in common, or too little to compare


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two prints have in common.

    score: 0 or more, higher is more alike; about -log10 of the false match rate on the synthetic
    prints the weights were learned on, so 3 is about one in a thousand. Not a verdict: a threshold
    must be measured on the prints at hand.
    pairs: int64 (p, 2), minutiae of the first and second template that meet, best fit first.
    rotation: radians, counter-clockwise, that carries the second print over the first.
    """

    score: float
    pairs: NDArray[np.int64]
    rotation: float = 0.0


def compare(a: Prepared, b: Prepared, weights: Weights = UPRIGHT, model: str = "") -> Comparison:
    """Compare two prints. compare(b, a) gives the same score and the same pairs, turned round.

    weights: weights.FREE for prints that may lie in any direction. model: the extractor of both,
    which decides what the score means; without it the most cautious scale is taken.
    """
    if b.order < a.order:
        turned = compare(b, a, weights, model)
        return Comparison(turned.score, turned.pairs[:, ::-1], -turned.rotation)
    found = evidence(a, b)
    if found is None:
        return Comparison(LOWEST_SCORE, np.empty((0, 2), np.int64))
    pairing = found.pairing
    pairs = np.stack([a.index[pairing.first], b.index[pairing.second]], axis=1)
    score = float(weights.tail(model).score(weights.odds(measure(found))))
    return Comparison(score, pairs, pairing.motion.rotation)


def rank_score(a: Prepared, b: Prepared) -> float:
    """Return the evidence of stages 1 and 2, 0 or more: ranks a gallery, is no score to decide by.

    Its largest value among true mates of a gallery is near 10; impostors reach about 0.1.
    """
    if b.order < a.order:
        a, b = b, a
    found = candidates(local_similarity(a.words, b.words))
    if not len(found):
        return LOWEST_SCORE
    return float(relax(found, compatibility(a, b, found)).max())


def evidence(a: Prepared, b: Prepared) -> Evidence | None:
    """Run the three stages, side A first; None when no two minutiae are alike."""
    similarity = local_similarity(a.words, b.words)
    found = candidates(similarity)
    if not len(found):
        return None
    support = compatibility(a, b, found)
    strength = relax(found, support)
    root = int(np.argmax(strength))
    pairing = pair(a, b, similarity, found, support, root)
    if not len(pairing):
        return None
    return Evidence(a, b, similarity, found, strength, pairing)
