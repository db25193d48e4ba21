"""Fills a gallery with strangers: minutiae strewn along the ridge flow of synthetic fingers.

Growing ridges takes a second a finger, too long for a million. Here only the flow is drawn, by the
same plan as for grown fingers (greenline.models.training.orientation), and minutiae are strewn
along it: as many, as far apart and of such qualities as in templates of greenline-1. Many fingers
share one flow, with minutiae and a window of their own, so that they resemble each other more than
the fingers of a population do.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.kernel.description import describe
from greenline.models.training.fields import seeded
from greenline.models.training.orientation import HEIGHT, WIDTH, draw_flow
from greenline.prints.prepared import Prepared, prepare
from greenline.prints.template import Template

PER_FLOW = 250
_COUNT = (38.0, 9.0)  # minutiae: mean and standard deviation, of greenline-1 on FVC2002 DB1
_APART = 8.0  # pixels: the least distance of two
_TRIES = 4


def strangers(count: int, seed: int, per_flow: int = PER_FLOW) -> Iterator[Prepared]:
    """Yield so many fingers, ready for comparison; the same for the same seed."""
    for flow in range(-(-count // per_flow)):
        rng = seeded(seed, flow)
        orientation = draw_flow(rng).orientation
        for _ in range(min(per_flow, count - flow * per_flow)):
            yield prepare(strewn(rng, orientation), describe)


def strewn(rng: np.random.Generator, orientation: NDArray[np.float64]) -> Template:
    """Strew minutiae over a window of a finger, along its flow."""
    wanted = int(np.clip(rng.normal(*_COUNT), 12, 80))
    half_width, half_height = rng.uniform(80, 125), rng.uniform(100, 160)
    middle = np.array([WIDTH / 2, HEIGHT * 0.45]) + rng.normal(0, 20, 2)
    places = rng.uniform(-1, 1, (_TRIES * wanted, 2))
    places = places[(places**2).sum(axis=1) < 1] * (half_width, half_height) + middle
    inside = (places >= 2).all(axis=1) & (places < (WIDTH - 2, HEIGHT - 2)).all(axis=1)
    places = _thinned(places[inside])[:wanted]
    column, row = places.astype(int).T
    n = len(places)
    direction = orientation[row, column] + np.pi * rng.integers(0, 2, n) + rng.normal(0, 0.08, n)
    return Template(
        WIDTH, HEIGHT, 500.0,
        np.rint(places[:, 0]).astype(np.float32),
        np.rint(places[:, 1]).astype(np.float32),
        np.mod(direction, 2 * np.pi).astype(np.float32),
        rng.integers(1, 3, n).astype(np.uint8),
        rng.integers(30, 100, n).astype(np.uint8),
    )  # fmt: skip


def _thinned(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out what lies too near to one before it."""
    apart = ((places[:, None] - places) ** 2).sum(axis=2)
    crowded = np.tril(apart < _APART**2, -1).any(axis=1)
    thinned: NDArray[np.float64] = places[~crowded]
    return thinned
