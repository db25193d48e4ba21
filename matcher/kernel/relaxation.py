"""Stage 2 compiled: prints/relaxation.py."""

import math

import numpy as np

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.room import Room
from greenline.matcher.kernel.vectors import LANES
from greenline.prints import relaxation as reference
from greenline.prints.similarity import MAX_CANDIDATES

_FIXED, _SHARE = reference.DISTANCE_TOLERANCE
_ROTATION = reference.ROTATION_TOLERANCE
_BEARING, _BEARING_FAR = reference.BEARING_TOLERANCE
_ROUNDS = reference.ROUNDS
_DIVISOR = reference.SUPPORT_DIVISOR
_FULL = 2 * math.pi
_MOST = -(-MAX_CANDIDATES // LANES) * LANES
_AX, _AY, _BX, _BY, _TURN, _COSINE, _SINE, _ROW = (column * _MOST for column in range(8))


@compiled
def wrapped(angle: float) -> float:
    """Return the same angle in [-pi, pi); angle: within -3 pi to 3 pi."""
    if angle >= math.pi:
        return angle - _FULL
    if angle < -math.pi:
        return angle + _FULL
    return angle


@compiled
def relax(count: int, mine: Room) -> int:
    """Fill support and strength of so many candidates; return the strongest of them."""
    support, strength = mine.support, mine.strength
    _compatibility(count, mine)
    before, total = mine.value[:count].copy(), np.empty(count)
    for _ in range(_ROUNDS):
        total[:] = 0.0
        for k in range(count):
            row, lift = support[k], before[k]  # its columns are its rows
            for t in range(count):
                total[t] += row[t] * lift
        for t in range(count):
            strength[t] = 0.5 * before[t] + 0.5 * total[t] / _DIVISOR
        before[:] = strength[:count]
    return int(np.argmax(strength[:count]))  # behind that lies what others have left


@compiled
def _compatibility(count: int, mine: Room) -> None:
    """Fill support (k, k): how well each two candidates fit one motion.

    Without branches, over full rows of _MOST candidates, so that several are done at a time; those
    too many lie all in one place and fit nothing.
    """
    a, b, first, second, support = mine.a, mine.b, mine.first, mine.second, mine.support
    of = np.zeros(8 * _MOST)  # in one piece: the compiler sees that its columns do not overlap
    for t in range(count):
        i, j = first[t], second[t]
        of[_AX + t], of[_AY + t], of[_BX + t], of[_BY + t] = a[0, i], a[1, i], b[0, j], b[1, j]
        rotation = wrapped(wrapped(b[2, j] - a[2, i]))
        of[_TURN + t] = rotation
        of[_COSINE + t], of[_SINE + t] = math.cos(rotation / 2), math.sin(rotation / 2)
    for t in range(count):
        x, y, goal_x, goal_y = of[_AX + t], of[_AY + t], of[_BX + t], of[_BY + t]
        own, own_cosine, own_sine = of[_TURN + t], of[_COSINE + t], of[_SINE + t]
        for k in range(t + LANES - t % LANES):
            turn = of[_TURN + k] - own
            # Half a turn more is the opposite direction.
            ahead = -1.0 if abs(turn) > math.pi else 1.0
            turn -= _FULL if turn >= math.pi else 0.0
            turn += _FULL if turn < -math.pi else 0.0
            edge_x, edge_y = of[_AX + k] - x, of[_AY + k] - y
            other_x, other_y = of[_BX + k] - goal_x, of[_BY + k] - goal_y
            length = math.sqrt(edge_x * edge_x + edge_y * edge_y)
            other = math.sqrt(other_x * other_x + other_y * other_y)
            half_cosine = own_cosine * of[_COSINE + k] - own_sine * of[_SINE + k]
            half_sine = own_sine * of[_COSINE + k] + own_cosine * of[_SINE + k]
            turned_x = half_cosine * edge_x - half_sine * edge_y
            turned_y = half_sine * edge_x + half_cosine * edge_y
            dot = ahead * (turned_x * other_x + turned_y * other_y)
            cross = turned_x * other_y - turned_y * other_x
            # Each deviation is one number over another: so one division serves all.
            stretch, stretch_most = length - other, _FIXED + _SHARE * length
            cross_most = other * (_BEARING * length + _BEARING_FAR * min(length, 1.0))
            stretched, stretched_most = stretch * stretch, stretch_most * stretch_most
            crossed, crossed_most = cross * cross, cross_most * cross_most
            turned, turned_most = turn * turn, _ROTATION * _ROTATION
            fits = (
                (stretched < stretched_most) & (crossed < crossed_most) & (turned < turned_most)
                & (dot > 0) & (length > 0) & (other > 0)
            )  # fmt: skip
            most = stretched_most * crossed_most * turned_most
            value = (stretched_most - stretched) * (crossed_most - crossed) * (turned_most - turned)
            of[_ROW + k] = value / most if fits else 0.0
        for k in range(t):
            same = first[t] == first[k] or second[t] == second[k]
            support[t, k] = support[k, t] = 0.0 if same else of[_ROW + k]
        support[t, t] = 0.0
