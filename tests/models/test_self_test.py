"""The self-test of a model: a print with known minutiae, and every way in which a file can fail it.

A model that answers nonsense is a copy of a real one whose weights were set to zero.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from greenline.models.drawn_face import POINTS, judge_faces
from greenline.models.drawn_print import MINUTIAE, Points, draw_print, judge_minutiae
from greenline.models.errors import ModelFileError
from greenline.models.manifest import ModelFile, installed_folder, read_manifest
from greenline.models.readings import READINGS
from greenline.models.runtime import find_runtime
from greenline.models.self_test import check_file
from greenline.models.training.residues import find_residues, quadrature

NAME = "leader_288x256.tflite"


@pytest.fixture(scope="module")
def small() -> ModelFile:
    return read_manifest(installed_folder()).of_model("leader-1")[0]


def content_of(file: ModelFile) -> bytes:
    return (installed_folder() / file.name).read_bytes()


def vouched(file: ModelFile, folder: Path, content: bytes) -> ModelFile:
    """Write content, and return an entry that has its hash."""
    (folder / file.name).write_bytes(content)
    return msgspec.structs.replace(file, sha256=hashlib.sha256(content).hexdigest())


def without_weights(content: bytes) -> bytes:
    """Return a model file with zeros for all its weights."""
    interpreter = find_runtime().build(content, 1)
    zeroed = 0
    for tensor in interpreter.get_tensor_details():
        if np.dtype(tensor["dtype"]) != np.float16:
            continue
        weights = interpreter.get_tensor(tensor["index"]).tobytes()
        if len(weights) < 128 or not any(weights):
            continue
        assert content.count(weights) == 1
        content = content.replace(weights, bytes(len(weights)))
        zeroed += len(weights)
    assert zeroed > len(content) // 2
    return content


@pytest.mark.parametrize("size", [(288, 256), (512, 416), (192, 192)])
def test_the_drawn_print_has_its_minutiae_where_the_ridge_phase_turns(
    size: tuple[int, int],
) -> None:
    drawn = draw_print(*size)
    row, column = np.mgrid[: size[0], : size[1]].astype(np.float64)
    flow = np.arctan2(column - drawn.core[0], row - drawn.core[1])
    wave = quadrature(drawn.pixels / 90.0 - 140 / 90, flow)
    seen = find_residues(wave, flow)
    found = np.stack((seen.x, seen.y, seen.direction), axis=1)
    away = np.hypot(found[:, 0] - drawn.core[0], found[:, 1] - drawn.core[1])
    # Nothing is said about the picture's rim and the rings' middle.
    found = found[(away > 20) & (away < 0.45 * min(size))]

    assert len(found) == MINUTIAE
    for x, y, direction in drawn.minutiae:
        apart = np.hypot(found[:, 0] - x, found[:, 1] - y)
        turn = np.angle(np.exp(1j * (found[apart.argmin(), 2] - direction)))
        assert apart.min() < 1.5
        assert abs(np.degrees(turn)) < 10


def test_the_minutiae_point_all_round() -> None:
    directions = np.sort(draw_print(288, 256).minutiae[:, 2])
    gaps = np.degrees(np.diff([*directions, directions[0] + 2 * np.pi]))

    assert gaps.max() < 60


FOUND = {
    **dict.fromkeys(READINGS, r"8 of 8 minutiae within \d\.\d px and \d+ degrees, 0 false"),
    "blazeface-short-range-1": r"the drawn face, its eyes and mouth within \d\.\d px",
    "greenline-utility-1": r"\d+% of skin in the drawn half, \d+% in the other",
}


@pytest.mark.parametrize(
    "file", read_manifest(installed_folder()).files, ids=lambda file: file.name
)
def test_every_installed_file_finds_what_was_drawn(file: ModelFile) -> None:
    passed = check_file(file, installed_folder(), find_runtime())

    assert re.fullmatch(FOUND[file.model], passed.found)
    assert passed.open_ms > 0
    assert passed.run_ms > 0


def test_a_model_without_its_weights_is_refused(small: ModelFile, tmp_path: Path) -> None:
    file = vouched(small, tmp_path, without_weights(content_of(small)))

    with pytest.raises(ModelFileError, match=r"288x256\.tflite finds 0 of the 8 minutiae"):
        check_file(file, tmp_path, find_runtime())


def test_a_model_that_lacks_part_of_its_data_is_refused(small: ModelFile, tmp_path: Path) -> None:
    content = content_of(small)
    tenth = len(content) // 10
    hollow = content[:tenth] + bytes(8 * tenth) + content[9 * tenth :]

    with pytest.raises(ModelFileError, match=r"cannot run leader_288x256\.tflite: .*lacks data"):
        check_file(vouched(small, tmp_path, hollow), tmp_path, find_runtime())


def test_a_model_that_sees_minutiae_everywhere_is_refused(small: ModelFile) -> None:
    eager = msgspec.structs.replace(small.minutia_thresholds(), minutia=1e-9)
    file = msgspec.structs.replace(small, thresholds=eager)

    with pytest.raises(ModelFileError, match=r"finds \d+ minutiae that a drawn print does not"):
        check_file(file, installed_folder(), find_runtime())


def test_a_model_without_a_trial_is_run_and_not_judged(small: ModelFile) -> None:
    file = msgspec.structs.replace(small, model="follower-1")

    passed = check_file(file, installed_folder(), find_runtime())

    assert passed.found == "runs; what it answers is not judged here"


def moved(by_px: float) -> Points:
    return draw_print(288, 256).minutiae + np.array((by_px, 0, 0))


def turned(by_deg: float) -> Points:
    return draw_print(288, 256).minutiae + np.array((0, 0, np.radians(by_deg)))


@pytest.mark.parametrize("found", [moved(3.9), moved(-3.9), turned(19.5), turned(-19.5)])
def test_a_little_off_is_good_enough(found: Points) -> None:
    assert judge_minutiae(NAME, draw_print(288, 256), found).startswith("8 of 8 minutiae")


@pytest.mark.parametrize(
    ("found", "count"),
    [(moved(4.1), 0), (turned(21), 0), (turned(180), 0), (moved(0)[1:], 7), (moved(0)[:0], 0)],
    ids=["moved", "turned", "flipped", "one missing", "none"],
)
def test_too_far_off_is_refused(found: Points, count: int) -> None:
    with pytest.raises(ModelFileError, match=f"finds {count} of the 8 minutiae"):
        judge_minutiae(NAME, draw_print(288, 256), found)


@pytest.mark.parametrize(("extra", "refused"), [(2, False), (3, True)])
def test_two_false_minutiae_are_forgiven_and_three_are_not(extra: int, refused: bool) -> None:
    drawn = draw_print(288, 256)
    false = np.array([[30.0 + 20 * step, 20.0, 0.0] for step in range(extra)])
    found = np.concatenate((drawn.minutiae, false))

    if refused:
        with pytest.raises(ModelFileError, match="finds 3 minutiae that a drawn print does not"):
            judge_minutiae(NAME, drawn, found)
    else:
        assert judge_minutiae(NAME, drawn, found).endswith("2 false")


def test_what_is_found_in_the_middle_of_the_rings_counts_neither_way() -> None:
    drawn = draw_print(288, 256)
    core = np.array([[drawn.core[0] + step, drawn.core[1], 0.0] for step in range(5)])

    assert judge_minutiae(NAME, drawn, np.concatenate((core, drawn.minutiae))).endswith("0 false")


@pytest.fixture(scope="module")
def face() -> ModelFile:
    return read_manifest(installed_folder()).of_model("blazeface-short-range-1")[0]


def test_a_face_model_without_its_weights_is_refused(face: ModelFile, tmp_path: Path) -> None:
    file = vouched(face, tmp_path, without_weights(content_of(face)))

    with pytest.raises(ModelFileError, match=r"finds \d+ faces in the drawing of one"):
        check_file(file, tmp_path, find_runtime())


def test_a_face_network_that_sees_no_face_is_refused(face: ModelFile) -> None:
    blind = msgspec.structs.replace(face.face_thresholds(), face=0.9999)

    with pytest.raises(ModelFileError, match="finds 0 faces in the drawing of one"):
        check_file(
            msgspec.structs.replace(face, thresholds=blind), installed_folder(), find_runtime()
        )


def test_a_face_with_its_points_in_other_places_is_refused() -> None:
    drawn = np.array([list(POINTS.values())])
    upside_down = drawn[:, ::-1]

    assert judge_faces(NAME, drawn + 4).endswith("within 5.7 px")
    with pytest.raises(ModelFileError, match="finds the right eye of a drawn face 30 px off"):
        judge_faces(NAME, upside_down)


def test_it_does_not_need_what_only_training_needs() -> None:
    code = (
        "import sys, greenline.models.self_test;"
        "sys.exit(any(name.startswith('greenline.models.training') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
