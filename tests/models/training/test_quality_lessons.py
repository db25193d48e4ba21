"""Lessons for the quality network: what a press would be worth in a comparison."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="drawing lessons needs SciPy (extra train-network)")

from greenline.models.training.fingers import make_finger
from greenline.models.training.quality_drawing import BLOCK, TRUTHS
from greenline.models.training.quality_lessons import (
    CANVASES,
    PRESSES,
    REFERENCES,
    STRANGERS,
    Lesson,
    Teacher,
    write_shards,
)


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return list(Teacher().lessons(make_finger(81), make_finger(82)))


def test_every_lesson_lies_on_a_canvas_with_a_truth_for_its_blocks(lessons: list[Lesson]) -> None:
    assert len(lessons) == PRESSES + STRANGERS
    for lesson in lessons:
        height, width = lesson.pixels.shape
        assert (height, width) in CANVASES
        assert lesson.truth.shape == (len(TRUTHS), height // BLOCK, width // BLOCK)
        assert lesson.inside.shape == lesson.truth.shape[1:]
        assert (lesson.truth[:6] * (lesson.inside == 0)).max() == 0


def test_what_is_no_finger_scores_nothing_and_has_no_skin(lessons: list[Lesson]) -> None:
    strangers = [lesson for lesson in lessons if not lesson.finger]

    assert len(strangers) == STRANGERS
    for lesson in strangers:
        assert not lesson.scores.any()
        assert not lesson.truth[0].any()


def test_the_clearer_the_ridges_and_the_larger_the_contact_the_higher_the_scores(
    lessons: list[Lesson],
) -> None:
    presses = [lesson for lesson in lessons if lesson.finger]
    clear = np.array([float(lesson.truth[1].sum()) for lesson in presses])
    scores = np.array([float(lesson.scores.mean()) for lesson in presses])

    assert scores.max() > 8
    assert np.corrcoef(clear, scores)[0, 1] > 0.4
    assert all(lesson.scores.shape == (REFERENCES,) for lesson in presses)


def test_a_shard_that_is_there_is_left_alone(tmp_path: Path) -> None:
    there = tmp_path / "quality-0000081.npz"
    there.write_bytes(b"made before")

    assert list(write_shards(tmp_path, 81, 1)) == [there]
    assert there.read_bytes() == b"made before"
