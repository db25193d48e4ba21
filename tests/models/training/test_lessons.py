"""Lessons for the template network: the truth is where the ridges are, whatever lies over them."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="lessons are made with the extra 'train' (SciPy)")

from greenline.models.training.fingers import Finger, make_finger
from greenline.models.training.lesson_drawing import HEIGHT, WIDTH
from greenline.models.training.lesson_shards import read_shard, write_shards
from greenline.models.training.lessons import CELL, Lesson, make_lessons
from greenline.models.training.template_lessons import CROP, Reader

COUNT = 6


@pytest.fixture(scope="module")
def fingers() -> tuple[Finger, Finger]:
    return make_finger(40_001), make_finger(40_002)


@pytest.fixture(scope="module")
def lessons(fingers: tuple[Finger, Finger]) -> list[Lesson]:
    return make_lessons(*fingers, COUNT)


def along(lesson: Lesson) -> np.ndarray:
    """Return how far each minutia's direction is off the flow at its place, in degrees."""
    rows, columns = lesson.contact.shape
    row = np.clip(np.rint((lesson.minutiae[:, 1] - 1.5) / CELL), 0, rows - 1).astype(int)
    column = np.clip(np.rint((lesson.minutiae[:, 0] - 1.5) / CELL), 0, columns - 1).astype(int)
    cosine, sine = lesson.flow[:, row, column].astype(float)
    axis = np.arctan2(sine, cosine) / 2
    off = np.mod(lesson.minutiae[:, 2] - axis + np.pi / 2, np.pi) - np.pi / 2
    return np.degrees(np.abs(off))


def singular(lesson: Lesson) -> np.ndarray:
    """Return x, y of the cores and deltas: round them the flow makes half a turn."""
    double = np.arctan2(*lesson.flow[::-1].astype(float))
    ring = [double[:-1, :-1], double[:-1, 1:], double[1:, 1:], double[1:, :-1]]
    steps = (b - a for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
    turned = sum(np.angle(np.exp(1j * step)) for step in steps)
    return np.argwhere(np.abs(turned) > np.pi)[:, ::-1] * CELL + (1.5 + CELL / 2)


def away_from_cores(lesson: Lesson) -> np.ndarray:
    """Return which minutiae lie more than three cells from every core and delta."""
    gaps = lesson.minutiae[:, None, :2] - singular(lesson)
    return np.hypot(gaps[..., 0], gaps[..., 1]).min(axis=1, initial=np.inf) > 3 * CELL


def test_the_same_fingers_give_the_same_lessons(
    fingers: tuple[Finger, Finger], lessons: list[Lesson]
) -> None:
    again = make_lessons(*fingers, 2)
    for one, other in zip(lessons, again, strict=False):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.minutiae, other.minutiae)
    assert not np.array_equal(lessons[0].pixels, lessons[1].pixels)


def test_a_lesson_has_the_shapes_that_the_network_is_taught_with(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        assert (lesson.pixels.shape, lesson.pixels.dtype) == ((HEIGHT, WIDTH), np.uint8)
        assert lesson.flow.shape == (2, HEIGHT // CELL, WIDTH // CELL)
        assert set(np.unique(lesson.contact)) <= {0, 1, 2}
        assert lesson.minutiae.shape[1] == 5


def test_every_minutia_points_along_the_ridges_also_after_the_skin_was_stretched(
    lessons: list[Lesson],
) -> None:
    # At a core the flow turns within a cell: there the grid cannot say how a ridge runs.
    off = np.concatenate([along(lesson)[away_from_cores(lesson)] for lesson in lessons])
    assert len(off) > 120
    assert np.median(off) < 1.5
    assert np.percentile(off, 98) < 5


def test_no_minutia_lies_where_there_is_no_skin(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        row, column = (lesson.minutiae[:, [1, 0]] // CELL).astype(int).T
        # The grid knows the middle of each cell only, so the edge itself may round either way.
        near = [
            lesson.contact[max(0, r - 1) : r + 2, max(0, c - 1) : c + 2].max()
            for r, c in zip(row, column, strict=True)
        ]
        assert min(near, default=1) > 0


def test_shards_are_read_back_whole_and_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    [path] = write_shards(tmp_path, 40_001, 1)
    written = read_shard(path)
    before = path.stat().st_mtime_ns
    assert list(write_shards(tmp_path, 40_001, 1)) == [path]
    assert path.stat().st_mtime_ns == before
    assert len(written) == 12
    assert all(lesson.minutiae.shape[1] == 5 for lesson in written)


def test_the_targets_of_a_crop_lie_on_its_minutiae(tmp_path: Path) -> None:
    list(write_shards(tmp_path, 40_001, 1))
    batch = Reader(tmp_path, seed=1).batch(24)
    cells = CROP // CELL
    assert batch.pictures.shape == (24, 1, CROP, CROP)
    assert batch.heat.shape == (24, 1, cells, cells)
    assert 0.0 <= batch.pictures.min() <= batch.pictures.max() <= 1.0
    hits = batch.heat[:, 0] == 1
    assert hits.sum() > 20
    unit = np.hypot(*batch.direction.transpose(1, 0, 2, 3))[hits]
    np.testing.assert_allclose(unit, 1.0, atol=1e-5)
    assert np.abs(batch.offset.transpose(1, 0, 2, 3)[:, hits]).max() <= 0.5 + 1e-5
    # What a minutia says and what the flow says are one axis, mirrored and turned crops included.
    double = 2 * np.arctan2(batch.direction[:, 1], batch.direction[:, 0])
    flow = np.arctan2(batch.flow[:, 1], batch.flow[:, 0])
    off = np.abs(np.angle(np.exp(1j * (double - flow))))[hits & (batch.contact[:, 0] == 1)]
    assert np.degrees(np.median(off)) / 2 < 2
