"""Writes lessons for the template network into files, and reads them back.

    python -m greenline.models.training.lesson_shards --out DIR --first 1 --fingers 480

A shard is one .npz file of the lessons of a few fingers. Training reads whatever shards there are,
so several of these may write into one folder, each with fingers of its own.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.progress import track

from greenline.models.training.fingers import make_finger
from greenline.models.training.lessons import Lesson, make_lessons

FINGERS_A_SHARD = 16
LESSONS_A_FINGER = 12


def write_shards(folder: Path, first: int, fingers: int) -> Iterator[Path]:
    """Write the lessons of fingers first, first + 1, ...; yield each file once it is whole.

    Those that are there already are left alone, so an interrupted run goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(first, first + fingers, FINGERS_A_SHARD):
        path = folder / f"lessons-{start:07d}.npz"
        if not path.exists():
            _write(path, _lessons(start, min(FINGERS_A_SHARD, first + fingers - start)))
        yield path


def read_shard(path: Path) -> list[Lesson]:
    """Return the lessons of a shard."""
    with np.load(path) as shard:
        pixels, flow, contact = shard["pixels"], shard["flow"], shard["contact"]
        minutiae = np.split(shard["minutiae"], np.cumsum(shard["counts"])[:-1])
    return [Lesson(*parts) for parts in zip(pixels, minutiae, flow, contact, strict=True)]


def _lessons(start: int, count: int) -> list[Lesson]:
    lessons: list[Lesson] = []
    other = make_finger(start + 10_000_000)
    for seed in range(start, start + count):
        finger = make_finger(seed)
        lessons += make_lessons(finger, other, LESSONS_A_FINGER)
        other = finger
    return lessons


def _write(path: Path, lessons: list[Lesson]) -> None:
    whole = path.with_suffix(".part")
    with whole.open("wb") as file:
        np.savez(
            file,
            pixels=np.stack([lesson.pixels for lesson in lessons]),
            flow=np.stack([lesson.flow for lesson in lessons]),
            contact=np.stack([lesson.contact for lesson in lessons]),
            minutiae=np.concatenate([lesson.minutiae for lesson in lessons]),
            counts=np.array([len(lesson.minutiae) for lesson in lessons]),
        )
    whole.rename(path)


def main() -> None:
    """Write shards as the command line asks."""
    parser = argparse.ArgumentParser(description="Write lessons for the template network.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--fingers", type=int, default=480)
    given = parser.parse_args()
    shards = write_shards(given.out, given.first, given.fingers)
    for _ in track(shards, "Making lessons", total=-(-given.fingers // FINGERS_A_SHARD)):
        pass


if __name__ == "__main__":
    main()
