"""Make a template worse, as dirt, pressure, a small sensor and a poor extractor would.

Clean pairs are separable and teach a comparison nothing; its weights are learned on pairs whose
sides were both damaged here. Works on the minutiae, never on pixels.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from greenline.prints.prepared import DPI
from greenline.prints.template import Kind, Template

SMALLEST_CROP = 0.6  # of the minutiae, per half plane
MOST_DELETED = 0.25
MOST_SPURIOUS = 0.25
LARGEST_WARP = 9.0  # pixels at 500 dpi
WARP_WAVELENGTH = (150.0, 400.0)  # pixels at 500 dpi
JITTER = (1.2, 0.07)  # pixels at 500 dpi, radians; standard deviations
TURN = 0.2  # radians; standard deviation of how askew a finger lies
FLIPPED_KINDS = 0.1
ROOM = 40.0  # pixels of free space left around the minutiae, so that the picture holds them all


def mirrored(template: Template) -> Template:
    """Return the mirror image: a finger with the statistics of a real one that cannot exist."""
    direction = np.mod(np.pi - template.direction, 2 * np.pi).astype(np.float32)
    return replace(template, x=template.width - template.x, direction=direction)


def degraded(template: Template, rng: np.random.Generator) -> Template:
    """Return a damaged copy. Which damages, and how much of each, is drawn from rng."""
    kept = template
    for _ in range(rng.integers(0, 3)):
        kept = _cropped(kept, rng)
    lost = rng.random(len(kept)) < rng.uniform(0, MOST_DELETED)
    joined = _with_spurious(kept.pick(~lost), rng)
    return _turned(_warped(_jittered(joined, rng), rng), rng)


def _cropped(template: Template, rng: np.random.Generator) -> Template:
    """Keep what lies on one side of a line."""
    angle = rng.uniform(0, 2 * np.pi)
    place = template.x * np.cos(angle) + template.y * np.sin(angle)
    count = round(len(template) * rng.uniform(SMALLEST_CROP, 1))
    return template.pick(np.sort(np.argsort(place)[:count]))


def _with_spurious(template: Template, rng: np.random.Generator) -> Template:
    """Add minutiae that are not there, of the qualities that the weaker half has."""
    count = round(len(template) * rng.uniform(0, MOST_SPURIOUS))
    if not count:
        return template
    weaker = np.sort(template.quality)[: max(len(template) // 2, 1)]
    spurious = Template(
        template.width,
        template.height,
        template.dpi,
        rng.uniform(template.x.min(), template.x.max(), count).astype(np.float32),
        rng.uniform(template.y.min(), template.y.max(), count).astype(np.float32),
        rng.uniform(0, 2 * np.pi, count).astype(np.float32),
        rng.choice([Kind.ENDING, Kind.BIFURCATION], count).astype(np.uint8),
        rng.choice(weaker, count),
    )
    return _joined(template, spurious)


def _joined(one: Template, other: Template) -> Template:
    return replace(
        one,
        x=np.concatenate([one.x, other.x]),
        y=np.concatenate([one.y, other.y]),
        direction=np.concatenate([one.direction, other.direction]),
        kind=np.concatenate([one.kind, other.kind]),
        quality=np.concatenate([one.quality, other.quality]),
    )


def _jittered(template: Template, rng: np.random.Generator) -> Template:
    """Shake every minutia a little and take some for the other type."""
    far, turn = JITTER[0] * template.dpi / DPI, JITTER[1]
    count = len(template)
    kind = template.kind.copy()
    flipped = (rng.random(count) < FLIPPED_KINDS) & (kind != Kind.OTHER)
    kind[flipped] = Kind.ENDING + Kind.BIFURCATION - kind[flipped]
    return replace(
        template,
        x=template.x + rng.normal(0, far, count).astype(np.float32),
        y=template.y + rng.normal(0, far, count).astype(np.float32),
        direction=_normal(template.direction + rng.normal(0, turn, count)),
        kind=kind,
    )


def _warped(template: Template, rng: np.random.Generator) -> Template:
    """Stretch and shear the skin smoothly: two long waves of displacement each way."""
    scale = template.dpi / DPI
    strength = rng.uniform(0, LARGEST_WARP) * scale
    moved = []
    for place in (template.x, template.y):
        waves = sum(_wave(template, rng, scale) for _ in range(2))
        moved.append((place + strength * waves / 2).astype(np.float32))
    return replace(template, x=moved[0], y=moved[1])


def _wave(template: Template, rng: np.random.Generator, scale: float) -> NDArray[np.float64]:
    angle, phase = rng.uniform(0, 2 * np.pi, 2)
    frequency = 2 * np.pi / (rng.uniform(*WARP_WAVELENGTH) * scale)
    along = template.x * np.cos(angle) + template.y * np.sin(angle)
    return np.asarray(np.sin(frequency * along + phase), np.float64)


def _turned(template: Template, rng: np.random.Generator) -> Template:
    """Lay the finger askew and make the picture just large enough to hold it."""
    angle = rng.normal(0, TURN)
    cosine, sine = np.cos(angle), np.sin(angle)
    x = template.x * cosine + template.y * sine  # y is down: a positive angle turns to the left
    y = template.y * cosine - template.x * sine
    if len(template):
        x, y = x - x.min() + ROOM, y - y.min() + ROOM
    return Template(
        int(x.max(initial=0) + ROOM),
        int(y.max(initial=0) + ROOM),
        template.dpi,
        x.astype(np.float32),
        y.astype(np.float32),
        _normal(template.direction + angle),
        template.kind,
        template.quality,
    )


def _normal(direction: NDArray[np.floating]) -> NDArray[np.float32]:
    turned: NDArray[np.float32] = np.mod(direction, 2 * np.pi).astype(np.float32)
    turned[turned >= np.float32(2 * np.pi)] = 0  # rounding to float32 can reach the whole turn
    return turned
