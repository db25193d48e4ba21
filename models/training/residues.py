"""Where the ridge phase winds: the minutiae of a ridge picture, exactly.

A ridge picture is cos(phase). Where a ridge ends or forks the phase turns once about a point
(Larkin & Fletcher, "A coherent framework for fingerprint analysis", 2007): that turn, the
residue, is the minutia, and its sign says on which side there is one ridge more.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greenline.models.training.fields import Field, bilinear
from greenline.prints.template import Kind

Wave = NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Residues:
    """Points about which the phase turns: columns of one length n.

    x, y: pixels, y down. charge: +1 or -1, the turn from x toward y on the sheet whose normal
    is (sin, cos) of the orientation; 0 for a ridge that ends at a core. direction: radians
    [0, 2 pi) counter-clockwise on the screen, to the side that has one ridge more. kind: codes
    of Kind.
    """

    x: Field
    y: Field
    charge: NDArray[np.int64]
    direction: Field
    kind: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.x)

    def pick(self, index: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """Return those that index selects."""
        return type(self)(
            self.x[index],
            self.y[index],
            self.charge[index],
            self.direction[index],
            self.kind[index],
        )


def quadrature(ridges: Field, orientation: Field) -> Wave:
    """Return the complex ridge wave: ridges, and a quarter period further across them.

    ridges: (height, width), about 0, ridges positive. The imaginary part is the Riesz
    transform along the ridge normal (sin, cos) of orientation, x right and y down.
    """
    height, width = ridges.shape
    v = np.fft.fftfreq(height)[:, None]
    u = np.fft.rfftfreq(width)[None, :]
    spectrum = np.fft.rfft2(ridges) * -1j / np.maximum(np.hypot(u, v), 1e-9)
    across_x = np.fft.irfft2(spectrum * u, s=ridges.shape)
    across_y = np.fft.irfft2(spectrum * v, s=ridges.shape)
    return np.asarray(
        ridges + 1j * (np.sin(orientation) * across_x + np.cos(orientation) * across_y)
    )


def find_residues(wave: Wave, orientation: Field) -> Residues:
    """Return every residue of wave (height, width), whose sheets orientation tells apart.

    A cell over a core or delta of the orientation has no sheet of its own and counts as none.
    """
    corners, whole = _cells(wave, orientation)
    steps = corners[1:] + corners[:1]
    turn = sum(np.angle(b * np.conj(a)) for a, b in zip(corners, steps, strict=True))
    charges = np.rint(np.asarray(turn) / (2 * np.pi)).astype(np.int64) * whole
    top, left = np.nonzero(charges)
    charge = charges[top, left]
    x, y = _zeros([corner[top, left] for corner in corners])
    x, y = x + left, y + top
    direction = np.mod(orientation[top, left] + np.where(charge > 0, 0, np.pi), 2 * np.pi)
    reach_x, reach_y = 3 * np.cos(direction), -3 * np.sin(direction)
    ridges = wave.real[..., None]
    ahead = bilinear(ridges, x + reach_x, y + reach_y) - bilinear(ridges, x - reach_x, y - reach_y)
    kind = np.where(ahead[..., 0] > 0, Kind.ENDING, Kind.BIFURCATION).astype(np.uint8)
    return Residues(x, y, charge, direction, kind)


def _cells(wave: Wave, orientation: Field) -> tuple[list[Wave], NDArray[np.bool_]]:
    """Return the four corners of every 2x2 cell on the sheet of its first, clockwise.

    Also whether the cell has a sheet: the neighbours agree all the way round.
    """
    height, width = wave.shape
    corners = [
        (slice(down, height - 1 + down), slice(across, width - 1 + across))
        for down, across in ((0, 0), (0, 1), (1, 1), (1, 0))
    ]
    angles = [orientation[corner] for corner in corners]
    flips = [np.cos(angle - angles[0]) < 0 for angle in angles]
    whole = np.ones(angles[0].shape, dtype=bool)
    for at in range(4):
        after = (at + 1) % 4
        apart = np.cos(angles[after] - angles[at]) < 0
        whole &= apart == (flips[after] ^ flips[at])
    waves = [wave[corner] for corner in corners]
    return [
        np.where(flip, np.conj(each), each) for flip, each in zip(flips, waves, strict=True)
    ], whole


def _zeros(corners: list[Wave]) -> tuple[Field, Field]:
    """Return where in its cell the plane through four corners (clockwise) is zero, 0 to 1."""
    first, second, third, fourth = corners
    mean = (first + second + third + fourth) / 4
    across = (second + third - first - fourth) / 2
    down = (third + fourth - first - second) / 2
    area = across.real * down.imag - across.imag * down.real
    area = np.where(np.abs(area) < 1e-12, 1e-12, area)
    x = (mean.imag * down.real - mean.real * down.imag) / area
    y = (mean.real * across.imag - mean.imag * across.real) / area
    return np.clip(x + 0.5, 0, 1), np.clip(y + 0.5, 0, 1)
