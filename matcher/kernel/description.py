"""The local descriptor compiled: prints/cylinder.py, bit for bit."""

import math

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.compiled import compiled
from greenline.matcher.kernel.hull import within
from greenline.prints import cylinder as reference

_CENTRES = np.ascontiguousarray(reference.CENTRES.T)
_CELLS = len(reference.CENTRES)
_SECTIONS = reference.SECTIONS
_ENOUGH = reference.MIN_VALID_SHARE * _CELLS
_NEIGHBOURS = reference.MIN_NEIGHBOURS
_NEAR_SQUARE = (reference.RADIUS + reference.REACH) ** 2
_REACH_SQUARE = reference.REACH**2
_SPREAD = -2 * reference.SIGMA_SPACE**2
_HEIGHT = reference.SIGMA_SPACE * math.sqrt(2 * math.pi)
_BIT = reference.BIT_THRESHOLD
_MARGIN_SQUARE = reference.HULL_MARGIN**2
_SECTION_CENTRES = reference.SECTION_CENTRES
_ANGLES, _MASS = reference.MASS_ANGLES, reference.MASS
_STEP = 2 * math.pi / (len(_ANGLES) - 1)


@compiled
def describe(
    points: NDArray[np.float64], direction: NDArray[np.float64], hull: NDArray[np.float64]
) -> NDArray[np.uint64]:
    """Return the descriptors of all minutiae of a template, uint64 (7, n); see prints.cylinder.

    points: (n, 2); direction: (n,); hull: (h, 2).
    """
    n = len(points)
    words = np.zeros((_SECTIONS + 1, n), np.uint64)
    value = np.empty((_SECTIONS, _CELLS))
    valid = np.empty(_CELLS, np.bool_)
    corners = np.ascontiguousarray(hull.T)
    for i in range(n):
        if _neighbours(points, i) >= _NEIGHBOURS and _valid(
            points[i], direction[i], corners, valid
        ):
            _add_up(points, direction, i, value)
            for cell in range(_CELLS):
                if valid[cell]:
                    bit = np.uint64(1) << np.uint64(cell)
                    words[_SECTIONS, i] |= bit
                    for section in range(_SECTIONS):
                        if value[section, cell] >= _BIT:
                            words[section, i] |= bit
    return words


@compiled
def _neighbours(points: NDArray[np.float64], i: int) -> int:
    near = 0
    for j in range(len(points)):
        x, y = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1]
        if j != i and x * x + y * y <= _NEAR_SQUARE:
            near += 1
    return near


@compiled
def _valid(
    point: NDArray[np.float64], direction: float, corners: NDArray[np.float64],
    valid: NDArray[np.bool_],
) -> bool:  # fmt: skip
    """Tell which cells lie inside the hull or near it, and whether they are enough."""
    cosine, sine = math.cos(direction), math.sin(direction)
    count = 0
    for cell in range(_CELLS):
        along, across = _CENTRES[0, cell], _CENTRES[1, cell]
        x = point[0] + (cosine * along - sine * across)
        y = point[1] + (sine * along + cosine * across)
        valid[cell] = within(x, y, corners, _MARGIN_SQUARE)
        count += valid[cell]
    return count >= _ENOUGH


@compiled
def _add_up(
    points: NDArray[np.float64], direction: NDArray[np.float64], i: int,
    value: NDArray[np.float64],
) -> None:  # fmt: skip
    """Write what the neighbours of minutia i add up to in each section and cell."""
    value[:] = 0.0
    cosine, sine = math.cos(direction[i]), math.sin(direction[i])
    mass = np.empty(_SECTIONS)
    for j in range(len(points)):
        x, y = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1]
        if j == i or x * x + y * y > _NEAR_SQUARE:
            continue
        along, across = cosine * x + sine * y, cosine * y - sine * x
        for section in range(_SECTIONS):
            mass[section] = _mass(direction[i] - direction[j] - _SECTION_CENTRES[section])
        for cell in range(_CELLS):
            off_x, off_y = along - _CENTRES[0, cell], across - _CENTRES[1, cell]
            square = off_x * off_x + off_y * off_y
            if square <= _REACH_SQUARE:
                weight = math.exp(square / _SPREAD) / _HEIGHT
                for section in range(_SECTIONS):
                    value[section, cell] += weight * mass[section]


@compiled
def _mass(angle: float) -> float:
    """Return the tabulated mass of the wrapped Gaussian."""
    turned = np.mod(angle + math.pi, 2 * math.pi) - math.pi
    at = min(max(int((turned + math.pi) / _STEP), 0), len(_ANGLES) - 2)
    slope = (_MASS[at + 1] - _MASS[at]) / (_ANGLES[at + 1] - _ANGLES[at])
    return float(slope * (turned - _ANGLES[at]) + _MASS[at])
