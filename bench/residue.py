"""How well residue on the glass is told from another press: prints a Markdown table.

    python bench/residue.py --fvc DIR

Other press: every ordered pair of the eight prints of a finger. Residue: each print faded to a
share of its contrast, with noise, as if it lay on the glass. Both with 256 and with 16 levels.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.firmware.residue import Glass
from greenline.models.quality import Quality, Reason, judge
from greenline.prints.frame import Frame

FADED = (0.1, 0.15, 0.2, 0.3, 0.5)
LEVELS = (256, 16)
MINIMUM = 20
NOTHING = Quality(0, ())  # what the glass says beside "residue" does not matter here
_NOISE, _GROUND = 4.0, 97  # grey levels; percentile of the ground's grey


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fvc", type=Path, required=True, help="folder with DB1_B ... DB4_B")
    given = parser.parse_args()
    shares = " | ".join(f"told at {share:.0%}" for share in FADED)
    print(
        f"| prints | other presses | taken for residue | {shares} | missed of those taken before |"
    )
    print("|" + "---|" * (len(FADED) + 4))
    for name in ("DB1", "DB2", "DB3", "DB4"):
        print("|", " | ".join((name, *_cells(given.fvc / f"{name}_B"))), "|", flush=True)


def _cells(folder: Path) -> Iterator[str]:
    others, wrong, missed, dangerous = 0, 0, 0, 0
    told = dict.fromkeys(FADED, 0)
    count = 0
    for prints in _fingers(folder):
        fainter = [_faded(each, 0.6, 0.0) for each in prints]  # so that contrast does not help
        for number, first in enumerate(prints):
            count += 1
            glass = Glass(lambda _: NOTHING, 7)
            glass.judge(first)
            glass.lifted()
            for second in fainter[:number] + fainter[number + 1 :]:
                others += 1
                wrong += Reason.RESIDUE in glass.judge(second).reasons
            for share in FADED:
                left = _faded(first, share, _NOISE)
                found = Reason.RESIDUE in glass.judge(left).reasons
                told[share] += found
                taken_before = judge(left).score >= MINIMUM
                dangerous += taken_before
                missed += taken_before and not found
    yield str(others)
    yield str(wrong)
    for share in FADED:
        yield f"{told[share] / count:.1%}"
    yield f"{missed} of {dangerous}"


def _fingers(folder: Path) -> Iterator[list[Frame]]:
    """Yield the prints of each finger, with each number of grey levels."""
    for number in sorted({path.stem.split("_")[0] for path in folder.glob("*.png")}):
        for levels in LEVELS:
            yield [_read(path, levels) for path in sorted(folder.glob(f"{number}_*.png"))]


def _read(path: Path, levels: int) -> Frame:
    with Image.open(path) as image:
        return Frame(_rounded(np.array(image.convert("L")), levels), 500.0, levels)


def _rounded(pixels: NDArray[np.uint8], levels: int) -> NDArray[np.uint8]:
    return pixels if levels == LEVELS[0] else np.asarray((pixels >> 4) * np.uint8(17))


def _faded(frame: Frame, share: float, noise: float) -> Frame:
    ground = float(np.percentile(frame.pixels, _GROUND))
    grain = np.random.default_rng(1).normal(0, noise, frame.pixels.shape)
    grey = (ground - share * (ground - frame.pixels) + grain).clip(0, 255).astype(np.uint8)
    return Frame(_rounded(grey, frame.grey_levels), frame.dpi, frame.grey_levels)


if __name__ == "__main__":
    main()
