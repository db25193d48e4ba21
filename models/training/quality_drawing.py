"""Draws a press of a synthetic finger with faults of known strength, for the quality network.

Drawn wider than cooperative people press, and with the truth of every block of 16x16 pixels: so
the network learns each fault where it is, not by its company. Used by quality_lessons.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from greenline.models.training.appearance import MIDDLE, PAD
from greenline.models.training.fields import bilinear
from greenline.models.training.fingers import Finger
from greenline.models.training.quality_electronics import develop
from greenline.models.training.textures import Picture, laid_anew, logistic, moved, noise
from greenline.models.training.warp import Warp, draw_bend

BLOCK = 16  # px at 500 dpi
TRUTHS = ("contact", "clear", "dry", "wet", "smudged", "residue", "right", "down")
FAR_PX = 100.0  # the unit of right and down

_PX_PER_MM = 500 / 25.4
_HEAVY, _SLIGHT = 0.16, 0.25  # shares of the presses that have a given fault


@dataclass(frozen=True)
class Faults:
    """How one press is done. shift_mm: of the pad's middle from the picture's, right and down.

    size: of the contact, 1 the whole pad. dry, wet, smudged, residue: 0 (none) to 1 (hopeless).
    poor: 0 to 1, how worn skin and electronics are, which no officer can mend.
    """

    shift_mm: tuple[float, float]
    size: float
    dry: float
    wet: float
    smudged: float
    residue: float
    poor: float


@dataclass(frozen=True, eq=False)
class Drawn:
    """pixels: uint8 (height, width). truth: float32 (len(TRUTHS), rows, columns) of its blocks.

    contact: share of skin; clear: how well the picture shows the finger's own ridges; four faults
    0 to 1; right, down: from the block's middle to the pad's, in units of FAR_PX.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.float32]
    off_mm: float


def draw_faults(rng: np.random.Generator) -> Faults:
    """Draw a press: a third are clean, the others have each fault on its own account."""
    clean = rng.random() < 0.33
    dry, wet = _fault(rng, clean), _fault(rng, clean)
    if dry and wet and rng.random() < 0.8:
        dry, wet = (dry, 0.0) if rng.random() < 0.5 else (0.0, wet)
    small = not clean and rng.random() < 0.22
    away = not clean and rng.random() < 0.18
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(4, 10) if away else abs(rng.normal(0, 1.6))
    return Faults(
        shift_mm=(float(far * np.cos(angle)), float(far * np.sin(angle))),
        size=float(rng.uniform(0.25, 0.7) if small else rng.uniform(0.7, 1.15)),
        dry=dry,
        wet=wet,
        smudged=_fault(rng, clean),
        residue=_fault(rng, clean),
        poor=float(rng.beta(1.2, 6) if clean else rng.beta(1.3, 2.2)),
    )


def _fault(rng: np.random.Generator, clean: bool) -> float:  # noqa: FBT001 - two kinds of press
    chance = rng.random()
    if clean or chance > _HEAVY + _SLIGHT:
        return 0.0
    return float(rng.uniform(0.5, 1) if chance < _HEAVY else rng.uniform(0, 0.5))


def draw_press(
    rng: np.random.Generator, finger: Finger, other: Finger, given: Faults, size: tuple[int, int]
) -> Drawn:
    """Draw one press. other: whose print lies on the glass. size: height, width, at 500 dpi."""
    x, y, off = _lay(rng, given, size)
    skin: Picture = bilinear(finger.skin, x, y).astype(np.float32)
    out = _outline(rng, given, x, y)
    touch, dry, wet, smudged = _touch(rng, given, skin, out)
    pressed = logistic((1 - out) / 0.05)
    ink, residue = _left_behind(rng, given, other, x, y)
    pixels = develop(rng, given.poor, touch, pressed, wet, ink)
    clear = _clearness(pixels, skin[..., 0], pressed)
    contact = blocks(pressed)
    parts = [contact, clear]
    skin_share = np.maximum(contact, np.float32(0.05))
    faults = (blocks(each * pressed) for each in (dry, wet, smudged))
    parts += [np.asarray(fault / skin_share, np.float32) for fault in faults]
    parts += [blocks(residue), *_to_middle(off, size)]
    away = float(np.hypot(*off)) / _PX_PER_MM
    return Drawn(pixels, np.stack(parts).astype(np.float32), away)


def blocks(values: Picture) -> Picture:
    """Return the means of whole blocks; what is left over at the right and below is dropped."""
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    whole = values[: rows * BLOCK, : columns * BLOCK]
    return np.asarray(whole.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3)), np.float32)


def _lay(
    rng: np.random.Generator, given: Faults, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return where each pixel lies on the finger, and where in the picture the pad's middle is."""
    height, width = size
    angle = rng.normal(0, 0.25) if rng.random() < 0.85 else rng.uniform(-1.2, 1.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scale, aspect = rng.normal(0, 0.03), rng.normal(0, 0.02)
    stretch = np.diag([np.exp(scale + aspect), np.exp(scale - aspect)])
    matrix = np.asarray(stretch @ turn)
    shift = np.array(given.shift_mm) * _PX_PER_MM
    origin = np.array(MIDDLE) - matrix @ shift
    bend = draw_bend(rng, width, height, 1.0, abs(rng.normal(0, 2.5)))
    x, y = Warp(width, height, matrix, np.asarray(origin), bend).grid()
    return x, y, shift


def _outline(
    rng: np.random.Generator, given: Faults, x: NDArray[np.float64], y: NDArray[np.float64]
) -> Picture:
    """Return how far out on the pad each pixel is: 0 in its middle, 1 on its outline."""
    tilt = rng.normal(0, 50 * max(0.0, 1 - given.size) + 5, 2)
    right = np.abs(x - MIDDLE[0] - tilt[0]) / (PAD[0] * given.size * rng.normal(1, 0.08))
    down = (y - MIDDLE[1] - tilt[1]) / (PAD[1] * given.size * rng.normal(1, 0.08))
    down = np.where(down > 0, 0.92 * down, -down)
    out = (right**2.4 + down**2.4) ** (1 / 2.4)
    ragged = 0.04 * noise(rng, x.shape, 25) + 0.02 * noise(rng, x.shape, 6)
    return np.asarray(out + ragged, np.float32)


def _touch(
    rng: np.random.Generator, given: Faults, skin: Picture, out: Picture
) -> tuple[Picture, Picture, Picture, Picture]:
    """Return how much touches the sensor, 0 to 1, and the strength of dry, wet and smudged."""
    shape, poor = out.shape, given.poor
    ridges = skin[..., 0] - 1.8 * skin[..., 2]
    if rng.random() < 0.6:
        ridges = ridges - rng.uniform(0.1, 1.0) * skin[..., 1]
    dry, wet = given.dry * _patch(rng, shape), given.wet * _patch(rng, shape)
    level = rng.normal(0.03, 0.15) + (0.08 + 0.25 * poor) * noise(rng, shape, rng.uniform(12, 40))
    level = level + rng.uniform(0, 1.3) * np.clip(out - rng.uniform(0.5, 0.85), 0, None)
    level = level + rng.uniform(0.6, 1.0) * dry - rng.uniform(0.9, 1.5) * wet
    grain = (0.08 + 0.5 * poor) * noise(rng, shape, rng.uniform(1.4, 4.0))
    grain = grain + (0.05 + 0.25 * poor) * noise(rng, shape, 0.6)
    grain = grain + rng.uniform(0.5, 1.3) * dry * noise(rng, shape, rng.uniform(1.1, 2.2))
    soft = np.exp(rng.uniform(np.log(0.08), np.log(0.5)))
    touch = logistic((ridges - level + grain) / soft)
    touch *= logistic((1 - out) / rng.uniform(0.01, 0.06))
    smudged = given.smudged * _patch(rng, shape)
    if given.smudged:
        touch = touch + (_moved(rng, given.smudged, touch) - touch) * np.clip(2.5 * smudged, 0, 1)
    return touch.astype(np.float32), dry, wet, smudged


def _moved(rng: np.random.Generator, strength: float, touch: Picture) -> Picture:
    """Draw the finger over the glass, or set it down twice."""
    length, angle = 3 + 14 * strength, rng.uniform(0, np.pi)
    steps = np.linspace(-length / 2, length / 2, 7) if rng.random() < 0.7 else [0.0, length]
    copies = moved(touch, steps, angle)
    whole = np.mean(copies, axis=0) if len(copies) > 2 else 0.85 * np.max(copies, axis=0)
    return np.asarray(whole, np.float32)


def _left_behind(
    rng: np.random.Generator,
    given: Faults,
    other: Finger,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> tuple[Picture, Picture]:
    """Return the ink, 0 to 1, of what lay on the glass before, and its strength."""
    if not given.residue:
        return np.zeros(x.shape, np.float32), np.zeros(x.shape, np.float32)
    where = _patch(rng, x.shape)
    ink = np.zeros(x.shape, np.float32)
    kind = rng.random()
    if kind < 0.75:
        ink = draw_residue(rng, other, x, y)
    if kind > 0.5:
        grease = logistic((noise(rng, x.shape, rng.uniform(4, 25)) - rng.uniform(0.6, 1.5)) / 0.2)
        ink = np.maximum(ink, grease * rng.uniform(0.5, 1))
    strength = given.residue * where
    return np.asarray(ink * (0.08 + 0.5 * strength) * where, np.float32), strength


def draw_residue(
    rng: np.random.Generator,
    other: Finger,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> Picture:
    """Return the ridges, 0 to 1, that another finger left, patchy."""
    there_x, there_y = laid_anew(rng, x, y, 40)
    ridges = bilinear(other.skin[..., :1], there_x, there_y)[..., 0]
    faint = np.clip(0.7 + 0.5 * noise(rng, x.shape, 30), 0, 1)
    out = np.hypot((there_x - MIDDLE[0]) / PAD[0], (there_y - MIDDLE[1]) / PAD[1])
    faint = faint * logistic((1 - out) / rng.uniform(0.03, 0.2))
    return np.asarray(np.clip(ridges + 0.2, 0, 1) * faint, np.float32)


def _clearness(pixels: NDArray[np.uint8], ridges: Picture, pressed: Picture) -> Picture:
    """Return how well the picture's dark lines follow the finger's ridges, by block, 0 to 1."""
    dark = 255 - pixels.astype(np.float32)
    means = [
        _around(blocks(each)) for each in (dark, ridges, dark * dark, ridges**2, dark * ridges)
    ]
    variances = (means[2] - means[0] ** 2) * (means[3] - means[1] ** 2)
    follows = (means[4] - means[0] * means[1]) / np.sqrt(np.maximum(variances, 1e-4))
    return np.asarray(np.clip(follows, 0, 1) * blocks(pressed), np.float32)


def _around(grid: Picture) -> Picture:
    return np.asarray(ndimage.convolve1d(
        ndimage.convolve1d(grid, [0.2, 0.6, 0.2], 0, mode="nearest"), [0.2, 0.6, 0.2], 1,
        mode="nearest",
    ))  # fmt: skip


def _to_middle(off: NDArray[np.float64], size: tuple[int, int]) -> tuple[Picture, Picture]:
    height, width = size
    row, column = np.mgrid[: height // BLOCK, : width // BLOCK].astype(np.float32)
    right = (width / 2 + off[0] - BLOCK * (column + 0.5)) / FAR_PX
    down = (height / 2 + off[1] - BLOCK * (row + 0.5)) / FAR_PX
    return right.astype(np.float32), down.astype(np.float32)


def _patch(rng: np.random.Generator, shape: tuple[int, ...]) -> Picture:
    """Return 1 where a fault is: everywhere, or in patches."""
    if rng.random() < 0.5:
        return np.ones(shape, np.float32)
    return logistic((noise(rng, shape, 45) + rng.uniform(-0.3, 0.7)) / 0.3)
