"""Does a model work on this machine? Its file is opened and run on what has a known answer.

The pictures are drawn, not stored, and what must be found is where it was drawn. Called by
`greenline models check`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from greenline.models.drawn_face import draw_face, judge_faces
from greenline.models.drawn_print import draw_print, judge_minutiae
from greenline.models.drawn_quality import draw_half, judge_halves
from greenline.models.errors import ModelFileError
from greenline.models.face.blazeface import decode
from greenline.models.manifest import ModelFile
from greenline.models.readings import READINGS
from greenline.models.runtime import Runtime, load

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Passed:
    """What a sound model did. found: in words.

    The times are the processor's on this machine: the same, whatever else runs beside it.
    """

    found: str
    open_ms: float
    run_ms: float


@dataclass(frozen=True)
class Trial:
    """What a model is tried on. grey: 0 to 255, (height, width).

    judge: says in words what was right in the answers. Raises ModelFileError when they are wrong.
    """

    grey: NDArray[np.floating | np.integer]
    judge: Callable[[tuple[Values, ...]], str]


def check_file(file: ModelFile, folder: Traversable, runtime: Runtime) -> Passed:
    """Open one file of the manifest, run it, look at what it found.

    A model without a trial is run, and its answers must be numbers. Raises ModelFileError
    (missing, damaged, of another shape, wrong in what it finds) and RuntimeMissingError (the
    runtime does not work).
    """
    try:
        begun = time.thread_time()
        network = load(file, folder, runtime=runtime)
        open_ms = 1000 * (time.thread_time() - begun)
        trial = TRIALS.get(file.model, _plain)(file)
        values = _values(file, trial)
        begun = time.thread_time()
        answers = network.run_all(values)
        run_ms = 1000 * (time.thread_time() - begun)
    except (RuntimeError, ValueError) as error:
        raise ModelFileError(f"{runtime.description} cannot run {file.name}: {error}") from error
    return Passed(trial.judge(answers), open_ms, run_ms)


def _values(file: ModelFile, trial: Trial) -> Values:
    """Return the picture in the values that the model takes, the same in all its channels."""
    low, high = file.input.value_range or (0.0, 255.0)
    values = low + trial.grey[np.newaxis, ..., np.newaxis] * ((high - low) / 255)
    return np.broadcast_to(values, file.input.shape).astype(np.float32)


def _minutiae(file: ModelFile) -> Trial:
    drawn = draw_print(*file.input.shape[1:3])
    least = file.minutia_thresholds().minutia

    def judge(answers: tuple[Values, ...]) -> str:
        found = READINGS[file.model].decode(answers[0][0], least)
        return judge_minutiae(file.name, drawn, found[:, :3].astype(np.float64))

    return Trial(drawn.pixels, judge)


def _blazeface(file: ModelFile) -> Trial:
    thresholds = file.face_thresholds()

    def judge(answers: tuple[Values, ...]) -> str:
        boxes, logits = answers
        faces = decode(boxes[0], logits[0], thresholds.face, thresholds.overlap)
        points = faces[:, 5:].reshape(-1, 6, 2)
        return judge_faces(file.name, points[:, [0, 1, 3]])

    return Trial(draw_face(), judge)


def _quality(file: ModelFile) -> Trial:
    def judge(answers: tuple[Values, ...]) -> str:
        return judge_halves(file.name, answers[0][0])

    return Trial(draw_half(*file.input.shape[1:3]), judge)


def _plain(file: ModelFile) -> Trial:
    def judge(answers: tuple[Values, ...]) -> str:
        if not all(np.isfinite(each).all() for each in answers):
            raise ModelFileError(f"{file.name} answers with what is no number: install again")
        return "runs; what it answers is not judged here"

    return Trial(np.full(file.input.shape[1:3], 128), judge)


TRIALS: dict[str, Callable[[ModelFile], Trial]] = {
    **dict.fromkeys(READINGS, _minutiae),
    "blazeface-short-range-1": _blazeface,
    "greenline-utility-1": _quality,
}
"""By model."""
