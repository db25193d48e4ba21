"""How many templates one core compares a second: the kernel, the plain comparison, and NBIS.

    python bench/comparison_speed.py DIR [--dpi DB2_B=569] [--model greenline-1] [--seconds 3]

DIR: FVC2002. Each way compares impressions of different fingers (as a search does, almost always)
for --seconds seconds of processor time on one thread, in turns in one run, so that the ratios hold
on a busy machine. NBIS (mindtct and bozorth3, through nbis-py) takes part
where it is installed.
"""

import argparse
import importlib
import io
import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from greenline.matcher.kernel import scan, sketch
from greenline.matcher.kernel.description import describe
from greenline.matcher.segment import laid_out
from greenline.models.extraction import Extractor, at_500_dpi
from greenline.models.picture import read_picture
from greenline.prints.comparison import compare
from greenline.prints.frame import Frame
from greenline.prints.prepared import prepare
from greenline.prints.weights import UPRIGHT

ROUNDS = 5


def pictures(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("DB*_B/*")):
        if path.suffix in {".tif", ".png"} and path.stem.split("_")[1] in {"1", "2"}:
            yield path


def rate(way: Callable[[int], int], seconds: float) -> float:
    """Return comparisons per second of processor time. way: compares probe k, returns how many."""
    done, begun = 0, time.process_time()
    for probe in itertools.count():
        done += way(probe)
        spent = time.process_time() - begun
        if spent > seconds:
            return done / spent
    raise AssertionError


def nbis(frames: list[Frame]) -> Callable[[int], int] | None:
    """Return the comparison by bozorth3 of mindtct's minutiae; None where it is not installed."""
    try:
        library: Any = importlib.import_module("nbis")
    except ImportError:
        return None
    settings = library.NbisExtractorSettings(
        min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=False, ppi=500.0
    )
    reader = library.new_nbis_extractor(settings)
    sides = []
    for frame in frames:
        file = io.BytesIO()
        Image.fromarray(at_500_dpi(frame)).save(file, "BMP")
        sides.append(reader.extract_minutiae(file.getvalue()))
    mean = np.mean([len(side.get()) for side in sides])
    print(f"mindtct: {mean:.1f} minutiae a print", file=sys.stderr)

    def way(probe: int) -> int:
        at = probe % len(sides)
        others = [side for number, side in enumerate(sides) if number // 2 != at // 2]
        for other in others:
            sides[at].compare(other)
        return len(others)

    return way


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dpi", action="append", default=[], metavar="SET=DPI")
    parser.add_argument("--model", default="greenline-1")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    dpi = {name: float(value) for name, value in (each.split("=") for each in options.dpi)}
    extractor = Extractor(model=options.model)
    found = list(pictures(options.folder))
    frames = [read_picture(path, dpi.get(path.parent.name), otherwise_dpi=500) for path in found]
    sides = [prepare(extractor.extract(frame), describe) for frame in frames]
    segment = laid_out(sides)
    bits = sketch.bits_of(segment.words)

    def strangers(probe: int) -> np.ndarray:
        numbers = np.arange(len(sides))
        return numbers[numbers // 2 != probe % len(sides) // 2]

    def kernel(what: Callable[[int, np.ndarray], None]) -> Callable[[int], int]:
        def way(probe: int) -> int:
            wanted = np.tile(strangers(probe), 20)
            what(probe % len(sides), wanted)
            return len(wanted)

        return way

    room = np.empty(20 * len(sides))
    ways: dict[str, Callable[[int], int]] = {
        "kernel, whole comparison": kernel(
            lambda p, w: scan.odds(segment, p, segment, w, UPRIGHT.numbers, room[: len(w)])
        ),
        "kernel, stages 1 and 2": kernel(
            lambda p, w: scan.ranks(segment, p, segment, w, room[: len(w)])
        ),
        "kernel, votes": kernel(
            lambda p, w: sketch.votes(segment, p, segment, bits, w, room[: len(w)])
        ),
        "plain comparison (NumPy)": lambda p: len(
            [compare(sides[p % len(sides)], sides[at]) for at in strangers(p)[:20]]
        ),
    }
    if (way := nbis(frames)) is not None:
        ways["NBIS bozorth3, mindtct's minutiae"] = way
    for each in ways.values():
        each(0)
    rates = {name: [rate(way, options.seconds / ROUNDS)] for name, way in ways.items()}
    for _ in range(ROUNDS - 1):
        for name, way in ways.items():
            rates[name].append(rate(way, options.seconds / ROUNDS))
    plain = np.median(rates["plain comparison (NumPy)"])
    mean = np.mean([len(side) for side in sides])
    print(
        f"{len(sides)} prints of {mean:.1f} minutiae ({extractor.model_id}), {os.cpu_count()} cores"
    )
    print("| way | comparisons a second and core: median of rounds (best) | times the plain one |")
    print("|---|---|---|")
    for name, each in rates.items():
        usual = np.median(each)
        print(f"| {name} | {usual:,.0f} ({max(each):,.0f}) | {usual / plain:.1f} |")


if __name__ == "__main__":
    main()
