"""Stage 2: candidates that fit each other's geometry lift each other.

A mate's candidates agree on one motion of the finger and support each other without bound; an
impostor's contradict each other and fade. The largest evidence ranks a gallery.
"""

import numpy as np
from numpy.typing import NDArray

from greenline.prints.cylinder import wrapped
from greenline.prints.prepared import Prepared
from greenline.prints.similarity import Candidates

DISTANCE_TOLERANCE = (8.0, 0.08)  # pixels, and share of the distance
ROTATION_TOLERANCE = 0.55  # radians
BEARING_TOLERANCE = (0.25, 6.0)  # radians, and pixels over the distance
ROUNDS = 3
SUPPORT_DIVISOR = 6.0  # a constant, not the number of candidates: support grows without bound


def compatibility(a: Prepared, b: Prepared, found: Candidates) -> NDArray[np.float64]:
    """Return how well each two candidates fit one rigid motion, 0 to 1, shape (k, k), symmetric.

    Two candidates that share a minutia do not support each other.
    """
    edge_a, edge_b = _edges(a.points[found.first]), _edges(b.points[found.second])
    length_a, length_b = np.hypot(*edge_a), np.hypot(*edge_b)
    rotation = b.direction[found.second] - a.direction[found.first]
    turn = wrapped(rotation[None, :] - rotation[:, None])
    bearing = _bearing_error(edge_a, edge_b, rotation[:, None] + turn / 2)
    reach = np.maximum(length_a, 1.0)
    fixed, share = DISTANCE_TOLERANCE
    deviations = (
        (length_a - length_b) / (fixed + share * length_a),
        turn / ROTATION_TOLERANCE,
        bearing / (BEARING_TOLERANCE[0] + BEARING_TOLERANCE[1] / reach),
    )
    product = np.ones_like(turn)
    for deviation in deviations:
        product *= np.maximum(1 - deviation * deviation, 0)
    product[found.first[:, None] == found.first] = 0
    product[found.second[:, None] == found.second] = 0
    return product


def relax(found: Candidates, support: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the evidence for each candidate, shape (k,), from 3 rounds of mutual support."""
    evidence = found.similarity
    for _ in range(ROUNDS):
        evidence = 0.5 * evidence + 0.5 * (support @ evidence) / SUPPORT_DIVISOR
    return evidence


def _edges(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = points[:, 0], points[:, 1]
    return x[None, :] - x[:, None], y[None, :] - y[:, None]


def _bearing_error(
    edge_a: tuple[NDArray[np.float64], NDArray[np.float64]],
    edge_b: tuple[NDArray[np.float64], NDArray[np.float64]],
    rotation: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return |sin| of the angle between edge a, turned, and edge b; infinite beyond a right angle.

    An edge of no length has no bearing and fits nothing.
    """
    cosine, sine = np.cos(rotation), np.sin(rotation)
    x = cosine * edge_a[0] - sine * edge_a[1]
    y = sine * edge_a[0] + cosine * edge_a[1]
    dot, cross = x * edge_b[0] + y * edge_b[1], x * edge_b[1] - y * edge_b[0]
    ahead = dot > 0
    scale = np.where(ahead, np.hypot(x, y) * np.hypot(*edge_b), 1.0)
    return np.where(ahead, np.abs(cross) / scale, np.inf)
