"""Stage 3 compiled: prints/pairing.py."""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.lanes import lowest, near
from greenline.matcher.kernel.relaxation import wrapped
from greenline.matcher.kernel.room import ACROSS, Room
from greenline.matcher.kernel.vectors import LANES, WIDE
from greenline.prints import pairing as reference

_DIRECTION_WEIGHT = reference.DIRECTION_WEIGHT
_FIELD_SCALE = reference.FIELD_REACH**-2
_FIELD_PULL = reference.FIELD_PULL
_BONUS = reference.SIMILARITY_BONUS
_PASSES = reference.PASSES
_NOWHERE = 1e12  # pixels
_HALVES = ACROSS // 8  # words of near for each minutia
_ALL = -1
_SIDE_B = 8  # bits that hold a minutia of side B


@compiled
def pair(n: int, m: int, k: int, root: int, mine: Room) -> int:
    """Align side B to side A around candidate root; return the number of pairs.

    n, m: minutiae of A and B; k: candidates. Fills pairs, left and motion.
    """
    _fit(mine, mine.first[:k], mine.second[:k], mine.support[root], root)
    move(m, mine)
    count = 0
    for number in range(len(_PASSES)):
        far, turned = _PASSES[number]
        count = _nearest(n, m, far, turned, mine)
        if count == 0 or number == len(_PASSES) - 1:
            break
        _fit(mine, mine.pairs[0, :count], mine.pairs[1, :count], mine.support[0], _ALL)
        move(m, mine)
        _stretch(m, count, mine)
    return count


@compiled
def move(m: int, mine: Room) -> None:
    """Move side B over side A. Full lanes: what is too much lies where nothing is near."""
    b, moved = mine.b, mine.moved
    cosine, sine = math.cos(mine.motion[0]), math.sin(mine.motion[0])
    for j in range(m):
        moved[0, j] = cosine * b[0, j] - sine * b[1, j] + mine.motion[1]
        moved[1, j] = sine * b[0, j] + cosine * b[1, j] + mine.motion[2]
    for j in range(m, -(-m // LANES) * LANES):
        moved[0, j] = moved[1, j] = _NOWHERE


@compiled
def _fit(
    mine: Room,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weight: NDArray[np.float64],
    root: int,
) -> None:
    """Fit the motion from B to A by least squares, directions and positions.

    weight: of each pair, 1 for the root; or _ALL as the root: 1 for each.
    """
    a, b, motion = mine.a, mine.b, mine.motion
    total = goal_x = goal_y = from_x = from_y = turn_sine = turn_cosine = 0.0
    for t in range(len(first)):
        w = 1.0 if root in (t, _ALL) else weight[t]
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
        w = 1.0 if root in (t, _ALL) else weight[t]
        i, j = first[t], second[t]
        far_x, far_y = a[0, i] - goal_x, a[1, i] - goal_y
        near_x, near_y = b[0, j] - from_x, b[1, j] - from_y
        dot += w * (near_x * far_x + near_y * far_y)
        cross += w * (near_x * far_y - near_y * far_x)
    turn = math.atan2(turn_sine, turn_cosine)
    extent = _DIRECTION_WEIGHT * total
    rotation = math.atan2(cross + extent * math.sin(turn), dot + extent * math.cos(turn))
    cosine, sine = math.cos(rotation), math.sin(rotation)
    motion[0] = rotation
    motion[1] = goal_x - (cosine * from_x - sine * from_y)
    motion[2] = goal_y - (sine * from_x + cosine * from_y)


@compiled
def _nearest(n: int, m: int, far: float, turned: float, mine: Room) -> int:
    """Pair greedily, cheapest first, what lies within the limits."""
    a, b, moved, rotation = mine.a, mine.b, mine.moved, mine.motion[0]
    count = _admissible(n, m, far, turned, mine)
    _sort(count, mine.cost, mine.order)
    mine.taken_a[:n] = False
    mine.taken_b[:m] = False
    kept = 0
    for row in range(count):
        at = mine.found[mine.order[row]]
        i, j = at >> _SIDE_B, at & ((1 << _SIDE_B) - 1)
        if not mine.taken_a[i] and not mine.taken_b[j]:
            mine.taken_a[i] = mine.taken_b[j] = True
            x, y = a[0, i] - moved[0, j], a[1, i] - moved[1, j]
            mine.pairs[0, kept], mine.pairs[1, kept] = i, j
            mine.left[0, kept] = math.sqrt(x * x + y * y)
            mine.left[1, kept] = abs(wrapped(wrapped(a[2, i] - rotation - b[2, j])))
            kept += 1
    return kept


@compiled
def _admissible(n: int, m: int, far: float, turned: float, mine: Room) -> int:
    """List what lies within the limits; return how many there are."""
    a, b, moved, similarity = mine.a, mine.b, mine.moved, mine.similarity
    words = mine.near.view(np.uint64)
    halves = -(-m // 64)
    for at in range(n * _HALVES):
        words[at] = 0
    near(a, n, moved, m, far * far, mine.near, ACROSS)
    count = 0
    for i in range(n):
        for half in range(halves):
            word = words[i * _HALVES + half]
            while word:
                j = half * 64 + lowest(word)
                word &= word - np.uint64(1)
                turn = abs(wrapped(wrapped(a[2, i] - mine.motion[0] - b[2, j])))
                if turn < turned:
                    x, y = a[0, i] - moved[0, j], a[1, i] - moved[1, j]
                    off_x, off_y = math.sqrt(x * x + y * y) / far, turn / turned
                    alike = similarity[i * m + j]
                    mine.found[count] = i << _SIDE_B | j
                    mine.cost[count] = off_x * off_x + off_y * off_y - _BONUS * alike
                    count += 1
    return count


@compiled
def _sort(count: int, cost: NDArray[np.float64], order: NDArray[np.int64]) -> None:
    """Write the order of the first costs, cheapest first; equal ones stay in their order.

    Each counts who is cheaper: for the usual dozen that is faster than any way that branches.
    """
    full = -(-count // WIDE) * WIDE
    for at in range(count, full):
        cost[at] = np.inf
    for row in range(count):
        own, before = cost[row], 0
        for at in range(full):
            before += int(cost[at] < own)
        for at in range(row):
            before += int(cost[at] == own)
        order[before] = row


@compiled
def _stretch(m: int, count: int, mine: Room) -> None:
    """Move every minutia of side B by the smoothed residuals of the pairs near it."""
    a, pairs, moved, field = mine.a, mine.pairs, mine.moved, mine.field
    room = -(-m // LANES) * LANES
    moved_x, moved_y = moved[0, :room], moved[1, :room]
    total, x, y = field[0, :room], field[1, :room], field[2, :room]
    total[:], x[:], y[:] = _FIELD_PULL, 0.0, 0.0
    for p in range(count):
        field[3, p], field[4, p] = moved_x[pairs[1, p]], moved_y[pairs[1, p]]
    for p in range(count):
        at_x, at_y = field[3, p], field[4, p]
        residual_x, residual_y = a[0, pairs[0, p]] - at_x, a[1, pairs[0, p]] - at_y
        for j in range(room):
            apart_x, apart_y = moved_x[j] - at_x, moved_y[j] - at_y
            share = 1 + (apart_x * apart_x + apart_y * apart_y) * _FIELD_SCALE
            weight = 1 / (share * share)
            total[j] += weight
            x[j] += weight * residual_x
            y[j] += weight * residual_y
    for j in range(m):
        moved_x[j] += x[j] / total[j]
        moved_y[j] += y[j] / total[j]
