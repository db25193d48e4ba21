"""How often one finger pressed twice is noticed, and how often two fingers are taken for one.

    python -m bench.same_finger --fvc DIR [--fingers 40] [--middle 192] [--model greenline-1]

Each source's pictures become impressions as a kiosk makes them (template, ISO record), and each is
compared with each other by firmware/same_finger.py, which has the threshold and says that it was
chosen on the synthetic prints, DB1 and DB2. DB3 and DB4 are only reported. Of the synthetic fingers
each is pressed four times, with the conditions of wear, skin and glass that the models are judged
with. --middle leaves of each picture so many pixels of 500 dpi around its middle, each way: what a
small sensor sees. Also: how long one comparison takes.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.progress import track

from greenline.firmware.impressions import Impression
from greenline.firmware.same_finger import SAME_SCORE, likeness
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.models.quality import Quality
from greenline.models.training.synthesis import make_finger, press
from greenline.prints import fmr
from greenline.prints.frame import Frame
from greenline.prints.template import FEWEST_MINUTIAE

SETS = ("DB1_B", "DB2_B", "DB3_B", "DB4_B")
PRESSES = 4
THRESHOLDS = (3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0)
_FIRST_FINGER = 91_000  # no finger of a training or a test


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fvc", type=Path, required=True, help="folder with DB1_B ... DB4_B")
    parser.add_argument("--fingers", type=int, default=40, help="synthetic fingers, of 4 presses")
    parser.add_argument("--model", default="greenline-1", help="the minutiae network")
    parser.add_argument("--middle", type=int, default=0, help="pixels; 0: the whole picture")
    options = parser.parse_args()
    extractor = Extractor(model=options.model)
    print(f"{extractor.model_id}; the threshold is {SAME_SCORE}")
    print("| prints | pairs of one finger | of two | " + " | ".join(map(str, THRESHOLDS)) + " |")
    for name, pictures in (
        ("synthetic", _synthetic(options.fingers)),
        *((name, _fvc(options.fvc / name)) for name in SETS),
    ):
        _report(name, [(who, _middle(frame, options.middle)) for who, frame in pictures], extractor)


def _synthetic(fingers: int) -> Iterator[tuple[str, Frame]]:
    for number in range(fingers):
        finger = make_finger(_FIRST_FINGER + number)
        for which in range(PRESSES):
            yield str(number), press(finger, which).frame


def _fvc(folder: Path) -> Iterator[tuple[str, Frame]]:
    for path in sorted(folder.glob("*.png")):
        yield path.stem.split("_")[0], read_picture(path, otherwise_dpi=500.0)


def _middle(frame: Frame, size: int) -> Frame:
    """Return the middle of a picture. size: pixels at 500 dpi; 0: all of it."""
    side = round(size * frame.dpi / 500)
    if not side:
        return frame
    height, width = frame.pixels.shape
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return Frame(frame.pixels[top : top + side, left : left + side], frame.dpi)


def _report(name: str, pictures: list[tuple[str, Frame]], extractor: Extractor) -> None:
    taken = [
        (finger, _impression(frame, extractor))
        for finger, frame in track(pictures, description=f"{name}: extracting")
    ]
    began = time.perf_counter()
    scores: dict[bool, list[float]] = {True: [], False: []}
    pairs = list(combinations(taken, 2))
    for (one, first), (other, second) in track(pairs, description=f"{name}: comparing"):
        usable = first is not None and second is not None
        scores[one == other].append(likeness(first, second) if usable else 0.0)
    each_ms = (time.perf_counter() - began) * 1000 / len(pairs)
    cells = " | ".join(
        f"{_share(scores[True], least):.1%} / {_share(scores[False], least):.3%}"
        for least in THRESHOLDS
    )
    print(f"| {name} | {len(scores[True])} | {len(scores[False])} | {cells} |")
    print(f"highest of two fingers {max(scores[False]):.2f}, {each_ms:.1f} ms a comparison")


def _share(scores: list[float], least: float) -> float:
    return float(np.mean(np.array(scores) >= least))


def _impression(frame: Frame, extractor: Extractor) -> Impression | None:
    """Return what a kiosk would keep; None: nothing."""
    template = extractor.extract(frame).best(255)
    if len(template) < FEWEST_MINUTIAE:
        return None
    record = fmr.from_template(template, finger_position=2, quality=50)
    return Impression(2, record, Quality(50, (), "none"), extractor.model_id, {})


if __name__ == "__main__":
    main()
