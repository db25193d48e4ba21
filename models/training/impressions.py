"""Press a synthetic finger on a sensor: the picture and its minutiae, through the same warp."""

from dataclasses import dataclass

import numpy as np

from greenline.models.training.appearance import (
    MIDDLE,
    Conditions,
    Place,
    develop,
    draw_conditions,
    draw_ground,
    draw_lift,
    draw_touch,
)
from greenline.models.training.fields import Field, bilinear, seeded
from greenline.models.training.fingers import Finger
from greenline.models.training.warp import Warp, draw_bend
from greenline.models.training.wear import dot_lift, faded, smear, wear_skin
from greenline.prints.frame import Frame
from greenline.prints.template import Template

_CONDITIONS = 0x636F
_PRESS = 0x7072
_WEAR = 0x7765
_MM = 500 / 25.4  # finger pixels in a millimetre
_BEND = 6.0  # px at 500 dpi: how far strong distortion moves the skin
_MARGIN = 4  # px at the picture's edge in which no minutia is seen
_SEEN = 0.8  # least lift at which a ridge is too thin to show a minutia


@dataclass(frozen=True, eq=False)
class Impression:
    """One impression with its true minutiae, in the frame's own pixels."""

    frame: Frame
    truth: Template


def press(
    finger: Finger,
    seed: int,
    *,
    width: int = 256,
    height: int = 288,
    dpi: float = 500.0,
    conditions: Conditions | None = None,
) -> Impression:
    """Press finger on a sensor of width x height pixels: the same picture for the same seed.

    conditions: None draws them from the seed, as cooperative people press.
    """
    given = conditions or draw_conditions(seeded(finger.seed, seed, _CONDITIONS))
    rng = seeded(finger.seed, seed, _PRESS)
    warp = _lay(rng, given, width, height, dpi)
    place = Place(*warp.grid(), dpi / 500)
    hard = seeded(finger.seed, seed, _WEAR)
    skin = wear_skin(hard, given, place, bilinear(finger.skin, place.x, place.y), finger.seed)
    lift = draw_lift(rng, given, place)
    touch = draw_touch(rng, given, place, skin, dot_lift(hard, given, place, lift))
    touch = faded(given, smear(hard, given, place, touch))
    ground = draw_ground(rng, given, place, finger.skin)
    pixels = develop(rng, given, place, touch, lift, ground)
    gone = np.clip(skin[..., 2] - 1, 0, 1) * 4  # under a scar there is nothing to find
    return Impression(Frame(pixels, dpi), _truth(finger, warp, lift + gone, dpi))


def _lay(rng: np.random.Generator, given: Conditions, width: int, height: int, dpi: float) -> Warp:
    """Return the warp of one press."""
    scale = 500 / dpi
    angle = np.deg2rad(given.rotation_deg)
    # y points down, so turning the finger counter-clockwise takes this matrix back to it.
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    growth, aspect = rng.normal(0, 0.012), rng.normal(0, 0.024) * given.distortion
    stretch = np.diag([np.exp(growth + aspect), np.exp(growth - aspect)])
    origin = np.array(MIDDLE) - turn @ np.array(given.shift_mm) * _MM
    bend = draw_bend(rng, width, height, scale, _BEND * given.distortion)
    return Warp(width, height, np.asarray(stretch @ turn * scale), np.asarray(origin), bend)


def _truth(finger: Finger, warp: Warp, lift: Field, dpi: float) -> Template:
    """Return the finger's minutiae that this impression shows."""
    master = finger.template
    points = np.stack([master.x, master.y], axis=1).astype(np.float64)
    places, directions = warp.carry(points, master.direction.astype(np.float64))
    limit = np.array([warp.width - 1 - _MARGIN, warp.height - 1 - _MARGIN])
    inside = ((places >= _MARGIN) & (places <= limit)).all(axis=1)
    at = np.clip(np.rint(places), 0, limit).astype(np.intp)
    whole = Template(
        warp.width,
        warp.height,
        dpi,
        places[:, 0].astype(np.float32),
        places[:, 1].astype(np.float32),
        directions.astype(np.float32),
        master.kind,
        master.quality,
    )
    return whole.pick(inside & (lift[at[:, 1], at[:, 0]] < _SEEN))
