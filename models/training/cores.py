"""The ridge that ends inside the innermost bend: a minutia to every expert, though no phase turns.

At a core the two sheets of the phase meet, so the turn of the ridge wave has no side there. Seen
with one sheet, that of the legs below the bend, each ridge between the legs ends in a turn that
points down them; the turns of the bend itself point the other way or have no ridge below them.
"""

import numpy as np

from greenline.models.training.fields import Field, bilinear
from greenline.models.training.orientation import Flow
from greenline.models.training.residues import Residues, find_residues, quadrature
from greenline.prints.template import Kind

_REACH = 7.0  # px from the core within which endings are looked for
_BODY = 0.2  # mean height of the ridge over 8 px below its ending
_APART = 5.5  # px: nearer ones are one


def core_endings(ridges: Field, flow: Flow, known: Residues) -> Residues:
    """Return known and the ridge endings at the cores of flow that are not among them."""
    found = known
    for core in flow.cores:
        axis = _legs(flow, core)
        for at in _endings(ridges, core, axis):
            if np.min(np.abs(found.x - 1j * found.y - at), initial=np.inf) > _APART:
                found = _with(found, at, axis)
    return found


def _legs(flow: Flow, core: complex) -> float:
    """Return the direction from core in which its legs run: there the ridge follows the ray."""
    rays = np.arange(72) * np.pi / 36
    rim = core + 8 * np.exp(1j * rays)
    rows, columns = np.rint(-rim.imag).astype(np.intp), np.rint(rim.real).astype(np.intp)
    return float(rays[np.abs(np.sin(flow.orientation[rows, columns] - rays)).argmin()])


def _endings(ridges: Field, core: complex, axis: float) -> list[complex]:
    """Return where ridges between the legs end, those farthest down the legs first."""
    sheet = np.full(ridges.shape, np.mod(axis, np.pi))
    seen = find_residues(quadrature(ridges, sheet), sheet)
    points = seen.x - 1j * seen.y
    near = (np.abs(points - core) < _REACH) & (np.cos(seen.direction - axis) > 0)
    points = points[near & (seen.kind == Kind.ENDING)]
    down = np.array([2.0, 4.0, 6.0, 8.0])[:, None] * np.exp(1j * axis) + points
    body = bilinear(ridges[..., None], down.real, -down.imag)[..., 0]
    whole = points[body.mean(axis=0) > _BODY]
    return [complex(at) for at in whole[np.argsort(-(whole * np.exp(-1j * axis)).real)]]


def _with(found: Residues, at: complex, direction: float) -> Residues:
    """Return found and one ridge ending more, without charge."""
    return Residues(
        np.append(found.x, at.real),
        np.append(found.y, -at.imag),
        np.append(found.charge, 0),
        np.append(found.direction, np.mod(direction, 2 * np.pi)),
        np.append(found.kind, np.uint8(Kind.ENDING)),
    )
