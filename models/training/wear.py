"""What years, work and a hasty press do to a print: worn, dotted, scarred, smeared, faint.

Each is drawn from a generator of its own, so a press without any of them stays as it was.
"""

import numpy as np

from greenline.models.training.appearance import MIDDLE, Conditions, Place
from greenline.models.training.fields import Field, bilinear, seeded

_SCAR = 0x7363
_DRAG = 14.0  # px at 500 dpi over which a finger is drawn in the worst smear
_FAINTEST = 0.8  # share of the contrast that is missing at worst


def wear_skin(
    rng: np.random.Generator, given: Conditions, place: Place, skin: Field, finger: int
) -> Field:
    """Return skin (height, width, 3) with its ridges worn and scarred. finger: whose scar."""
    worn = skin.copy()
    if given.worn > 0:
        flat = 1 / (1 + np.exp(-(place.smooth(rng, 50) + 2.4 * given.worn - 1.2) / 0.15))
        worn[..., 0] *= 1 - 0.85 * given.worn * flat
    if given.scarred > 0:
        worn[..., 2] = np.maximum(worn[..., 2], _scar(finger, given.scarred, place))
    return worn


def _scar(finger: int, much: float, place: Place) -> Field:
    """Return the same broad line on every press of a finger, 1 where no ridge is left."""
    rng = seeded(finger, _SCAR)
    angle, half = rng.uniform(0, np.pi), rng.uniform(40, 120)
    middle = np.array(MIDDLE) + rng.normal(0, 35, 2)
    right, down = place.x - middle[0], place.y - middle[1]
    along = right * np.cos(angle) - down * np.sin(angle)
    across = right * np.sin(angle) + down * np.cos(angle) + 5 * np.sin(along / rng.uniform(15, 40))
    broad = (1.5 + 4.5 * much) * np.clip(1.2 - np.abs(along) / half, 0, 1)
    return np.asarray(1.5 / (1 + np.exp(np.clip((np.abs(across) - broad) / 0.6, -30, 30))))


def dot_lift(rng: np.random.Generator, given: Conditions, place: Place, lift: Field) -> Field:
    """Return how high skin must stand to touch where dry ridges touch with single points only."""
    if given.dotted <= 0:
        return lift
    patch = 1 / (1 + np.exp(-(place.smooth(rng, 45) + 2 * given.dotted - 0.6) / 0.25))
    return np.asarray(lift + given.dotted * patch * (0.25 + 0.8 * place.grain(rng, 1.7)))


def smear(rng: np.random.Generator, given: Conditions, place: Place, touch: Field) -> Field:
    """Return what a finger that moved while it was read leaves: the mean over its way."""
    if given.smeared <= 0:
        return touch
    angle, length = rng.uniform(0, np.pi), _DRAG * given.smeared * place.scale
    rows, columns = np.mgrid[0 : touch.shape[0], 0 : touch.shape[1]].astype(np.float64)
    drawn = np.zeros(touch.shape)
    for step in np.linspace(-0.5, 0.5, 7):
        x, y = columns + step * length * np.cos(angle), rows + step * length * np.sin(angle)
        drawn += bilinear(touch[..., None], x, y)[..., 0] / 7
    return drawn


def faded(given: Conditions, touch: Field) -> Field:
    """Return the ink of a print that the sensor shows only faintly."""
    return np.asarray(touch * (1 - _FAINTEST * given.faint))
