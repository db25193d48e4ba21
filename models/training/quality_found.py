"""Counts for the quality network: how many minutiae the template network finds in each block.

    python -m greenline.models.training.quality_found --lessons DIR --out FOUND

DIR: shards of quality_lessons or of lesson_shards. What greenline-1 finds on the lessons' own
pictures is the truth here, for it is that which a comparison has to go by.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from greenline.models.extraction import Extractor
from greenline.models.training.lesson_shards import read_shard
from greenline.models.training.quality_drawing import BLOCK
from greenline.models.training.quality_lessons import CANVASES
from greenline.prints.frame import Frame

THRESHOLD = 0.4  # least probability of a minutia that counts
NOISY = 6  # of so many lessons for the template network one is shown once more, in noise
NOISE = (40.0, 180.0)  # grey levels: below, hardly a minutia is lost; above, hardly one is left
_CELL = BLOCK // 4  # cells of a template lesson's contact to a block
_UNSURE = 2

Counts = NDArray[np.float16]


class Counter:
    """Keeps the network that finds minutiae open."""

    def __init__(self) -> None:
        self._extractor = Extractor(model="greenline-1", threshold=THRESHOLD)

    def count(self, pixels: NDArray[np.uint8]) -> Counts:
        """Return the expected number of true minutiae in each block of a picture at 500 dpi."""
        found = self._extractor.extract(Frame(pixels, 500))
        shape = (-(-pixels.shape[0] // BLOCK), -(-pixels.shape[1] // BLOCK))
        return spread(found.x, found.y, found.quality / 100, shape)


def spread(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    weight: NDArray[np.floating],
    shape: tuple[int, int],
) -> Counts:
    """Lay each weight into the four blocks about its place, in pixels: the nearest gets most."""
    rows, columns = shape
    across = np.clip((x + 0.5) / BLOCK - 0.5, 0, columns - 1)
    along = np.clip((y + 0.5) / BLOCK - 0.5, 0, rows - 1)
    left, top = np.floor(across).astype(int), np.floor(along).astype(int)
    right, down = across - left, along - top
    counts = np.zeros((rows + 1, columns + 1))
    for below, share_down in ((0, 1 - down), (1, down)):
        for beside, share_right in ((0, 1 - right), (1, right)):
            np.add.at(counts, (top + below, left + beside), weight * share_down * share_right)
    return counts[:rows, :columns].astype(np.float16)


def count_shards(lessons: Path, folder: Path) -> Iterator[Path]:
    """Write the counts of each shard under its own name; yield each file once it is whole.

    Those that are there already are left alone, so an interrupted run goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counter = Counter()
    for shard in sorted(lessons.glob("*.npz")):
        path = folder / shard.name
        if not path.exists():
            columns = _judged if shard.name.startswith("quality") else _drawn
            whole = path.with_suffix(".part")
            with whole.open("wb") as file:
                np.savez(file, **columns(shard, counter))  # type: ignore[arg-type]  # as elsewhere
            whole.rename(path)
        yield path


def _judged(shard: Path, counter: Counter) -> dict[str, NDArray[np.generic]]:
    """Return the counts for each canvas. What is no finger has none, whatever is found on it."""
    counts: dict[str, NDArray[np.generic]] = {}
    with np.load(shard) as content:
        for number, _ in enumerate(CANVASES):
            if f"pixels{number}" in content:
                each = np.stack([counter.count(pixels) for pixels in content[f"pixels{number}"]])
                finger = content[f"finger{number}"] > 0
                counts[f"found{number}"] = (
                    each * (content[f"inside{number}"] > 0) * finger[:, np.newaxis, np.newaxis]
                )
    return counts


def in_noise(pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return each NOISY-th of the pictures (n, height, width) in noise of its own strength."""
    rng = np.random.default_rng((seed, NOISY))
    some = pixels[::NOISY]
    deviation = rng.uniform(*NOISE, (len(some), 1, 1))
    return (some + deviation * rng.standard_normal(some.shape)).clip(0, 255).astype(np.uint8)


def _drawn(shard: Path, counter: Counter) -> dict[str, NDArray[np.generic]]:
    """Return pictures, counts and contact of a shard of lessons for the template network."""
    lessons = read_shard(shard)
    pixels = np.stack([lesson.pixels for lesson in lessons])
    pixels = np.concatenate([pixels, in_noise(pixels, int(shard.stem.rpartition("-")[2]))])
    contact = np.stack([lesson.contact for lesson in lessons]).astype(np.float32)
    contact = np.concatenate([contact, contact[::NOISY]])
    contact[contact == _UNSURE] = 0.5
    count, height, width = contact.shape
    blocks = contact.reshape(count, height // _CELL, _CELL, width // _CELL, _CELL)
    return {
        "pixels": pixels,
        "found": np.stack([counter.count(each) for each in pixels]),
        "contact": blocks.mean(axis=(2, 4)).astype(np.float16),
    }


def main() -> None:
    """Count as the command line asks."""
    parser = argparse.ArgumentParser(description="Count what is found on the lessons' pictures.")
    parser.add_argument("--lessons", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    total = len(list(given.lessons.glob("*.npz")))
    for _ in track(count_shards(given.lessons, given.out), "Counting", total=total):
        pass


if __name__ == "__main__":
    main()
