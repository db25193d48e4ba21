"""Pictures of ridges whose minutiae are known, because they are put there.

A phase that turns once around a point makes a ridge begin there (Larkin and Fletcher, "A coherent
framework for fingerprint analysis", 2007). Among level ridges it is a minutia of direction 0 or pi.
"""

import numpy as np
from numpy.typing import NDArray

PERIOD = 9.0


def level_ridges(
    height: int, width: int, minutiae: list[tuple[float, float, int]]
) -> NDArray[np.uint8]:
    """Dark level ridges with minutiae (x, y, turn: +1 or -1), 9 pixels apart."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    phase = 2 * np.pi * y / PERIOD
    for at_x, at_y, turn in minutiae:
        phase += turn * np.arctan2(y - at_y, x - at_x)
    return (140 + 90 * np.cos(phase)).astype(np.uint8)


def rings(height: int, width: int) -> NDArray[np.uint8]:
    """Concentric ridges, 9 pixels apart: they bend as a finger's do."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    distance = np.hypot(x - width / 2, y - height / 2)
    return (140 + 90 * np.cos(2 * np.pi * distance / PERIOD)).astype(np.uint8)
