"""Compares the converted LEADER files with pyfing's own network, minutia by minutia.

    python -m greenline.models.training.verify_leader DIRECTORY [--dpi 500]

Needs the extras "train" and "litert". Both see the very same padded pixels, and each decodes
them by its own code, so that what differs is our conversion and our decoding alone.
"""

import argparse
import math
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenline.models.extraction import Extractor, at_500_dpi
from greenline.models.picture import read_picture
from greenline.models.tiles import cut_tiles
from greenline.prints.frame import Frame
from greenline.prints.template import Kind, Template

# Two minutiae within this many pixels of each other may be the same one.
REACH = 8.0

Columns = NDArray[np.float64]  # (n, 5): x, y, direction, kind, quality (0-1)


@dataclass
class Report:
    """What was compared so far. Differences in pixels, degrees and parts of quality 1."""

    tiles: int = 0
    keras: int = 0
    tflite: int = 0
    matched: int = 0
    position: float = 0.0
    direction: float = 0.0
    quality: float = 0.0
    moved: int = 0
    other_kind: int = 0
    lonely: list[str] = field(default_factory=list)

    def add(self, name: str, keras: Columns, tflite: Columns) -> None:
        """Compare the minutiae of one tile."""
        pairs = match(keras, tflite)
        self.tiles += 1
        self.keras += len(keras)
        self.tflite += len(tflite)
        self.matched += len(pairs)
        for one, other in pairs:
            self._add_pair(keras[one], tflite[other])
        for label, columns, used in (
            ("Keras", keras, {one for one, _ in pairs}),
            ("TFLite", tflite, {other for _, other in pairs}),
        ):
            alone = [row for index, row in enumerate(columns) if index not in used]
            self.lonely += [f"{name}: only {label} ({x:.0f}, {y:.0f}) quality {q:.4f}"
                            for x, y, _, _, q in alone]  # fmt: skip

    def _add_pair(self, one: NDArray[np.float64], other: NDArray[np.float64]) -> None:
        distance = math.hypot(*(one[:2] - other[:2]))
        turn = abs(math.remainder(one[2] - other[2], 2 * math.pi))
        self.position = max(self.position, distance)
        self.direction = max(self.direction, math.degrees(turn))
        self.quality = max(self.quality, abs(one[4] - other[4]))
        self.moved += distance > 0
        self.other_kind += bool(one[3] != other[3])

    def lines(self) -> list[str]:
        """Return the report as lines of text."""
        return [
            f"tiles compared: {self.tiles}",
            f"minutiae: Keras {self.keras}, TFLite {self.tflite}, matched {self.matched}",
            f"matched but not on the same pixel: {self.moved}, farthest {self.position:.2f} px",
            f"matched but of another kind: {self.other_kind}",
            f"largest difference of direction: {self.direction:.3f} degrees",
            f"largest difference of quality: {self.quality:.4f} (TFLite's is rounded to 0.01)",
            f"not matched: {len(self.lonely)}",
            *self.lonely,
        ]


def match(one: Columns, other: Columns) -> list[tuple[int, int]]:
    """Pair minutiae within REACH pixels, nearest pairs first, each used once."""
    if not len(one) or not len(other):
        return []
    gaps = np.hypot(*(one[:, np.newaxis, :2] - other[np.newaxis, :, :2]).transpose(2, 0, 1))
    pairs: list[tuple[int, int]] = []
    while gaps.min() <= REACH:
        best = np.unravel_index(np.argmin(gaps), gaps.shape)
        pairs.append((int(best[0]), int(best[1])))
        gaps[best[0], :] = gaps[:, best[1]] = np.inf
    return pairs


def from_template(template: Template) -> Columns:
    """Return our minutiae as columns."""
    columns = (template.x, template.y, template.direction, template.kind, template.quality / 100)
    return np.stack(columns, axis=1).astype(np.float64)


def from_pyfing(minutiae: Iterable[Any]) -> Columns:
    """Return pyfing's minutiae as columns. Its 'E' is an ending, its 'B' a bifurcation."""
    kinds = {"E": Kind.ENDING, "B": Kind.BIFURCATION}
    rows = [(m.x, m.y, m.direction, kinds[m.type], m.quality) for m in minutiae]
    return np.array(rows, np.float64).reshape(-1, 5)


def compare(pictures: Iterable[Path], dpi: float | None) -> Report:
    """Run both networks over pictures of prints."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from pyfing.minutiae_end_to_end import Leader, LeaderParameters  # noqa: PLC0415 - slow

    extractor = Extractor(model="leader-1")
    leader = Leader(LeaderParameters(minutia_quality_threshold=extractor.threshold))
    report = Report()
    for path in pictures:
        picture = at_500_dpi(read_picture(path, dpi))
        for number, (_, pixels) in enumerate(cut_tiles(picture, extractor.sizes)):
            ours = from_template(extractor.extract(Frame(pixels, 500)))
            report.add(f"{path.name} tile {number}", from_pyfing(leader.run(pixels)), ours)
    return report


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Compare LEADER in TFLite with LEADER in Keras.")
    parser.add_argument("directory", type=Path, help="folder of pictures of prints")
    parser.add_argument("--dpi", type=float, help="their resolution, if the files do not say")
    arguments = parser.parse_args()
    pictures = sorted(path for path in arguments.directory.iterdir() if path.is_file())
    report = compare(pictures, arguments.dpi)
    sys.stdout.write("\n".join(report.lines()) + "\n")


if __name__ == "__main__":
    main()
