"""A synthetic finger: its ridges, its exact minutiae, and the skin's own pores and creases."""

from dataclasses import dataclass

import numpy as np

from greenline.models.training.cores import core_endings
from greenline.models.training.fields import Field, blur, seeded
from greenline.models.training.masters import grow
from greenline.models.training.orientation import HEIGHT, WIDTH, Flow, draw_flow
from greenline.prints.template import Template

_FINGER = 0x6669
_EDGE = 12  # px of the master's border in which the ridges wrap round


@dataclass(frozen=True, eq=False)
class Finger:
    """One finger that nobody has, at 500 dpi.

    seed: what it was made from. name: its pattern class.
    skin: float64 (height, width, 3): the ridges from -1 to 1, ridges positive; pores 0 to 1;
    creases 0 to 1. template: the true minutiae of the whole pad.
    """

    seed: int
    name: str
    skin: Field
    template: Template

    @property
    def ridges(self) -> Field:
        """The ridges alone, (height, width), from -1 to 1, ridges positive."""
        return self.skin[..., 0]


def make_finger(seed: int) -> Finger:
    """Make the finger of seed: the same one on every machine, another for every seed."""
    rng = seeded(seed, _FINGER)
    flow = draw_flow(rng)
    ridges, turns = grow(rng, flow)
    found = core_endings(ridges, flow, turns)
    skin = np.stack([ridges, _pores(rng, ridges), _creases(rng)], axis=-1)
    inside = (found.x > _EDGE) & (found.x < WIDTH - _EDGE)
    found = found.pick(inside & (found.y > _EDGE) & (found.y < HEIGHT - _EDGE))
    template = Template(
        WIDTH,
        HEIGHT,
        500.0,
        found.x.astype(np.float32),
        found.y.astype(np.float32),
        found.direction.astype(np.float32),
        found.kind,
        np.full(len(found), 100, np.uint8),
    )
    return Finger(seed, flow.name, skin, template)


def flow_of(seed: int) -> Flow:
    """Return the ridge flow along which the finger of seed was grown."""
    return draw_flow(seeded(seed, _FINGER))


def _pores(rng: np.random.Generator, ridges: Field) -> Field:
    """Return pores along the ridge tops, about one in 0.4 mm of ridge."""
    cell = 6
    down, across = HEIGHT // cell, WIDTH // cell
    tops = ridges + rng.uniform(0, 0.1, ridges.shape)
    cells = tops.reshape(down, cell, across, cell).swapaxes(1, 2).reshape(down * across, -1)
    best = cells.argmax(axis=1)
    on_top = (cells.max(axis=1) > 0.95) & (rng.random(len(best)) < 0.8)
    at = np.arange(down * across)
    y = (at // across) * cell + best // cell
    x = (at % across) * cell + best % cell
    dots = np.zeros(ridges.shape)
    dots[y[on_top], x[on_top]] = rng.uniform(3, 8, int(on_top.sum()))
    return blur(dots, 0.9)


def _creases(rng: np.random.Generator) -> Field:
    """Return the pale lines that cross the ridges: few on most fingers, many on some."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    creases = np.zeros((HEIGHT, WIDTH))
    slant = rng.normal(0, 0.5)
    for _ in range(rng.poisson(6 if rng.random() < 0.15 else 0.9)):
        angle = slant + rng.normal(0, 0.25)
        middle_x, middle_y = rng.uniform(40, WIDTH - 40), rng.uniform(60, HEIGHT - 40)
        along = (x - middle_x) * np.cos(angle) - (y - middle_y) * np.sin(angle)
        across = (x - middle_x) * np.sin(angle) + (y - middle_y) * np.cos(angle)
        half = rng.uniform(15, 90)
        across -= rng.normal(0, 6) * (along / half) ** 2 + 0.8 * np.sin(along / rng.uniform(5, 12))
        depth = rng.uniform(0.4, 1.0) / (1 + np.exp((np.abs(along) - half) / 4))
        line = depth * np.exp(-0.5 * (across / rng.uniform(0.8, 2.2)) ** 2)
        creases = np.maximum(creases, line)
    return creases
