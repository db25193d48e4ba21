"""What a pairing says for and against one finger, as numbers that can be weighed.

The numbers are those that a linear model learned on degraded pairs found worth having; the
weights lie in weights.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.prints.hull import within
from greenline.prints.pairing import PASSES, Pairing
from greenline.prints.prepared import Prepared
from greenline.prints.similarity import Candidates

OVERLAP_MARGIN = 8.0  # pixels
EDGE_REACH = 100.0  # pixels
EDGE_TOLERANCE = (6.0, 0.08)  # pixels, and share of the edge's length
MAX_ROTATION = 1.5  # radians

NAMES = (
    "soft", "sqrt_soft", "soft_share", "log_overlap", "unmatched", "matched_quality",
    "sqrt_local", "mean_local", "residual", "turn_residual", "distortion",
    "edges", "log_edges", "edge_share", "log_best", "sqrt_best", "log_mean", "equal_kind",
    "rotation", "spread", "density", "pairs", "local",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything the stages found about one pair of prints.

    similarity: (n, m) of stage 1. found: the candidates. strength: (k,), evidence of stage 2.
    pairing: stage 3, with at least one pair.
    """

    a: Prepared
    b: Prepared
    similarity: NDArray[np.float32]
    found: Candidates
    strength: NDArray[np.float64]
    pairing: Pairing


def measure(evidence: Evidence) -> NDArray[np.float64]:
    """Return the features in the order of NAMES, all finite."""
    pairing = evidence.pairing
    fit = _fit_of_pairs(pairing)
    soft, count = float(fit.sum()), len(pairing)
    overlap_a, overlap_b, unmatched = _overlap(evidence)
    overlap = np.sqrt((overlap_a + 2) * (overlap_b + 2))
    both = evidence.a.quality[pairing.first] * evidence.b.quality[pairing.second]
    matched = float(fit @ both)
    local = float(evidence.similarity[pairing.first, pairing.second].sum(dtype=np.float64))
    best, mean = float(evidence.strength.max()), float(evidence.strength.mean())
    density = soft * soft / np.sqrt((overlap_a + 6) * (overlap_b + 6)) + local / 2 + 0.5
    edges, edge_share = _edges(evidence)
    return np.array([
        soft, np.sqrt(soft), soft / overlap, np.log(overlap),
        np.sqrt(unmatched + 0.5), matched / (matched + unmatched / 2 + 1),
        np.sqrt(local + 0.1), local / (count + 1),
        pairing.distance.mean(), pairing.turn.mean(), _distortion(evidence),
        edges, np.log1p(edges), edge_share,
        np.log(best + 0.05), np.sqrt(best), np.log(mean + 0.05),
        _equal_kind(evidence, both), min(abs(pairing.motion.rotation), MAX_ROTATION),
        _spread(evidence), np.log(density), count, local,
    ])  # fmt: skip


def _fit_of_pairs(pairing: Pairing) -> NDArray[np.float64]:
    far, turned = PASSES[-1]
    distance, turn = pairing.distance / far, pairing.turn / turned
    fit: NDArray[np.float64] = (1 - distance * distance) * (1 - turn * turn)
    return fit


def _overlap(evidence: Evidence) -> tuple[int, int, float]:
    """Return how many minutiae of A and of B the other side should show, and the quality missed."""
    a, b, pairing = evidence.a, evidence.b, evidence.pairing
    moved, hull = pairing.motion.moved(b.points), pairing.motion.moved(b.hull)
    inside_a = within(a.points, hull, OVERLAP_MARGIN)
    inside_b = within(moved, a.hull, OVERLAP_MARGIN)
    inside_a[pairing.first] = False
    inside_b[pairing.second] = False
    unmatched = a.quality[inside_a].sum() + b.quality[inside_b].sum()
    paired = len(pairing)
    return int(inside_a.sum()) + paired, int(inside_b.sum()) + paired, float(unmatched)


def _edges(evidence: Evidence) -> tuple[float, float]:
    """Return how well the pairs keep their distances to each other: the sum, and its share."""
    a, b, pairing = evidence.a, evidence.b, evidence.pairing
    here, there = a.points[pairing.first], pairing.motion.moved(b.points[pairing.second])
    one, other = np.triu_indices(len(pairing), 1)
    edge = here[one] - here[other]
    error = edge - (there[one] - there[other])
    length = np.hypot(edge[:, 0], edge[:, 1])
    near = length < EDGE_REACH
    allowed = EDGE_TOLERANCE[0] + EDGE_TOLERANCE[1] * length
    kept = np.maximum(1 - (error * error).sum(axis=1) / (allowed * allowed), 0)
    total = float(kept[near].sum())
    return total, total / (int(near.sum()) + 10)


def _distortion(evidence: Evidence) -> float:
    pairing = evidence.pairing
    moved = pairing.motion.moved(evidence.b.points[pairing.second])
    residual = evidence.a.points[pairing.first] - moved
    return float(np.sqrt((residual * residual).sum(axis=1).mean()))


def _equal_kind(evidence: Evidence, quality: NDArray[np.float64]) -> float:
    pairing = evidence.pairing
    equal = evidence.a.kind[pairing.first] == evidence.b.kind[pairing.second]
    return float(quality @ equal / max(float(quality.sum()), 1e-9))


def _spread(evidence: Evidence) -> float:
    """Return the extent of the paired area, in units of 50 pixels."""
    points = evidence.a.points[evidence.pairing.first]
    centred = points - points.mean(axis=0)
    xx, yy = (centred * centred).mean(axis=0)
    xy = (centred[:, 0] * centred[:, 1]).mean()
    return float(max(xx * yy - xy * xy, 0.0) ** 0.25 / 50)
