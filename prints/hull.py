"""The convex hull of a set of points, and how far other points lie from it.

The hull of the minutiae stands for the area of the finger that an impression shows.
"""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def convex_hull(points: Points) -> Points:
    """Return the corners, shape (h, 2), counter-clockwise with y up (Andrew's monotone chain).

    points: (n, 2). Repeated and collinear points are left out; one point is its own hull.
    """
    rows = sorted({(float(x), float(y)) for x, y in points})
    if len(rows) < 3:
        return np.array(rows, np.float64).reshape(-1, 2)
    lower, upper = _chain(rows), _chain(rows[::-1])
    return np.array(lower[:-1] + upper[:-1], np.float64)


def _chain(rows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    chain: list[tuple[float, float]] = []
    for row in rows:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], row) <= 0:
            chain.pop()
        chain.append(row)
    return chain


def _turn(
    first: tuple[float, float], second: tuple[float, float], third: tuple[float, float]
) -> float:
    return (second[0] - first[0]) * (third[1] - first[1]) - (second[1] - first[1]) * (
        third[0] - first[0]
    )


def within(points: Points, hull: Points, margin: float) -> NDArray[np.bool_]:
    """Tell which points, shape (..., 2), lie inside the hull or at most margin from it."""
    if not len(hull):
        return np.zeros(points.shape[:-1], np.bool_)
    edge_x, edge_y = (np.roll(hull, -1, axis=0) - hull).T
    x, y = points[..., None, 0] - hull[:, 0], points[..., None, 1] - hull[:, 1]
    inside = (edge_x * y - edge_y * x >= 0).all(axis=-1) & (len(hull) > 2)
    length = np.maximum(edge_x * edge_x + edge_y * edge_y, 1e-12)  # one corner: no length
    along = np.clip((x * edge_x + y * edge_y) / length, 0, 1)
    away_x, away_y = x - along * edge_x, y - along * edge_y
    near = (away_x * away_x + away_y * away_y <= margin * margin).any(axis=-1)
    found: NDArray[np.bool_] = inside | near
    return found
