"""The minutiae of a synthetic print are the turns of its ridge phase: all of them, no other."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from greenline.models.training.fields import seeded
from greenline.models.training.masters import grow
from greenline.models.training.orientation import draw_flow
from greenline.models.training.residues import Residues, find_residues, quadrature
from greenline.models.training.synthesis import make_finger
from greenline.prints.template import Kind

SIZE = 200
EDGE = 15


@dataclass(frozen=True)
class Patch:
    """Straight ridges along angle with chosen spirals (Larkin & Fletcher): x, y, charge."""

    angle: float
    phase: NDArray[np.float64]
    spirals: list[tuple[float, float, int]]

    @property
    def orientation(self) -> NDArray[np.float64]:
        return np.full((SIZE, SIZE), np.mod(self.angle, np.pi))


def patch(seed: int) -> Patch:
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, np.pi)
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    phase = 2 * np.pi / 9 * (np.sin(angle) * x + np.cos(angle) * y) + rng.uniform(0, 6)
    spirals: list[tuple[float, float, int]] = []
    while len(spirals) < 6:
        at_x, at_y = rng.uniform(30, SIZE - 30, 2)
        if all(np.hypot(at_x - a, at_y - b) > 22 for a, b, _ in spirals):
            charge = int(rng.choice([-1, 1]))
            spirals.append((at_x, at_y, charge))
            phase += charge * np.arctan2(y - at_y, x - at_x)
    return Patch(angle, phase, spirals)


def inside(found: Residues) -> Residues:
    """Return those off the edge, where a patch that does not wrap round has turns of its own."""
    clear = (found.x > EDGE) & (found.x < SIZE - EDGE) & (found.y > EDGE) & (found.y < SIZE - EDGE)
    return found.pick(clear)


@pytest.mark.parametrize("seed", range(20))
def test_the_turns_of_a_patch_are_its_spirals_and_nothing_else(seed: int) -> None:
    made = patch(seed)
    wave = quadrature(np.cos(made.phase), made.orientation)
    found = inside(find_residues(wave, made.orientation))
    assert len(found) == len(made.spirals)
    for x, y, charge in made.spirals:
        away = np.hypot(found.x - x, found.y - y)
        nearest = int(away.argmin())
        assert away[nearest] < 1.5
        assert found.charge[nearest] == charge


def test_a_patch_without_spirals_has_no_turn() -> None:
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    orientation = np.full((SIZE, SIZE), 0.7)
    wave = np.exp(2j * np.pi / 9 * (np.sin(0.7) * x + np.cos(0.7) * y))
    assert len(find_residues(wave, orientation)) == 0


def ending_right(phase_at_end: float) -> Residues:
    """Return the turn of level ridges, one more on the right of (100, 100) than on the left."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    phase = 2 * np.pi / 9 * (y - 100.3) + np.arctan2(y - 100.3, x - 100.3) + phase_at_end
    return find_residues(np.exp(1j * phase), np.zeros((SIZE, SIZE)))


def test_an_ending_points_into_its_ridge() -> None:
    found = ending_right(0.0)
    assert len(found) == 1
    assert (found.kind[0], found.direction[0]) == (Kind.ENDING, 0.0)


def test_a_bifurcation_points_into_the_valley_between_its_branches() -> None:
    found = ending_right(np.pi)
    assert len(found) == 1
    assert (found.kind[0], found.direction[0]) == (Kind.BIFURCATION, 0.0)


def test_a_picture_turned_round_points_the_other_way() -> None:
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    phase = 2 * np.pi / 9 * (y - 100.3) - np.arctan2(y - 100.3, x - 100.3)
    found = find_residues(np.exp(1j * phase), np.zeros((SIZE, SIZE)))
    assert found.direction.tolist() == pytest.approx([np.pi])


def test_the_ridge_of_an_ending_is_there_in_the_picture_and_gone_behind_it() -> None:
    finger = make_finger(3)
    template = finger.template.pick(finger.template.kind == Kind.ENDING)
    step_x, step_y = np.cos(template.direction), -np.sin(template.direction)

    def ridge(distance: float) -> NDArray[np.float64]:
        rows = np.rint(template.y + distance * step_y).astype(int)
        columns = np.rint(template.x + distance * step_x).astype(int)
        return np.asarray(finger.ridges[rows, columns], np.float64)

    assert ridge(4).mean() > 0.25
    assert ridge(-4).mean() < -0.25


@pytest.mark.parametrize("seed", [1, 2])
def test_a_finger_s_minutiae_are_the_turns_of_the_picture_as_it_is_drawn(seed: int) -> None:
    rng = seeded(seed, 1)
    flow = draw_flow(rng)
    ridges, turns = grow(rng, flow)
    seen = find_residues(quadrature(ridges, flow.orientation), flow.orientation)
    centres = np.array(flow.cores + flow.deltas)
    clear = (np.abs((seen.x - 1j * seen.y)[:, None] - centres) > 7).all(axis=1)
    assert np.count_nonzero(clear) > 40
    assert seen.pick(clear).x.tolist() == turns.x.tolist()
    assert seen.pick(clear).y.tolist() == turns.y.tolist()
    assert seen.pick(clear).direction.tolist() == turns.direction.tolist()
    assert seen.pick(clear).kind.tolist() == turns.kind.tolist()


def test_no_two_opposite_minutiae_nearly_touch() -> None:
    template = make_finger(3).template
    away = np.hypot(template.x[:, None] - template.x, template.y[:, None] - template.y)
    opposed = np.cos(template.direction[:, None] - template.direction) < 0
    assert not np.any((away < 5) & opposed)
