"""Lessons for the quality network: pictures, the truth of their blocks, and their genuine scores.

    python -m greenline.models.training.quality_lessons --out DIR --first 500001 --fingers 300

The scores are those of our comparison with greenline-1 templates against other impressions of the
same synthetic finger: what a search would see. No print of any person is used.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from greenline.models.extraction import Extractor
from greenline.models.tiles import background
from greenline.models.training.appearance import Conditions
from greenline.models.training.fields import seeded
from greenline.models.training.fingers import Finger, make_finger
from greenline.models.training.impressions import press
from greenline.models.training.quality_drawing import BLOCK, TRUTHS, draw_faults, draw_press
from greenline.models.training.quality_strangers import draw_stranger
from greenline.prints.comparison import Prepared, compare, prepare
from greenline.prints.frame import Frame
from greenline.prints.template import FEWEST_MINUTIAE

CANVASES = ((192, 192), (288, 256), (384, 400))
"""Height, width. A picture lies in the middle of the smallest that holds it."""

WINDOWS = (
    (192, 192, 0.24), (288, 256, 0.34), (240, 240, 0.06), (300, 300, 0.14),
    (374, 388, 0.14), (283, 375, 0.08),
)  # fmt: skip
"""Height and width of sensors' pictures at 500 dpi, and their shares of the lessons."""

REFERENCES = 3
PRESSES = 15  # of each finger
STRANGERS = 2  # beside them
FINGERS_A_SHARD = 8

_LESSON = 0x716C


@dataclass(frozen=True, eq=False)
class Lesson:
    """pixels: uint8, one of CANVASES. truth: float16 (len(TRUTHS), rows, columns) of its blocks.

    inside: 0-1 for each block, how much of it is picture and no padding. scores: against each
    reference, 0 for what is no finger. finger: its seed, 0 for none. off_mm: pad's middle from
    the picture's.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.float16]
    inside: NDArray[np.float16]
    scores: NDArray[np.float32]
    finger: int
    off_mm: float
    faults: NDArray[np.float32]


class Teacher:
    """Makes lessons; keeps the network that makes templates open."""

    def __init__(self) -> None:
        self._extractor = Extractor(model="greenline-1")

    def lessons(self, finger: Finger, other: Finger) -> Iterator[Lesson]:
        """Yield the lessons of one finger; the same for the same fingers. other: the residue's."""
        references = [self._reference(finger, which) for which in range(REFERENCES)]
        for which in range(PRESSES + STRANGERS):
            rng = seeded(finger.seed, which, _LESSON)
            size = _window(rng)
            if which >= PRESSES:
                pixels, _ = draw_stranger(rng, other, size)
                nothing = np.zeros((len(TRUTHS), size[0] // BLOCK, size[1] // BLOCK), np.float32)
                yield _lesson(
                    pixels, nothing, np.zeros(REFERENCES, np.float32), 0, 0.0, np.zeros(7)
                )
                continue
            given = draw_faults(rng)
            drawn = draw_press(rng, finger, other, given, size)
            scores = self._scores(drawn.pixels, references)
            faults = (given.size, given.dry, given.wet, given.smudged, given.residue, given.poor)
            told = np.array([*faults, drawn.off_mm])
            yield _lesson(drawn.pixels, drawn.truth, scores, finger.seed, drawn.off_mm, told)

    def _reference(self, finger: Finger, which: int) -> Prepared:
        rng = seeded(finger.seed, which, _LESSON, 1)
        conditions = Conditions(
            quality=float(rng.uniform(0.75, 0.95)),
            rotation_deg=float(rng.normal(0, 8)),
            shift_mm=(float(rng.normal(0, 1)), float(rng.normal(0, 1))),
            moisture=float(rng.normal(0, 0.2)),
            contact=float(rng.uniform(0.8, 1)),
        )
        shown = press(finger, 900 + which, width=300, height=320, conditions=conditions)
        return prepare(self._extractor.extract(shown.frame))

    def _scores(self, pixels: NDArray[np.uint8], references: list[Prepared]) -> NDArray[np.float32]:
        template = self._extractor.extract(Frame(pixels, 500))
        if len(template) < FEWEST_MINUTIAE:
            return np.zeros(len(references), np.float32)
        probe = prepare(template)
        return np.array([compare(probe, each).score for each in references], np.float32)


def _window(rng: np.random.Generator) -> tuple[int, int]:
    at = rng.choice(len(WINDOWS), p=[share for *_, share in WINDOWS])
    return WINDOWS[at][0], WINDOWS[at][1]


def _lesson(
    pixels: NDArray[np.uint8],
    truth: NDArray[np.float32],
    scores: NDArray[np.float32],
    finger: int,
    off_mm: float,
    faults: NDArray[np.float64],
) -> Lesson:
    """Lay picture and truth into the middle of a canvas, whole blocks on whole blocks."""
    height, width = pixels.shape
    canvas = next(size for size in CANVASES if height <= size[0] and width <= size[1])
    top, left = ((canvas[0] - height) // 2 // BLOCK, (canvas[1] - width) // 2 // BLOCK)
    laid = np.full(canvas, background(pixels), np.uint8)
    laid[top * BLOCK : top * BLOCK + height, left * BLOCK : left * BLOCK + width] = pixels
    grid = (canvas[0] // BLOCK, canvas[1] // BLOCK)
    where = slice(top, top + truth.shape[1]), slice(left, left + truth.shape[2])
    whole = np.zeros((len(TRUTHS), *grid), np.float16)
    whole[:, *where] = truth
    inside = np.zeros(grid, np.float16)
    inside[where] = 1
    return Lesson(laid, whole, inside, scores, finger, off_mm, faults.astype(np.float32))


def write_shards(folder: Path, first: int, fingers: int) -> Iterator[Path]:
    """Write the lessons of fingers first, first + 1, ...; yield each file once it is whole.

    Those that are there already are left alone, so an interrupted run goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    teacher = Teacher()
    for start in range(first, first + fingers, FINGERS_A_SHARD):
        path = folder / f"quality-{start:07d}.npz"
        if not path.exists():
            other = make_finger(start + 10_000_000)
            found: list[Lesson] = []
            for seed in range(start, min(start + FINGERS_A_SHARD, first + fingers)):
                finger = make_finger(seed)
                found += teacher.lessons(finger, other)
                other = finger
            _write(path, found)
        yield path


def _write(path: Path, lessons: list[Lesson]) -> None:
    columns: dict[str, NDArray[np.generic]] = {}
    for number, canvas in enumerate(CANVASES):
        here = [lesson for lesson in lessons if lesson.pixels.shape == canvas]
        for name in Lesson.__dataclass_fields__ if here else ():
            columns[f"{name}{number}"] = np.stack([getattr(lesson, name) for lesson in here])
    whole = path.with_suffix(".part")
    with whole.open("wb") as file:
        np.savez(file, **columns)  # type: ignore[arg-type]  # its stub takes names for allow_pickle
    whole.rename(path)


def main() -> None:
    """Write shards as the command line asks."""
    parser = argparse.ArgumentParser(description="Write lessons for the quality network.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=500_001)
    parser.add_argument("--fingers", type=int, default=300)
    given = parser.parse_args()
    shards = write_shards(given.out, given.first, given.fingers)
    for _ in track(shards, "Making lessons", total=-(-given.fingers // FINGERS_A_SHARD)):
        pass


if __name__ == "__main__":
    main()
