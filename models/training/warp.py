"""How a finger lies on the sensor: turned, shifted, stretched; and where its minutiae go."""

from dataclasses import dataclass

import numpy as np

from greenline.models.training.fields import Field, spline_rows

_KNOTS = 90.0  # px at 500 dpi between the knots of the elastic part


@dataclass(frozen=True, eq=False)
class Warp:
    """The way from a pixel of the impression to the finger: linear, then elastic.

    matrix: (2, 2), finger pixels per impression pixel. origin: the finger's point under the
    middle of the impression, (x, y). bend: (2, rows, columns) coefficients in finger pixels of
    the elastic part, a cubic B-spline over the impression.
    """

    width: int
    height: int
    matrix: Field
    origin: Field
    bend: Field

    def grid(self) -> tuple[Field, Field]:
        """Return x, y on the finger of every pixel of the impression, each (height, width)."""
        columns = np.arange(self.width, dtype=np.float64)
        rows = np.arange(self.height, dtype=np.float64)
        across, down = self._weights(columns, self.width, 2), self._weights(rows, self.height, 1)
        right = columns - (self.width - 1) / 2
        below = (rows - (self.height - 1) / 2)[:, None]
        x, y = (
            self.origin[axis]
            + self.matrix[axis, 0] * right
            + self.matrix[axis, 1] * below
            + down @ self.bend[axis] @ across.T
            for axis in (0, 1)
        )
        return x, y

    def to_finger(self, points: Field) -> Field:
        """Return where the impression's points (n, 2) lie on the finger, (n, 2)."""
        across = self._weights(points[:, 0], self.width, 2)
        down = self._weights(points[:, 1], self.height, 1)
        middle = np.array([(self.width - 1) / 2, (self.height - 1) / 2])
        bent = np.stack([((down @ part) * across).sum(axis=1) for part in self.bend], axis=1)
        return np.asarray(self.origin + (points - middle) @ self.matrix.T + bent)

    def from_finger(self, points: Field) -> Field:
        """Return where the finger's points (n, 2) come to lie on the impression, (n, 2)."""
        back = np.linalg.inv(self.matrix).T
        middle = np.array([(self.width - 1) / 2, (self.height - 1) / 2])
        found = (points - self.origin) @ back + middle
        for _ in range(12):
            found = found + (points - self.to_finger(found)) @ back
        return np.asarray(found)

    def carry(self, points: Field, directions: Field) -> tuple[Field, Field]:
        """Return where the finger's points (n, 2) lie on the impression, and their directions (n,).

        Directions are radians counter-clockwise on the screen; a turn, a stretch and a shear of
        the skin turn them as they turn two points on the ridge.
        """
        step = 2 * np.stack([np.cos(directions), -np.sin(directions)], axis=1)
        moved = self.from_finger(np.concatenate([points, points + step, points - step]))
        places, ahead, behind = np.split(moved, 3)
        along = ahead - behind
        return places, np.asarray(np.mod(np.arctan2(-along[:, 1], along[:, 0]), 2 * np.pi))

    def _weights(self, positions: Field, size: int, axis: int) -> Field:
        """Return the spline weights of positions along an axis of size pixels."""
        cells = self.bend.shape[axis] - 3
        return spline_rows(positions * cells / max(1, size - 1), cells)


def draw_bend(
    rng: np.random.Generator, width: int, height: int, scale: float, reach: float
) -> Field:
    """Draw the elastic part: about reach finger pixels. scale: finger pixels per pixel."""
    down = max(1, round(height * scale / _KNOTS))
    across = max(1, round(width * scale / _KNOTS))
    return np.asarray(rng.standard_normal((2, down + 3, across + 3)) * reach / 0.479)
