"""Grow a synthetic finger: from noise, along a flow, to a ridge wave whose turns are the minutiae.

Contextual filtering as in Cappelli's SFinGe (Handbook of Fingerprint Recognition, ch. 6), here
with a bank of filters in the frequency domain at half the resolution.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from greenline.models.training.fields import Field
from greenline.models.training.orientation import HEIGHT, WIDTH, Flow
from greenline.models.training.residues import Residues, find_residues, quadrature

_ORIENTATIONS = 16
_PERIODS = (6.8, 7.9, 9.1, 10.6)
# More steps, fewer minutiae: from noise, dislocations of the ridges annihilate in pairs.
_STEPS = (3, 12)
_PAIR = 6.5  # px: ridge ends nearer than this are no minutiae to an expert, but a break or a dot
_BLURRED = 7.0  # px about a core or delta in which the side of a turn has no meaning


def grow(rng: np.random.Generator, flow: Flow) -> tuple[Field, Residues]:
    """Return the ridges of flow, (HEIGHT, WIDTH) from -1 to 1, ridges positive; and their turns.

    The turns are those of the picture itself; only within 7 px of a core or delta, where
    the sheets of the phase meet, is none counted.
    """
    ridges = _levelled(quadrature(_filtered(rng, flow), flow.orientation))
    for _ in range(4):
        wave = quadrature(ridges, flow.orientation)
        found = _clear_of(find_residues(wave, flow.orientation), flow)
        pairs = _pairs(found)
        if not pairs:
            break
        for one, other in pairs:
            wave.real = _without(wave, flow.orientation, found, one, other)
        ridges = wave.real.copy()
    return ridges, found


def _filtered(rng: np.random.Generator, flow: Flow) -> Field:
    """Return noise filtered along flow again and again, at full size."""
    shares = list(_shares(flow.orientation[::2, ::2], flow.period[::2, ::2] / 2))
    ridges = rng.standard_normal((HEIGHT // 2, WIDTH // 2))
    for _ in range(rng.integers(*_STEPS)):
        spectrum = np.fft.rfft2(np.tanh(1.5 * ridges / ridges.std()))
        ridges = np.zeros(ridges.shape)
        for share, response in shares:
            ridges += share * np.fft.irfft2(spectrum * response, s=ridges.shape)
    return _doubled(ridges)


def _shares(orientation: Field, period: Field) -> Iterator[tuple[Field, Field]]:
    """Yield every filter of the bank with the share (height, width) that each pixel takes of it."""
    height, width = orientation.shape
    v = np.fft.fftfreq(height).astype(np.float64)[:, None]
    u = np.fft.rfftfreq(width).astype(np.float64)[None, :]
    steps = np.arange(_ORIENTATIONS) * np.pi / _ORIENTATIONS
    places = np.interp(np.log(period), np.log(np.array(_PERIODS) / 2), np.arange(len(_PERIODS)))
    for angle in steps:
        turn = np.abs(np.mod(orientation - angle + np.pi / 2, np.pi) - np.pi / 2)
        near = np.clip(1 - turn * _ORIENTATIONS / np.pi, 0, 1)
        for place, full in enumerate(_PERIODS):
            share = near * np.clip(1 - np.abs(places - place), 0, 1)
            yield share, _response(u, v, angle, full / 2)


def _response(u: Field, v: Field, angle: float, period: float) -> Field:
    """Return the frequency response of an even Gabor filter with ridges along angle."""
    across = u * np.sin(angle) + v * np.cos(angle)
    along = u * np.cos(angle) - v * np.sin(angle)
    width = 1 / (2 * np.pi * 0.75 * period)
    bell = np.exp(-0.5 * ((np.abs(across) - 1 / period) ** 2 + along**2) / width**2)
    return np.asarray(bell)


def _doubled(ridges: Field) -> Field:
    """Return ridges at twice the resolution, by padding its spectrum with zeros."""
    height, width = ridges.shape
    spectrum = np.fft.rfft2(ridges)
    padded = np.zeros((2 * height, width + 1), dtype=np.complex128)
    padded[: height // 2, : width // 2] = spectrum[: height // 2, : width // 2]
    padded[-(height // 2) + 1 :, : width // 2] = spectrum[-(height // 2) + 1 :, : width // 2]
    return np.asarray(np.fft.irfft2(padded, s=(2 * height, 2 * width)) * 4)


def _levelled(wave: NDArray[np.complex128]) -> Field:
    """Return the ridges at even strength: the cosine of the phase, soft where it has none."""
    strength = np.abs(wave)
    soft = 0.3 * np.sqrt(np.mean(strength**2))
    return np.asarray(wave.real / np.hypot(strength, soft))


def _clear_of(found: Residues, flow: Flow) -> Residues:
    """Return the turns that lie clear of every core and delta."""
    points = found.x - 1j * found.y
    clear = np.ones(len(found), dtype=bool)
    for centre in flow.cores + flow.deltas:
        clear &= np.abs(points - centre) > _BLURRED
    return found.pick(clear)


def _pairs(found: Residues) -> list[tuple[int, int]]:
    """Return the pairs of opposite turns that nearly touch, nearest first, each turn once."""
    points = found.x - 1j * found.y
    apart = np.abs(points[:, None] - points)
    opposed = np.cos(found.direction[:, None] - found.direction) < 0
    one, other = np.nonzero(np.triu((apart < _PAIR) & opposed, 1))
    taken: set[int] = set()
    pairs = []
    for at in np.argsort(apart[one, other], kind="stable"):
        pair = (int(one[at]), int(other[at]))
        if not taken & set(pair):
            taken |= set(pair)
            pairs.append(pair)
    return pairs


def _without(
    wave: NDArray[np.complex128], orientation: Field, found: Residues, one: int, other: int
) -> Field:
    """Return the ridges with the phase unwound about two opposite turns near each other."""
    y, x = np.mgrid[0 : wave.shape[0], 0 : wave.shape[1]]
    row, column = round(float(found.y[one])), round(float(found.x[one]))
    row, column = min(row, wave.shape[0] - 1), min(column, wave.shape[1] - 1)
    turn = np.arctan2(y - found.y[one], x - found.x[one])
    back = np.arctan2(y - found.y[other], x - found.x[other])
    wound = np.angle(np.exp(1j * (turn - back)))
    distance = np.hypot(x - found.x[one], y - found.y[one])
    wound *= np.clip((24 - distance) / 12, 0, 1)
    # The charge counts on the sheet of the turn; the others of the disc are put on that one.
    side = np.where(np.cos(orientation - orientation[row, column]) < 0, -1, 1)
    unwound = wave * np.exp(-1j * found.charge[one] * side * wound)
    strength = np.clip((24 - distance) / 12, 0, 1)
    even = unwound.real * (1 + strength * (1 / np.hypot(np.abs(unwound), 0.3) - 1))
    return np.asarray(np.where(distance < 24, even, wave.real))
