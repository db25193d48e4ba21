"""Stage 3: lay one print over the other and pair the minutiae that meet.

A rigid motion starts from the best candidate and its supporters; three passes of pairing with
narrowing limits refine it. From the second pass on a field of displacements, the smoothed
residuals of the pairs so far, takes up the distortion of the skin.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greenline.prints.cylinder import wrapped
from greenline.prints.prepared import Prepared
from greenline.prints.similarity import Candidates

DIRECTION_WEIGHT = 400.0  # square pixels: what a pair's directions weigh in the rotation
FIELD_REACH = 50.0  # pixels
FIELD_PULL = 0.3  # in pairs: draws the field to zero where few pairs are near
SIMILARITY_BONUS = 0.5
PASSES = ((22.0, 0.6), (16.5, 0.6), (11.0, 0.45))  # limits of a pair: pixels, radians


@dataclass(frozen=True)
class Motion:
    """Turn by rotation (radians), then shift by x, y (pixels): carries side B over side A."""

    rotation: float
    x: float
    y: float

    def moved(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the points, shape (n, 2), after the motion."""
        cosine, sine = np.cos(self.rotation), np.sin(self.rotation)
        turned = points @ np.array([[cosine, sine], [-sine, cosine]])
        moved: NDArray[np.float64] = turned + np.array((self.x, self.y))
        return moved

    @classmethod
    def fitted(
        cls,
        goal: NDArray[np.float64],
        points: NDArray[np.float64],
        turns: NDArray[np.float64],
        weight: NDArray[np.float64],
    ) -> Self:
        """Fit by weighted least squares. goal, points: (n, 2); turns: (n,), radians, by direction.

        The mean turn counts like DIRECTION_WEIGHT square pixels of extent per pair, so that few
        or close pairs still have a rotation.
        """
        total = weight.sum()
        mean_goal, mean_points = weight @ goal / total, weight @ points / total
        far, near = goal - mean_goal, points - mean_points
        turn = np.arctan2(weight @ np.sin(turns), weight @ np.cos(turns))
        dot = weight @ (near * far).sum(axis=1)
        cross = weight @ (near[:, 0] * far[:, 1] - near[:, 1] * far[:, 0])
        extent = DIRECTION_WEIGHT * total
        rotation = np.arctan2(cross + extent * np.sin(turn), dot + extent * np.cos(turn))
        x, y = mean_goal - cls(float(rotation), 0.0, 0.0).moved(mean_points)
        return cls(float(rotation), float(x), float(y))


@dataclass(frozen=True, eq=False)
class Pairing:
    """The minutiae that meet, best fitting first, one to one.

    first, second: int64 (p,), minutiae of sides A and B. motion: from B to A.
    distance: float64 (p,), pixels left after motion and field, below 11.
    turn: float64 (p,), radians of direction left after the motion, below 0.45.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    motion: Motion
    distance: NDArray[np.float64]
    turn: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)


def pair(
    a: Prepared,
    b: Prepared,
    similarity: NDArray[np.float32],
    found: Candidates,
    support: NDArray[np.float64],
    root: int,
) -> Pairing:
    """Align side B to side A around candidate root and pair the minutiae.

    similarity: (n, m) of stage 1; support: (k, k) of stage 2.
    """
    weight = support[root].copy()
    weight[root] = 1.0
    motion = _fit(a, b, found.first, found.second, weight)
    moved = motion.moved(b.points)
    for number, limits in enumerate(PASSES):
        pairing = _nearest(a, b, moved, motion, similarity, limits)
        if not len(pairing) or number == len(PASSES) - 1:
            break
        motion = _fit(a, b, pairing.first, pairing.second, np.ones(len(pairing)))
        rigid = motion.moved(b.points)
        moved = rigid + _field(a.points[pairing.first] - rigid[pairing.second], rigid, pairing)
    return pairing


def _fit(
    a: Prepared,
    b: Prepared,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> Motion:
    turns = a.direction[first] - b.direction[second]
    return Motion.fitted(a.points[first], b.points[second], turns, weight)


def _nearest(
    a: Prepared,
    b: Prepared,
    moved: NDArray[np.float64],
    motion: Motion,
    similarity: NDArray[np.float32],
    limits: tuple[float, float],
) -> Pairing:
    """Pair greedily, cheapest first, what lies within the limits."""
    apart = a.points[:, None, :] - moved
    distance = np.hypot(apart[..., 0], apart[..., 1])
    turn = np.abs(wrapped(a.direction[:, None] - b.direction - motion.rotation))
    first, second = np.nonzero((distance < limits[0]) & (turn < limits[1]))
    distance, turn = distance[first, second], turn[first, second]
    cost = (distance / limits[0]) ** 2 + (turn / limits[1]) ** 2
    cost -= SIMILARITY_BONUS * similarity[first, second]
    kept = _one_to_one(first, second, np.argsort(cost, kind="stable"))
    return Pairing(first[kept], second[kept], motion, distance[kept], turn[kept])


def _one_to_one(
    first: NDArray[np.int64], second: NDArray[np.int64], order: NDArray[np.int64]
) -> NDArray[np.int64]:
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    kept: list[int] = []
    for row, i, j in zip(
        order.tolist(), first[order].tolist(), second[order].tolist(), strict=True
    ):
        if i not in taken_first and j not in taken_second:
            taken_first.add(i)
            taken_second.add(j)
            kept.append(row)
    return np.array(kept, np.int64)


def _field(
    residual: NDArray[np.float64], rigid: NDArray[np.float64], pairing: Pairing
) -> NDArray[np.float64]:
    """Return the displacement of every minutia of side B, shape (m, 2)."""
    apart = rigid[:, None, :] - rigid[pairing.second]
    weight = (1 + (apart * apart).sum(axis=-1) / FIELD_REACH**2) ** -2.0
    total = weight.sum(axis=1) + FIELD_PULL
    displacement: NDArray[np.float64] = weight @ residual / total[:, None]
    return displacement
