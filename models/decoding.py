"""From the template network's answers to minutiae: peaks, places, directions.

The answers lie on a grid of 4 pixels (training/template_network.py lists their channels). The
direction's axis comes from the ridge flow, smoothed, which repeats better from impression to
impression than what is said at the minutia; that only tells which of the two ways it points.
"""

import math

import numpy as np
from numpy.typing import NDArray

CELL = 4  # px from one answer to the next
MINUTIA, COSINE, SINE, DOUBLE_COSINE, DOUBLE_SINE, CONTACT, ENDING, RIGHT, DOWN = range(9)

APART_PX = 5.5  # two peaks nearer than this are one minutia
FLOW_SIGMA = 2.5  # cells over which the flow is smoothed

Map = NDArray[np.float32]
Found = NDArray[np.float32]  # (n, 5): x, y, direction, probability of an ending, quality


def decode(answers: Map, threshold: float, flow_sigma: float = FLOW_SIGMA) -> Found:
    """Return the minutiae, best first, in pixels of the network's input.

    answers: (height / 4, width / 4, 9), probabilities in MINUTIA, CONTACT and ENDING. threshold:
    least probability of a minutia, 0 to 1. Directions are radians in (-pi, pi].
    """
    chance = answers[..., MINUTIA]
    row, column = np.nonzero((chance >= threshold) & (chance >= _highest_around(chance)))
    order = np.argsort(-chance[row, column], kind="stable")
    row, column = row[order], column[order]
    x = (column + 0.5 + answers[row, column, RIGHT]) * CELL - 0.5
    y = (row + 0.5 + answers[row, column, DOWN]) * CELL - 0.5
    kept = _apart(x, y)
    row, column, x, y = row[kept], column[kept], x[kept], y[kept]
    direction = _directions(answers, row, column, x, y, flow_sigma)
    ending = answers[row, column, ENDING]
    return np.stack((x, y, direction, ending, chance[row, column]), axis=1).astype(np.float32)


def mirrored(answers: Map) -> Map:
    """Return the answers to a mirrored picture as answers to the picture itself."""
    back = answers[:, ::-1].copy()
    back[..., [COSINE, DOUBLE_SINE, RIGHT]] *= -1
    return back


def _highest_around(values: Map) -> Map:
    """Return the highest value of each 3x3 neighbourhood."""
    padded = np.pad(values, 1, constant_values=-np.inf)
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return np.asarray(np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:]))


def _apart(x: Map, y: Map) -> list[int]:
    """Return which points to keep, best first: each at least APART_PX from every better one."""
    near = np.hypot(x[:, None] - x, y[:, None] - y) < APART_PX
    kept: list[int] = []
    for index in range(len(x)):
        if not near[index, kept].any():
            kept.append(index)
    return kept


def _directions(
    answers: Map,
    row: NDArray[np.intp],
    column: NDArray[np.intp],
    x: Map,
    y: Map,
    flow_sigma: float,
) -> Map:
    flow = np.stack([_blurred(answers[..., DOUBLE_COSINE + part], flow_sigma) for part in (0, 1)])
    cosine, sine = _sampled(flow, *((at.astype(np.float64) + 0.5) / CELL - 0.5 for at in (x, y)))
    axis = np.arctan2(sine, cosine) / 2
    way = np.zeros((2, len(row)), np.float32)
    padded = np.pad(answers, ((1, 1), (1, 1), (0, 0)))
    for down in range(3):
        for right in range(3):
            near = padded[row + down, column + right]
            way += near[:, MINUTIA] * near[:, [COSINE, SINE]].T
    against = way[0] * np.cos(axis) + way[1] * np.sin(axis) < 0
    turned = axis + np.where(against, math.pi, 0)
    return np.asarray(np.arctan2(np.sin(turned), np.cos(turned)), np.float32)


def _blurred(values: Map, sigma: float) -> Map:
    """Return the values blurred by a Gaussian, the edge values going on for ever."""
    if sigma <= 0:
        return values
    reach = max(1, round(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    for axis in (0, 1):
        size = values.shape[axis]
        padded = np.pad(values, [(reach, reach) if a == axis else (0, 0) for a in (0, 1)], "edge")
        parts = (
            weight * np.take(padded, range(step, step + size), axis)
            for step, weight in enumerate(weights)
        )
        values = np.sum(list(parts), axis=0, dtype=np.float32)
    return values


def _sampled(layers: Map, x: NDArray[np.float64], y: NDArray[np.float64]) -> Map:
    """Sample layers (k, height, width) at x, y in cells; returns (k, n)."""
    height, width = layers.shape[1:]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, below = x - left, y - top
    upper = layers[:, top, left] * (1 - right) + layers[:, top, left + 1] * right
    lower = layers[:, top + 1, left] * (1 - right) + layers[:, top + 1, left + 1] * right
    return np.asarray(upper * (1 - below) + lower * below)
