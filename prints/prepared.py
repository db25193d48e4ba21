"""A template made ready for comparison: everything that depends on one side alone.

Made once per template and kept; comparison.py takes two of them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.prints.cylinder import describe
from greenline.prints.hull import convex_hull
from greenline.prints.template import Template

DPI = 500.0
MAX_MINUTIAE = 120
UNREPORTED_QUALITY = 0.75  # what an extractor's minutiae have on average, where none is given

Describer = Callable[
    [NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], NDArray[np.uint64]
]


@dataclass(frozen=True, eq=False)
class Prepared:
    """The best minutiae of a template, best first, with their descriptors.

    points: float64 (n, 2), pixels at 500 dpi, y UP. direction: float64 (n,), radians.
    kind: uint8 (n,). quality: float64 (n,), 0 to 1. index: int64 (n,), where each minutia
    stands in the template. hull: float64 (h, 2), counter-clockwise. words: uint64 (7, n), see
    cylinder.describe. order: a number from the content, by which a pair is put into an order.
    """

    points: NDArray[np.float64]
    direction: NDArray[np.float64]
    kind: NDArray[np.uint8]
    quality: NDArray[np.float64]
    index: NDArray[np.int64]
    hull: NDArray[np.float64]
    words: NDArray[np.uint64]
    order: int

    def __len__(self) -> int:
        return len(self.points)


def prepare(template: Template, describer: Describer = describe) -> Prepared:
    """Prepare a template of any resolution. Minutiae whose numbers are not finite are left out.

    describer: cylinder.describe, or what gives the same faster.
    """
    index = _best(template)
    scale = DPI / template.dpi
    x, y = template.x[index].astype(np.float64), template.y[index].astype(np.float64)
    # What a gallery keeps of a place is a float32: the same number here, the same score there.
    points = np.stack([x * scale, -y * scale], axis=1).astype(np.float32).astype(np.float64)
    direction = template.direction[index].astype(np.float64)
    quality = template.quality[index] / 100.0
    quality[template.quality[index] == 0] = UNREPORTED_QUALITY
    hull = convex_hull(points)
    words = describer(points, direction, hull)
    content = points.tobytes() + direction.tobytes() + quality.tobytes()
    order = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
    return Prepared(points, direction, template.kind[index], quality, index, hull, words, order)


def _best(template: Template) -> NDArray[np.int64]:
    finite = np.isfinite(template.x) & np.isfinite(template.y) & np.isfinite(template.direction)
    index = np.flatnonzero(finite)
    quality = template.quality[index].astype(np.int16)
    best: NDArray[np.int64] = index[np.argsort(-quality, kind="stable")[:MAX_MINUTIAE]]
    return best
