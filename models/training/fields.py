"""Smooth random fields and blurring with matrices: quick in plain NumPy, the same everywhere.

Every field is float64, so that a seed gives the same finger under every version of NumPy.
"""

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]


def seeded(*words: int) -> np.random.Generator:
    """Return a generator for these words; other words, other numbers, on every machine."""
    return np.random.default_rng(np.random.SeedSequence([word & 0xFFFFFFFF for word in words]))


def spline_rows(positions: Field, cells: int) -> Field:
    """Return the cubic B-spline weights of positions (n,), in cells from 0 to cells.

    The result is (n, cells + 3); positions beyond the ends are taken as the ends.
    """
    inside = np.clip(positions, 0.0, cells - 1e-9)
    first = inside.astype(np.intp)
    t = inside - first
    weights = np.stack(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    )
    rows = np.zeros((len(inside), cells + 3))
    for step in range(4):
        rows[np.arange(len(inside)), first + step] = weights[step] / 6
    return rows


def smooth_field(rng: np.random.Generator, height: int, width: int, scale: float) -> Field:
    """Return (height, width) of smooth noise of mean 0, deviation 1; its knots scale px apart."""
    down, across = max(1, round(height / scale)), max(1, round(width / scale))
    rows = spline_rows(np.linspace(0, down, height), down)
    columns = spline_rows(np.linspace(0, across, width), across)
    knots = rng.standard_normal((down + 3, across + 3))
    # A cubic B-spline on a grid of unit noise has a mean variance of about 0.23.
    return np.asarray(rows @ knots @ columns.T / 0.479)


def blur(image: Field, sigma: float) -> Field:
    """Return image blurred by a Gaussian of sigma pixels, mirrored at its edges."""
    reach = max(1, round(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    blurred = image
    for axis in (0, 1):
        edges = [(reach, reach), (0, 0)] if axis == 0 else [(0, 0), (reach, reach)]
        padded = np.pad(blurred, edges, mode="reflect")
        blurred = weights[reach] * image if axis == 0 else weights[reach] * blurred
        for step in range(1, reach + 1):
            blurred += weights[reach - step] * (
                _shifted(padded, axis, reach - step, image.shape[axis])
                + _shifted(padded, axis, reach + step, image.shape[axis])
            )
    return blurred


def _shifted(padded: Field, axis: int, start: int, count: int) -> Field:
    """Return count rows (axis 0) or columns (axis 1) of padded from start."""
    return padded[start : start + count] if axis == 0 else padded[:, start : start + count]


def bilinear(layers: Field, x: Field, y: Field) -> Field:
    """Sample layers (height, width, k) at x, y of one shape; the edge pixels go on for ever.

    Returns that shape with k appended.
    """
    height, width = layers.shape[:2]
    x, y = np.clip(x, 0, width - 1.001), np.clip(y, 0, height - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, below = (x - left)[..., None], (y - top)[..., None]
    flat, at = layers.reshape(height * width, -1), top * width + left
    upper = flat[at] * (1 - right) + flat[at + 1] * right
    lower = flat[at + width] * (1 - right) + flat[at + width + 1] * right
    return np.asarray(upper * (1 - below) + lower * below)
