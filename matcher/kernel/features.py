"""The features of a pairing, compiled: prints/features.py."""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.hull import enclosed, within
from greenline.matcher.kernel.pairing import move
from greenline.matcher.kernel.room import Room
from greenline.prints import features as reference
from greenline.prints.pairing import PASSES

_MARGIN_SQUARE = reference.OVERLAP_MARGIN**2
_FAR_OUTSIDE = -1.001 * reference.OVERLAP_MARGIN - 1  # no rounding decides
_REACH_SQUARE = reference.EDGE_REACH**2
_EDGE_FIXED, _EDGE_SHARE = reference.EDGE_TOLERANCE
_MOST_ROTATION = reference.MAX_ROTATION
_FAR, _TURNED = PASSES[-1]


@compiled
def measure(
    n: int, m: int, k: int, count: int,
    kind_a: NDArray[np.uint8], kind_b: NDArray[np.uint8],
    hull_a: NDArray[np.uint8], hull_b: NDArray[np.uint8],
    mine: Room,
) -> None:  # fmt: skip
    """Fill the features in the order of prints.features.NAMES.

    n, m: minutiae of A and B; k: candidates; count: pairs. hull: which minutiae are its corners.
    """
    a, pairs, left, motion, out = (
        mine.a,
        mine.pairs[:, :count],
        mine.left,
        mine.motion,
        mine.features,
    )
    similarity, strength = mine.similarity, mine.strength[:k]
    worth_a, worth_b, moved = mine.worth_a, mine.worth_b, mine.moved
    move(m, mine)
    soft = matched = local = both = equal = residual = turned = distortion = 0.0
    for p in range(count):
        i, j = pairs[0, p], pairs[1, p]
        distance, turn = left[0, p] / _FAR, left[1, p] / _TURNED
        fit = (1 - distance * distance) * (1 - turn * turn)
        worth = worth_a[i] * worth_b[j]
        soft += fit
        matched += fit * worth
        local += similarity[i * m + j]
        both += worth
        if kind_a[i] == kind_b[j]:
            equal += worth
        residual += left[0, p]
        turned += left[1, p]
        x, y = a[0, i] - moved[0, j], a[1, i] - moved[1, j]
        distortion += x * x + y * y
    inside_a, missed_a = _missed(n, a, worth_a, moved, hull_b, pairs[0], mine)
    inside_b, missed_b = _missed(m, moved, worth_b, a, hull_a, pairs[1], mine)
    over_a, over_b, unmatched = inside_a + count, inside_b + count, missed_a + missed_b
    overlap = math.sqrt((over_a + 2.0) * (over_b + 2.0))
    best, mean = strength.max(), strength.mean()
    density = soft * soft / math.sqrt((over_a + 6.0) * (over_b + 6.0)) + local / 2 + 0.5
    edges, edge_share = _edges(a, moved, pairs)
    out[0], out[1], out[2], out[3] = soft, math.sqrt(soft), soft / overlap, math.log(overlap)
    out[4], out[5] = math.sqrt(unmatched + 0.5), matched / (matched + unmatched / 2 + 1)
    out[6], out[7] = math.sqrt(local + 0.1), local / (count + 1)
    out[8], out[9], out[10] = residual / count, turned / count, math.sqrt(distortion / count)
    out[11], out[12], out[13] = edges, math.log1p(edges), edge_share
    out[14], out[15], out[16] = math.log(best + 0.05), math.sqrt(best), math.log(mean + 0.05)
    out[17], out[18] = equal / max(both, 1e-9), min(abs(motion[0]), _MOST_ROTATION)
    out[19], out[20], out[21], out[22] = _spread(a, pairs), math.log(density), count, local


@compiled
def _missed(
    n: int, points: NDArray[np.float64], worth: NDArray[np.float64],
    others: NDArray[np.float64], hull: NDArray[np.uint8], paired: NDArray[np.int64], mine: Room,
) -> tuple[int, float]:  # fmt: skip
    """Count the minutiae inside the other side's hull that are not paired, and their quality."""
    corners, free = np.empty((2, len(hull))), mine.taken_a
    for at in range(len(hull)):
        corners[0, at], corners[1, at] = others[0, hull[at]], others[1, hull[at]]
    free[:n] = True
    for index in paired:
        free[index] = False
    inside = mine.field[0]
    enclosed(n, points, corners, inside)
    count, missed = 0, 0.0
    for i in range(n):
        if not free[i] or inside[i] < _FAR_OUTSIDE:
            continue
        if inside[i] >= 0 or within(points[0, i], points[1, i], corners, _MARGIN_SQUARE):
            count += 1
            missed += worth[i]
    return count, missed


@compiled
def _edges(
    a: NDArray[np.float64], moved: NDArray[np.float64], pairs: NDArray[np.int64]
) -> tuple[float, float]:
    total, near = 0.0, 0
    for p in range(pairs.shape[1]):
        i, j = pairs[0, p], pairs[1, p]
        for q in range(p + 1, pairs.shape[1]):
            k, t = pairs[0, q], pairs[1, q]
            x, y = a[0, i] - a[0, k], a[1, i] - a[1, k]
            square = x * x + y * y
            if square < _REACH_SQUARE:
                error_x = x - (moved[0, j] - moved[0, t])
                error_y = y - (moved[1, j] - moved[1, t])
                allowed = _EDGE_FIXED + _EDGE_SHARE * math.sqrt(square)
                kept = 1 - (error_x * error_x + error_y * error_y) / (allowed * allowed)
                total += max(kept, 0.0)
                near += 1
    return total, total / (near + 10)


@compiled
def _spread(a: NDArray[np.float64], pairs: NDArray[np.int64]) -> float:
    count = pairs.shape[1]
    x = y = xx = yy = xy = 0.0
    for index in pairs[0]:
        x += a[0, index]
        y += a[1, index]
    x, y = x / count, y / count
    for index in pairs[0]:
        off_x, off_y = a[0, index] - x, a[1, index] - y
        xx += off_x * off_x
        yy += off_y * off_y
        xy += off_x * off_y
    xx, yy, xy = xx / count, yy / count, xy / count
    return float(max(xx * yy - xy * xy, 0.0) ** 0.25) / 50
