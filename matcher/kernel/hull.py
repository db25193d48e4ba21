"""Whether a point lies inside a hull or near it, compiled: prints/hull.py."""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled


@compiled
def within(x: float, y: float, corners: NDArray[np.float64], margin_square: float) -> bool:
    """Tell whether a point lies inside, or at most the margin away. corners: (2, h), in order."""
    count = corners.shape[1]
    inside = count > 2
    for at in range(count):
        other = at + 1 if at + 1 < count else 0
        edge_x, edge_y = corners[0, other] - corners[0, at], corners[1, other] - corners[1, at]
        from_x, from_y = x - corners[0, at], y - corners[1, at]
        # The nearest edge of a convex hull is one that the point lies beyond.
        if count <= 2 or edge_x * from_y - edge_y * from_x < 0:
            inside = False
            length = max(edge_x * edge_x + edge_y * edge_y, 1e-12)
            along = min(max((from_x * edge_x + from_y * edge_y) / length, 0.0), 1.0)
            away_x, away_y = from_x - along * edge_x, from_y - along * edge_y
            if away_x * away_x + away_y * away_y <= margin_square:
                return True
    return bool(inside)


@compiled
def enclosed(
    n: int, points: NDArray[np.float64], corners: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Write how far inside the hull each point lies, in pixels; 0 on its edge.

    Below 0: outside, at least so far away. One or two corners enclose nothing: -1 or less.
    """
    count = corners.shape[1]
    x, y, least = points[0, :n], points[1, :n], out[:n]
    least[:] = np.inf if count > 2 else -1.0
    for at in range(count):
        other = at + 1 if at + 1 < count else 0
        at_x, at_y = corners[0, at], corners[1, at]
        edge_x, edge_y = corners[0, other] - at_x, corners[1, other] - at_y
        length = math.sqrt(edge_x * edge_x + edge_y * edge_y)
        if length > 0:
            for i in range(n):
                beyond = (edge_x * (y[i] - at_y) - edge_y * (x[i] - at_x)) / length
                least[i] = min(least[i], beyond)
