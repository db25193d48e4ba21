"""Stage 3 compiled: prints/pairing.py."""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.relaxation import wrapped
from greenline.prints import pairing as reference

_DIRECTION_WEIGHT = reference.DIRECTION_WEIGHT
_FIELD_SCALE = reference.FIELD_REACH**-2
_FIELD_PULL = reference.FIELD_PULL
_BONUS = reference.SIMILARITY_BONUS
_PASSES = reference.PASSES


@compiled
def pair(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    similarity: NDArray[np.float32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    support: NDArray[np.float64],
    root: int,
    pairs: NDArray[np.int64],
    left: NDArray[np.float64],
    motion: NDArray[np.float64],
) -> int:
    """Align side B to side A around candidate root; return the number of pairs.

    a, b: x, y and direction, (3, n) and (3, m); similarity: n * m values. pairs: room for (2, n);
    left: room for (2, n), the distance and turn that remain of each pair. motion: rotation, x, y.
    """
    m = b.shape[1]
    weight = support[root].copy()
    weight[root] = 1.0
    _fit(a, b, first, second, weight, motion)
    moved = np.empty((2, m))
    _move(motion, b, moved)
    ones = np.ones(a.shape[1])
    count = 0
    for number in range(len(_PASSES)):
        far, turned = _PASSES[number]
        count = _nearest(a, b, moved, motion[0], similarity, far, turned, pairs, left)
        if count == 0 or number == len(_PASSES) - 1:
            break
        _fit(a, b, pairs[0, :count], pairs[1, :count], ones[:count], motion)
        _move(motion, b, moved)
        _stretch(a, pairs[:, :count], moved)
    return count


@compiled
def _move(
    motion: NDArray[np.float64], points: NDArray[np.float64], moved: NDArray[np.float64]
) -> None:
    cosine, sine = math.cos(motion[0]), math.sin(motion[0])
    for j in range(points.shape[1]):
        moved[0, j] = cosine * points[0, j] - sine * points[1, j] + motion[1]
        moved[1, j] = sine * points[0, j] + cosine * points[1, j] + motion[2]


@compiled
def _fit(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weight: NDArray[np.float64],
    motion: NDArray[np.float64],
) -> None:
    """Fit the motion from B to A by weighted least squares, directions and positions."""
    total = goal_x = goal_y = from_x = from_y = turn_sine = turn_cosine = 0.0
    for t in range(len(first)):
        w = weight[t]
        if w == 0.0:
            continue
        i, j = first[t], second[t]
        turn = a[2, i] - b[2, j]
        total += w
        goal_x += w * a[0, i]
        goal_y += w * a[1, i]
        from_x += w * b[0, j]
        from_y += w * b[1, j]
        turn_sine += w * math.sin(turn)
        turn_cosine += w * math.cos(turn)
    goal_x, goal_y, from_x, from_y = goal_x / total, goal_y / total, from_x / total, from_y / total
    dot = cross = 0.0
    for t in range(len(first)):
        i, j = first[t], second[t]
        far_x, far_y = a[0, i] - goal_x, a[1, i] - goal_y
        near_x, near_y = b[0, j] - from_x, b[1, j] - from_y
        dot += weight[t] * (near_x * far_x + near_y * far_y)
        cross += weight[t] * (near_x * far_y - near_y * far_x)
    turn = math.atan2(turn_sine, turn_cosine)
    extent = _DIRECTION_WEIGHT * total
    rotation = math.atan2(cross + extent * math.sin(turn), dot + extent * math.cos(turn))
    cosine, sine = math.cos(rotation), math.sin(rotation)
    motion[0] = rotation
    motion[1] = goal_x - (cosine * from_x - sine * from_y)
    motion[2] = goal_y - (sine * from_x + cosine * from_y)


@compiled
def _nearest(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    moved: NDArray[np.float64],
    rotation: float,
    similarity: NDArray[np.float32],
    far: float,
    turned: float,
    pairs: NDArray[np.int64],
    left: NDArray[np.float64],
) -> int:
    """Pair greedily, cheapest first, what lies within the limits."""
    n, m = a.shape[1], b.shape[1]
    room = 4 * (n + m)
    while True:
        at, cost = np.empty(room, np.int64), np.empty(room)
        count = _admissible(a, b, moved, rotation, similarity, far, turned, at, cost)
        if count <= room:
            break
        room = count  # crowded: minutiae far closer together than skin has them
    taken_a, taken_b = np.zeros(n, np.bool_), np.zeros(m, np.bool_)
    kept = 0
    order = np.empty(count, np.int64)
    _sort(cost, order)
    for row in order:
        i, j = at[row] // m, at[row] % m
        if not taken_a[i] and not taken_b[j]:
            taken_a[i] = taken_b[j] = True
            x, y = a[0, i] - moved[0, j], a[1, i] - moved[1, j]
            pairs[0, kept], pairs[1, kept] = i, j
            left[0, kept] = math.sqrt(x * x + y * y)
            left[1, kept] = abs(wrapped(wrapped(a[2, i] - rotation - b[2, j])))
            kept += 1
    return kept


@compiled
def _admissible(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    moved: NDArray[np.float64],
    rotation: float,
    similarity: NDArray[np.float32],
    far: float,
    turned: float,
    at: NDArray[np.int64],
    cost: NDArray[np.float64],
) -> int:
    """List what lies within the limits, as far as there is room; return how many there are."""
    m = b.shape[1]
    square = far * far
    moved_x, moved_y, direction = moved[0], moved[1], b[2]
    apart = np.empty(m)
    count = 0
    for i in range(a.shape[1]):
        x, y, own = a[0, i], a[1, i], a[2, i] - rotation
        for j in range(m):
            apart_x, apart_y = x - moved_x[j], y - moved_y[j]
            apart[j] = apart_x * apart_x + apart_y * apart_y
        for j in range(m):
            if apart[j] < square:
                turn = abs(wrapped(wrapped(own - direction[j])))
                if turn < turned:
                    if count < len(at):
                        off_x, off_y = math.sqrt(apart[j]) / far, turn / turned
                        at[count] = i * m + j
                        cost[count] = off_x * off_x + off_y * off_y - _BONUS * similarity[i * m + j]
                    count += 1
    return count


@compiled
def _sort(cost: NDArray[np.float64], order: NDArray[np.int64]) -> None:
    """Write the order of the first costs, cheapest first; equal ones stay in their order.

    By insertion: there are a few dozen.
    """
    for row in range(len(order)):
        place = row
        while place and cost[order[place - 1]] > cost[row]:
            order[place] = order[place - 1]
            place -= 1
        order[place] = row


@compiled
def _stretch(a: NDArray[np.float64], pairs: NDArray[np.int64], moved: NDArray[np.float64]) -> None:
    """Move every minutia of side B by the smoothed residuals of the pairs near it."""
    count, m = pairs.shape[1], moved.shape[1]
    moved_x, moved_y = moved[0], moved[1]
    at = np.empty((2, count))
    for p in range(count):
        at[0, p], at[1, p] = moved_x[pairs[1, p]], moved_y[pairs[1, p]]
    total, x, y = np.full(m, _FIELD_PULL), np.zeros(m), np.zeros(m)
    for p in range(count):
        at_x, at_y = at[0, p], at[1, p]
        residual_x, residual_y = a[0, pairs[0, p]] - at_x, a[1, pairs[0, p]] - at_y
        for j in range(m):
            apart_x, apart_y = moved_x[j] - at_x, moved_y[j] - at_y
            share = 1 + (apart_x * apart_x + apart_y * apart_y) * _FIELD_SCALE
            weight = 1 / (share * share)
            total[j] += weight
            x[j] += weight * residual_x
            y[j] += weight * residual_y
    for j in range(m):
        moved_x[j] += x[j] / total[j]
        moved_y[j] += y[j] / total[j]
