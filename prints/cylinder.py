"""The local descriptor: what stands around a minutia, as 6 x 52 bits and a mask.

The bit version of the Minutia Cylinder-Code (R. Cappelli, M. Ferrara, D. Maltoni, "Minutia
Cylinder-Code: A New Representation and Matching Technique for Fingerprint Recognition", IEEE
TPAMI 32(12), 2010), at 8 x 8 cells and 6 direction sections. Nothing outside this file and
similarity.py knows how it is made, so that another descriptor can take its place.

Lengths are pixels at 500 dpi, y up; angles radians.
"""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.prints.hull import within

RADIUS = 75.0
CELLS_ACROSS = 8
SECTIONS = 6
SIGMA_SPACE = 28 / 3
SIGMA_DIRECTION = 2 * math.pi / 9
REACH = 3 * SIGMA_SPACE  # a neighbour further from a cell adds nothing to it
BIT_THRESHOLD = 0.01
HULL_MARGIN = 50.0
MIN_VALID_SHARE = 0.6
MIN_NEIGHBOURS = 2

_SECTION_WIDTH = 2 * math.pi / SECTIONS


def _cell_centres() -> NDArray[np.float64]:
    size = 2 * RADIUS / CELLS_ACROSS
    line = (np.arange(CELLS_ACROSS) + 0.5) * size - RADIUS
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    kept: NDArray[np.float64] = grid[np.hypot(grid[:, 0], grid[:, 1]) <= RADIUS]
    return kept


def _direction_mass(angle: float) -> float:
    """Return the mass of the wrapped Gaussian around angle that falls into a section around 0."""
    scale = SIGMA_DIRECTION * math.sqrt(2)
    half = _SECTION_WIDTH / 2
    turns = (-2 * math.pi, 0.0, 2 * math.pi)
    return (
        sum(
            math.erf((angle + turn + half) / scale) - math.erf((angle + turn - half) / scale)
            for turn in turns
        )
        / 2
    )


CENTRES = _cell_centres()  # (52, 2), along and across the minutia's direction
# NumPy has no erf: the mass is tabulated once, finely enough that interpolation does not show.
MASS_ANGLES = np.linspace(-math.pi, math.pi, 4097)
MASS = np.array([_direction_mass(angle) for angle in MASS_ANGLES])
SECTION_CENTRES = (np.arange(SECTIONS) + 0.5) * _SECTION_WIDTH - math.pi


def describe(
    points: NDArray[np.float64], direction: NDArray[np.float64], hull: NDArray[np.float64]
) -> NDArray[np.uint64]:
    """Return the descriptors of all minutiae of a template, shape (7, n).

    points: (n, 2); direction: (n,); hull: (h, 2) of the points. Rows 0 to 5 hold one section's
    bits each, cell c at bit c; row 6 the mask of valid cells. Invalid cells are 0 in every row,
    and all rows are 0 where too little is known around the minutia.
    """
    if len(points) <= MIN_NEIGHBOURS:
        return np.zeros((SECTIONS + 1, len(points)), np.uint64)
    near = _neighbours(points)
    valid = within(_placed_cells(points, direction), hull, HULL_MARGIN)
    enough = valid.sum(axis=1) >= MIN_VALID_SHARE * len(CENTRES)
    valid &= (enough & (near.sum(axis=1) >= MIN_NEIGHBOURS))[:, None]
    bits = (_values(points, direction, near) >= BIT_THRESHOLD) & valid[..., None]
    return _packed(np.concatenate([bits, valid[..., None]], axis=-1))


def unpacked(words: NDArray[np.uint64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return bits, shape (n, 6, 52), and mask, shape (n, 52), as 0.0 and 1.0."""
    shifts = np.arange(len(CENTRES), dtype=np.uint64)
    flags = (words.T[..., None] >> shifts & np.uint64(1)).astype(np.float32)
    return flags[:, :SECTIONS], flags[:, SECTIONS]


def wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same angles in [-pi, pi)."""
    turned: NDArray[np.float64] = np.mod(angle + math.pi, 2 * math.pi) - math.pi
    return turned


def _placed_cells(
    points: NDArray[np.float64], direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    cosine, sine = np.cos(direction)[:, None], np.sin(direction)[:, None]
    along, across = CENTRES[:, 0], CENTRES[:, 1]
    turned = np.stack([cosine * along - sine * across, sine * along + cosine * across], axis=-1)
    placed: NDArray[np.float64] = points[:, None, :] + turned
    return placed


def _neighbours(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which minutiae are near enough to reach a cell of which, shape (n, n)."""
    x, y = (points[:, axis, None] - points[:, axis] for axis in (0, 1))
    near: NDArray[np.bool_] = x * x + y * y <= (RADIUS + REACH) ** 2
    np.fill_diagonal(near, val=False)
    return near


def _values(
    points: NDArray[np.float64], direction: NDArray[np.float64], near: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return what the neighbours add up to in each cell and section, shape (n, cells, sections)."""
    centre, other = np.nonzero(near)
    value = np.zeros((len(points), len(CENTRES), SECTIONS))
    if len(centre):
        starts = np.flatnonzero(np.diff(centre, prepend=-1))
        difference = direction[centre] - direction[other]
        angle = wrapped(difference[:, None] - SECTION_CENTRES)
        mass = np.interp(angle, MASS_ANGLES, MASS)
        weight = _spatial_weight(points[other] - points[centre], direction[centre])
        added = weight[:, :, None] * mass[:, None, :]
        value[centre[starts]] = np.add.reduceat(added, starts, axis=0)
    return value


def _spatial_weight(
    apart: NDArray[np.float64], direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much neighbours add to each cell, shape (m, cells).

    apart: (m, 2), from a minutia to its neighbour; direction: (m,), of the minutia.
    """
    cosine, sine = np.cos(direction), np.sin(direction)
    along = cosine * apart[:, 0] + sine * apart[:, 1]
    across = cosine * apart[:, 1] - sine * apart[:, 0]
    x, y = along[:, None] - CENTRES[:, 0], across[:, None] - CENTRES[:, 1]
    square = x * x + y * y
    weight: NDArray[np.float64] = np.exp(square / (-2 * SIGMA_SPACE**2))
    weight /= SIGMA_SPACE * math.sqrt(2 * math.pi)
    weight[square > REACH * REACH] = 0
    return weight


def _packed(bits: NDArray[np.bool_]) -> NDArray[np.uint64]:
    shifts = np.arange(len(CENTRES), dtype=np.uint64)[:, None]
    words = (bits.astype(np.uint64) << shifts).sum(axis=1, dtype=np.uint64)
    return np.ascontiguousarray(words.T)
