"""How a lesson is drawn: where the skin touches, its tones, and what the sensor makes of them.

Drawn far wider than appearance.py does, so that what the network learns is the ridges and not one
way of drawing them. Used by lessons.py alone, which knows the truth.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from greenline.models.training.appearance import MIDDLE, PAD
from greenline.models.training.fields import bilinear
from greenline.models.training.fingers import Finger
from greenline.models.training.textures import (
    Picture,
    laid_anew,
    logistic,
    moved,
    noise,
    sixteen_greys,
    stripes,
    through_jpeg,
)

HEIGHT, WIDTH = 352, 320


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn so far. skin: ridges -1 to 1, pores, creases (HEIGHT, WIDTH, 3).

    out: 0 in the pad's middle, 1 on its outline.
    """

    rng: np.random.Generator
    good: float
    skin: Picture
    out: Picture

    def noise(self, sigma: float) -> Picture:
        """Return noise of deviation 1 with grains of sigma pixels."""
        return _noise(self.rng, sigma)

    def chance(self, share: float) -> bool:
        """Say yes in this share of all lessons."""
        return bool(self.rng.random() < share)


def _noise(rng: np.random.Generator, sigma: float) -> Picture:
    return noise(rng, (HEIGHT, WIDTH), sigma, edge="wrap")


def draw_outline(
    rng: np.random.Generator, x: NDArray[np.float64], y: NDArray[np.float64]
) -> Picture:
    """Return how far out on the pad each pixel is: 0 in its middle, 1 on its outline."""
    size = rng.uniform(0.5, 1.05)
    right = np.abs(x - MIDDLE[0] - rng.normal(0, 20)) / (PAD[0] * size * rng.normal(1, 0.08))
    down = (y - MIDDLE[1] - rng.normal(0, 30)) / (PAD[1] * size * rng.normal(1, 0.08))
    down = np.where(down > 0, 0.92 * down, -down)
    out = (right**2.4 + down**2.4) ** (1 / 2.4)
    ragged = 0.04 * _noise(rng, 25) + 0.02 * _noise(rng, 6)
    return (out + ragged).astype(np.float32)


def draw_touch(scene: Scene) -> tuple[Picture, Picture]:
    """Return how much touches the sensor, 0 to 1, and where contact is broken."""
    rng = scene.rng
    ridges = scene.skin[..., 0] - 1.8 * scene.skin[..., 2]
    if scene.chance(0.55):
        ridges = ridges - rng.uniform(0.1, 1.0) * scene.skin[..., 1]
    if scene.chance(0.25):  # incipient ridges: thin and low, in the valleys
        low = np.exp(-((scene.skin[..., 0] + 1) ** 2) / 0.02) * np.clip(scene.noise(25), 0, 2)
        ridges = ridges + rng.uniform(0.3, 1.1) * low
    level = _level(scene)
    grain = _grain(scene)
    soft = np.exp(rng.uniform(np.log(0.05), np.log(0.5)))
    touch = logistic((ridges - level + grain) / soft)
    rim = scene.out
    if scene.chance(0.4):  # the rim dissolves into specks
        rim = rim + rng.uniform(0.03, 0.14) * scene.noise(rng.uniform(0.8, 2.0))
    touch *= logistic((1 - rim) / rng.uniform(0.01, 0.06))
    holes = np.zeros_like(touch)
    if scene.chance(0.2):
        holes = logistic((scene.noise(rng.uniform(8, 25)) - rng.uniform(1.3, 2.2)) / 0.1)
    for _ in range(int(rng.integers(1, 4)) if scene.chance(0.15) else 0):
        holes = np.maximum(holes, _scar(scene))
    touch *= 1 - holes
    if scene.chance(0.18):
        touch = _smeared(scene, touch)
    return touch.astype(np.float32), holes


def _level(scene: Scene) -> Picture:
    """Return how high skin must stand to touch."""
    rng, poor = scene.rng, 1 - scene.good
    level = np.float32(rng.normal(0.05, 0.3) * (1.25 - scene.good)) + (
        0.1 + 0.35 * poor
    ) * scene.noise(rng.uniform(10, 40))
    if scene.chance(0.2):  # all of it wet, down to thin valleys, or dry, down to thin ridges
        level = level + np.float32(rng.uniform(-0.7, 0.5))
    level = level + rng.uniform(0, 1.6) * np.clip(scene.out - rng.uniform(0.4, 0.8), 0, None)
    if scene.chance(0.2):  # wet: ridges run together in places
        level = level - rng.uniform(0.3, 1.3) * _patches(scene, rng.uniform(12, 35))
    return np.asarray(level, np.float32)


def _grain(scene: Scene) -> Picture:
    """Return what is added to the skin's height: noise, dots, tears and bridges."""
    rng, poor = scene.rng, 1 - scene.good
    grain = (0.1 + 0.6 * poor) * scene.noise(rng.uniform(1.4, 4.0))
    grain = grain + (0.05 + 0.3 * poor) * scene.noise(0.6)
    if scene.chance(0.2):  # dotted: dry skin touches with single points of its ridges
        dry = _patches(scene, 40) if scene.chance(0.6) else 1.0
        grain = grain + rng.uniform(0.4, 1.4) * dry * scene.noise(rng.uniform(1.2, 2.2))
    elif scene.chance(0.4):  # ridges torn into chains of bars, and valleys bridged, each by itself
        torn = np.clip(scene.noise(rng.uniform(1.5, 3.5)) - rng.uniform(-0.3, 0.8), 0, None)
        bridged = np.clip(scene.noise(rng.uniform(1.2, 3.0)) - rng.uniform(0, 1.2), 0, None)
        top = np.clip(scene.skin[..., 0] + 0.5, 0, 1)
        grain = grain - rng.uniform(0.2, 1.6) * top * torn
        grain = grain + rng.uniform(0, 1.2) * (1 - top) * bridged
    return np.asarray(grain, np.float32)


def _patches(scene: Scene, size: float) -> Picture:
    return logistic((scene.noise(size) - scene.rng.uniform(-0.5, 1.2)) / 0.25)


def _scar(scene: Scene) -> Picture:
    """Return a broad line without ridges."""
    rng = scene.rng
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    angle, middle = rng.uniform(0, np.pi), rng.uniform(0.25, 0.75, 2)
    right, down = x - middle[0] * WIDTH, y - middle[1] * HEIGHT
    across = right * np.sin(angle) + down * np.cos(angle) + 3 * scene.noise(15)
    along = right * np.cos(angle) - down * np.sin(angle)
    inside = logistic((rng.uniform(30, 120) - np.abs(along)) / 5)
    return np.asarray(inside * logistic((rng.uniform(2, 7) - np.abs(across)) / 0.8))


def _smeared(scene: Scene, touch: Picture) -> Picture:
    """Draw the finger a little way over the glass, everywhere or in patches."""
    rng = scene.rng
    length, angle = rng.uniform(3, 10), rng.uniform(0, np.pi)
    steps = np.linspace(-length / 2, length / 2, 7)
    smeared = np.mean(moved(touch, steps, angle), axis=0, dtype=np.float32)
    where = _patches(scene, 40) if scene.chance(0.7) else 1.0
    return np.asarray(touch + (smeared - touch) * where * rng.uniform(0.5, 1.0))


def draw_picture(
    scene: Scene,
    touch: Picture,
    other: Finger,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> Picture:
    """Return grey values, not yet cut to 0-255."""
    rng = scene.rng
    ground = rng.uniform(200, 255) if scene.chance(0.6) else rng.uniform(80, 200)
    contrast = rng.uniform(0.12, 1) if scene.chance(0.5) else rng.uniform(0.5, 1)
    ridge = ground * (1 - contrast)
    valley = ground - (ground - ridge) * rng.uniform(0, 0.35)
    pressed = logistic((1 - scene.out) / 0.05)
    empty = np.full(touch.shape, ground, np.float32)
    if scene.chance(0.5):
        empty += rng.uniform(2, 18) * scene.noise(rng.uniform(50, 110))
    if scene.chance(0.3):
        empty -= (ground - ridge) * rng.uniform(0.04, 0.3) * _underneath(scene, other, x, y)
    picture = empty + pressed * (valley - ground)
    dark = ridge + rng.uniform(0, 20) * contrast * scene.noise(35)
    picture += touch * (np.minimum(dark, valley - 0.3 * (ground - ridge)) - valley)
    if scene.chance(0.25):
        picture += rng.uniform(2, 10) * stripes(rng, picture.shape)
    if scene.chance(0.25):
        specks = scene.noise(rng.uniform(0.7, 1.6)) > rng.uniform(2.6, 3.4)
        picture[specks] += rng.normal(0, 60)
    return picture


def _underneath(
    scene: Scene, other: Finger, x: NDArray[np.float64], y: NDArray[np.float64]
) -> Picture:
    """Return what another finger left on the glass, 0 to 1."""
    ridges = bilinear(other.skin[..., :1], *laid_anew(scene.rng, x, y, 30))[..., 0]
    faint = np.clip(0.7 + 0.5 * scene.noise(30), 0, 1)
    return np.asarray(np.clip(ridges, 0, 1) * faint, np.float32)


def draw_electronics(scene: Scene, picture: Picture) -> tuple[NDArray[np.uint8], Picture]:
    """Return what the sensor makes of it, and where its window hides the finger (1)."""
    rng = scene.rng
    picture = ndimage.gaussian_filter(picture, rng.uniform(0.25, 1.2))
    if scene.chance(0.25):
        picture += rng.uniform(0.3, 1.5) * (picture - ndimage.gaussian_filter(picture, 2.0))
    picture += rng.uniform(0.5, 9) * rng.standard_normal(picture.shape, np.float32)
    if scene.chance(0.2):
        low, high = np.percentile(picture, (rng.uniform(1, 15), rng.uniform(85, 99)))
        picture = (picture - low) * 255 / max(20.0, high - low)
    frame = np.zeros_like(picture)
    if scene.chance(0.35):
        frame = _window(scene)
        picture = np.where(frame > 0.5, rng.choice([0.0, 255.0, rng.uniform(150, 255)]), picture)
    pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    if scene.chance(0.25):
        pixels = sixteen_greys(pixels)
    if scene.chance(0.12):
        pixels = through_jpeg(pixels, int(rng.integers(30, 90)))
    return pixels, frame


def _window(scene: Scene) -> Picture:
    """Return 1 outside of a smaller sensor's window, upright or a little slanted."""
    rng = scene.rng
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    angle = rng.normal(0, 0.03) if scene.chance(0.3) else 0.0
    right = (x - WIDTH / 2) * np.cos(angle) + (y - HEIGHT / 2) * np.sin(angle)
    down = (y - HEIGHT / 2) * np.cos(angle) - (x - WIDTH / 2) * np.sin(angle)
    half = rng.uniform(80, 155), rng.uniform(90, 170)
    return np.asarray((np.abs(right) > half[0]) | (np.abs(down) > half[1]), np.float32)
