"""What the early answer does: how many poor pictures it stops, how early, and how many good ones.

    python bench/early_quality.py --fvc DIR [--quality greenline-gradient-1] [--fingers 40]
        [--minimum 20] [--calibrate | --middle]

Each print is laid on an AS608 (256x288) and an R503 (192x192), both with 16 grey levels, in eleven
ways: in the middle, low, high, to the sides, in two corners, with less contrast. A picture is poor
when its final score is below the minimum. --calibrate prints the table of models/early.py, from
synthetic prints, DB1 and DB2; the report is on all. --middle prints the table of
docs/configuration.md instead: how many prints in the middle of a sensor reach each minimum.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from greenline.models.early import (
    GROWTH,
    PARTS,
    Growth,
    Judge,
    Outlook,
    clearness_class,
    forecast,
    highest_so_far,
    rows_mm2,
    to_come_mm2,
    whole_blocks,
)
from greenline.models.quality import ALGORITHM, FINGER_MM2, judge
from greenline.models.quality_network import MODEL, QualityNetwork
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.prints.frame import Frame

SENSORS = {"AS608": (256, 288), "R503": (192, 192)}
MIDDLE = "in the middle"
# right, down: shares of the sensor by which the finger is laid beside the middle; contrast.
WAYS = {
    MIDDLE: (0.0, 0.0, 1.0),
    "low": (0.0, 0.35, 1.0),
    "very low": (0.0, 0.6, 1.0),
    "high": (0.0, -0.35, 1.0),
    "very high": (0.0, -0.6, 1.0),
    "left": (-0.4, 0.0, 1.0),
    "right": (0.4, 0.0, 1.0),
    "lower right": (0.35, 0.4, 1.0),
    "upper left": (-0.35, -0.4, 1.0),
    "faint": (0.0, 0.0, 0.3),
    "very faint": (0.0, 0.0, 0.18),
}
TUNED_ON = ("synthetic", "DB1", "DB2")
# Of a measure without bounds; most: per mm2, more than any picture grew.
UNKNOWN = Growth(most=10.0, uncounted_mm2=FINGER_MM2, classes=(), measured=())
DPI = {"DB2": 569.0}
QUANTILE = 99.0
FEWEST = 150  # pictures in a class; with fewer the true bound stands
_SYNTHETIC = 910_000  # first finger; no other set has these
_GROUND, _FINGER_BELOW = 97, 60  # percentile of the ground's grey; how much darker a finger is


@dataclass(frozen=True)
class Pressed:
    """One picture as a sensor would send it, where it comes from, and how it lies (of WAYS)."""

    source: str
    sensor: str
    way: str
    frame: Frame


@dataclass(frozen=True)
class Course:
    """How one picture went. score: final. stopped: after which of the parts, None: never.

    slowest_ms: of its forecasts, processor time.
    """

    source: str
    sensor: str
    score: int
    stopped: int | None
    slowest_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fvc", type=Path, required=True, help="folder with DB1_B ... DB4_B")
    parser.add_argument("--fingers", type=int, default=40, help="synthetic fingers, of 6 presses")
    parser.add_argument("--minimum", type=int, nargs="+", default=[20], help="least score taken")
    parser.add_argument("--calibrate", action="store_true", help="print the table to use instead")
    parser.add_argument("--middle", action="store_true", help="print who reaches the minima")
    parser.add_argument("--quality", choices=(MODEL, ALGORITHM), default=MODEL, help="the judge")
    given = parser.parse_args()
    judges: Judge = judge if given.quality == ALGORITHM else QualityNetwork().judge
    pictures = list(_pictures(given.fvc, given.fingers))
    if given.calibrate:
        tuned_on = [picture for picture in pictures if picture.source in TUNED_ON]
        _calibrate(tuned_on, GROWTH.get(given.quality, UNKNOWN), judges)
        return
    if given.middle:
        _middle([one for one in pictures if one.way == MIDDLE], given.minimum, judges)
        return
    for minimum in given.minimum:
        watched = track(pictures, f"Watching, minimum {minimum}", transient=True)
        _report([_course(picture, minimum, judges) for picture in watched], minimum)


def _pictures(fvc: Path, fingers: int) -> Iterator[Pressed]:
    for number in track(range(fingers), "Pressing", transient=True):
        finger = make_finger(_SYNTHETIC + number)
        for which in range(6):
            frame = press(
                finger, which, width=340, height=400, conditions=_conditions(number, which)
            ).frame
            yield from _laid("synthetic", frame)
    for name in ("DB1", "DB2", "DB3", "DB4"):
        for path in sorted((fvc / f"{name}_B").glob("*.png")):
            with Image.open(path) as image:
                frame = Frame(np.array(image.convert("L")), DPI.get(name, 500.0))
            yield from _laid(name, frame)


def _conditions(number: int, which: int) -> Conditions | None:
    """Return conditions of each kind in turn; None: as cooperative people press."""
    if which % 3 == 0:
        return None
    rng = np.random.default_rng((number, which))
    return Conditions(
        quality=float(rng.beta(1.5, 2)),
        moisture=float(rng.uniform(-1, 1)),
        contact=float(rng.uniform(0, 1)),
        rotation_deg=float(rng.normal(0, 20)),
    )


def _laid(source: str, frame: Frame) -> Iterator[Pressed]:
    for sensor, (width, height) in SENSORS.items():
        for way, (right, down, contrast) in WAYS.items():
            pixels = _window(frame.pixels, width, height, right, down, contrast)
            yield Pressed(source, sensor, way, Frame(pixels, frame.dpi, 16))


def _window(
    pixels: NDArray[np.uint8], width: int, height: int, right: float, down: float, contrast: float
) -> NDArray[np.uint8]:
    """Cut what lies on the sensor; what is outside the picture is ground."""
    ground = float(np.percentile(pixels, _GROUND))
    rows, columns = np.nonzero(pixels < ground - _FINGER_BELOW)
    if not rows.size:
        rows, columns = np.nonzero(pixels <= 255)
    top = int(rows.mean() - height / 2 - down * height)
    left = int(columns.mean() - width / 2 - right * width)
    padded = np.pad(pixels.astype(float), max(width, height), constant_values=ground)
    top, left = top + max(width, height), left + max(width, height)
    top, left = np.clip([top, left], 0, np.array(padded.shape) - [height, width])
    cut = padded[top : top + height, left : left + width]
    levels = np.clip(ground - (ground - cut) * contrast, 0, 255).astype(np.uint8) // 16
    return np.asarray(levels * np.uint8(17))


def _upper(picture: Pressed, part: int) -> Frame:
    frame = picture.frame
    return Frame(frame.pixels[: frame.height * part // PARTS], frame.dpi, frame.grey_levels)


def _course(picture: Pressed, minimum: int, judges: Judge) -> Course:
    stopped: int | None = None
    slowest_s = 0.0
    for part in range(1, PARTS):
        rows = _upper(picture, part)
        before = time.process_time()
        coming = forecast(rows, picture.frame.height, minimum, judges)
        slowest_s = max(slowest_s, time.process_time() - before)
        if coming.outlook is Outlook.HOPELESS:
            stopped = part
            break
    score = judges(picture.frame).score
    return Course(picture.source, picture.sensor, score, stopped, slowest_s * 1000)


def _report(courses: list[Course], minimum: int) -> None:
    print(f"\n### Minimum {minimum}\n")
    print(
        "| sensor | prints | poor | of them stopped | rows seen then, median (quartiles) | "
        "poor, rows seen on average | good | of them stopped |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for sensor in SENSORS:
        for source in dict.fromkeys(course.source for course in courses):
            some = [c for c in courses if (c.sensor, c.source) == (sensor, source)]
            print("|", " | ".join((sensor, source, *_cells(some, minimum))), "|")
        print("|", " | ".join((sensor, "all", *_cells(
            [c for c in courses if c.sensor == sensor], minimum))), "|")  # fmt: skip
    slow = np.array([course.slowest_ms for course in courses])
    print(
        f"\nSlowest forecast of a picture: {np.median(slow):.1f} ms of processor time,",
        end=" ",
    )
    print(f"{np.percentile(slow, 95):.1f} ms at the 95th percentile")


def _cells(courses: list[Course], minimum: int) -> Iterator[str]:
    poor = [course for course in courses if course.score < minimum]
    good = [course for course in courses if course.score >= minimum]
    seen = [course.stopped / PARTS for course in poor if course.stopped]
    yield str(len(poor))
    yield f"{len(seen)} ({len(seen) / max(1, len(poor)):.0%})"
    quartiles = np.percentile(seen, (25, 50, 75)) if seen else np.ones(3)
    yield "{1:.0%} ({0:.0%}-{2:.0%})".format(*quartiles)
    yield f"{np.mean([(course.stopped or PARTS) / PARTS for course in poor] or [1.0]):.0%}"
    yield str(len(good))
    wrong = sum(course.stopped is not None for course in good)
    yield f"{wrong} ({wrong / max(1, len(good)):.2%})"


def _middle(pictures: list[Pressed], minima: list[int], judges: Judge) -> None:
    """Print the scores of whole pictures, and the share of them that reach each minimum."""
    scores: dict[tuple[str, str], list[int]] = {}
    for picture in track(pictures, "Judging", transient=True):
        of_kind = scores.setdefault((picture.sensor, picture.source), [])
        of_kind.append(judges(picture.frame).score)
    columns = (f">= {minimum}" for minimum in sorted(minima))
    print("|", " | ".join(("sensor", "prints", "count", "median score", "best", *columns)), "|")
    print("|---" * (5 + len(minima)) + "|")
    for (sensor, source), found in sorted(scores.items(), key=lambda item: item[0][0]):
        shares = (f"{np.mean(np.array(found) >= each):.0%}" for each in sorted(minima))
        told = (f"{len(found)}", f"{np.median(found):.0f}", f"{max(found)}", *shares)
        print("|", " | ".join((sensor, source, *told)), "|")


def _calibrate(pictures: list[Pressed], bounds: Growth, judges: Judge) -> None:
    """Print for each part and class how much the score grew, by mm2, in all but 1 % of cases."""
    classes = range(len(bounds.classes) + 2)
    grown: dict[tuple[int, int | None], list[float]] = {}
    for picture in track(pictures, "Calibrating", transient=True):
        height, score = picture.frame.height, judges(picture.frame).score
        for part in range(1, PARTS):
            rows = whole_blocks(_upper(picture, part))
            so_far = judges(rows)
            reached = highest_so_far(bounds, so_far, rows_mm2(rows, rows.height))
            if not bounds.measured:  # nothing is known of what it does not count
                reached = so_far.score
            growth = (score - reached) / to_come_mm2(rows, height)
            column = clearness_class(bounds, rows, height, judges)
            grown.setdefault((part, column), []).append(growth)
    for part in range(1, PARTS):
        found = [grown.get((part, each), []) for each in classes]
        cells = (
            min(bounds.most, float(np.percentile(some, QUANTILE))) if len(some) >= FEWEST
            else bounds.most
            for some in found
        )  # fmt: skip
        print(f"({', '.join(f'{cell:.2f}' for cell in cells)}),  # of {list(map(len, found))}")


if __name__ == "__main__":
    main()
