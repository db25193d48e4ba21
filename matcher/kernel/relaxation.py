"""Stage 2 compiled: prints/relaxation.py."""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.prints import relaxation as reference

_FIXED, _SHARE = reference.DISTANCE_TOLERANCE
_ROTATION = reference.ROTATION_TOLERANCE
_BEARING, _BEARING_FAR = reference.BEARING_TOLERANCE
_ROUNDS = reference.ROUNDS
_DIVISOR = reference.SUPPORT_DIVISOR
_FULL = 2 * math.pi


@compiled
def wrapped(angle: float) -> float:
    """Return the same angle in [-pi, pi); angle: within -3 pi to 3 pi."""
    if angle >= math.pi:
        return angle - _FULL
    if angle < -math.pi:
        return angle + _FULL
    return angle


@compiled
def relax(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    similarity: NDArray[np.float64],
    support: NDArray[np.float64],
    strength: NDArray[np.float64],
) -> int:
    """Fill support (k, k) and strength (k,); return the strongest candidate.

    a, b: x, y and direction of the minutiae, (3, n) and (3, m). first, second, similarity: (k,).
    """
    _compatibility(a, b, first, second, support)
    count = len(first)
    before, total = similarity.copy(), np.empty(count)
    for _ in range(_ROUNDS):
        total[:] = 0.0
        for k in range(count):
            row, lift = support[k], before[k]  # its columns are its rows
            for t in range(count):
                total[t] += row[t] * lift
        for t in range(count):
            strength[t] = 0.5 * before[t] + 0.5 * total[t] / _DIVISOR
        before[:] = strength
    return int(np.argmax(strength))


@compiled
def _compatibility(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    support: NDArray[np.float64],
) -> None:
    count = len(first)
    rotation = np.empty(count)
    for t in range(count):
        rotation[t] = b[2, second[t]] - a[2, first[t]]
        support[t, t] = 0.0
    for t in range(count):
        cosine, sine = math.cos(rotation[t]), math.sin(rotation[t])
        a_x, a_y = a[0, first[t]], a[1, first[t]]
        b_x, b_y = b[0, second[t]], b[1, second[t]]
        for k in range(t + 1, count):
            value = 0.0
            turn = wrapped(wrapped(rotation[k] - rotation[t]))
            if abs(turn) < _ROTATION and first[t] != first[k] and second[t] != second[k]:
                ax, ay = a[0, first[k]] - a_x, a[1, first[k]] - a_y
                bx, by = b[0, second[k]] - b_x, b[1, second[k]] - b_y
                value = _fit(cosine * ax - sine * ay, sine * ax + cosine * ay, bx, by, turn)
            support[t, k] = support[k, t] = value


@compiled
def _fit(ax: float, ay: float, bx: float, by: float, turn: float) -> float:
    """Return how well two candidates fit one motion.

    ax, ay: the edge of side A, turned by the first candidate's rotation; bx, by: that of side B;
    turn: how much more the second candidate is turned, less than the tolerance.
    """
    length_a, length_b = math.sqrt(ax * ax + ay * ay), math.sqrt(bx * bx + by * by)
    stretch = (length_a - length_b) / (_FIXED + _SHARE * length_a)
    if abs(stretch) >= 1:
        return 0.0
    cosine, sine = _small_turn(turn / 2)
    x, y = cosine * ax - sine * ay, sine * ax + cosine * ay
    dot, cross = x * bx + y * by, x * by - y * bx
    if dot <= 0:
        return 0.0
    bearing = abs(cross) / (length_a * length_b) / (_BEARING + _BEARING_FAR / max(length_a, 1.0))
    if bearing >= 1:
        return 0.0
    turned = turn / _ROTATION
    return (1 - stretch * stretch) * (1 - turned * turned) * (1 - bearing * bearing)


@compiled
def _small_turn(angle: float) -> tuple[float, float]:
    """Return cosine and sine of at most 0.3 radians, by their series: exact to the last bits."""
    square = angle * angle
    cosine = 1 - square / 2 * (
        1 - square / 12 * (1 - square / 30 * (1 - square / 56 * (1 - square / 90)))
    )
    sine = angle * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72))))
    return cosine, sine
