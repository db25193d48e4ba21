"""Runs only where the extra "train" is installed: by whoever changes the model files."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from greenline.models.manifest import MANIFEST, Manifest, installed_folder, read_manifest
from greenline.models.runtime import find_runtime
from greenline.models.training import convert_leader
from tests.models.ridges import level_ridges

REASON = "converting needs the extra 'train' (tensorflow, keras, pyfing)"
pytest.importorskip("tensorflow", reason=REASON)
pytest.importorskip("pyfing", reason=REASON)

from greenline.models.training import leader_graph  # noqa: E402 - needs the modules above

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's own, not ours
SIDE = 96


@pytest.fixture(scope="module")
def original() -> Any:
    return leader_graph.original()


@pytest.fixture
def picture() -> np.ndarray:
    ridges = level_ridges(SIDE, SIDE, [(30, 40, 1), (70, 60, -1)])
    return ridges[np.newaxis, ..., np.newaxis].astype(np.float32)


def peaks(output: np.ndarray) -> list[tuple[int, int]]:
    return sorted(
        zip(*(axis.tolist() for axis in np.nonzero(output[0, ..., 3] >= 0.5)), strict=True)
    )


def test_the_reworded_network_computes_what_pyfings_computes(original: Any, picture: np.ndarray):
    theirs = original(picture, training=False).numpy()
    ours = leader_graph.of_size(original, SIDE, SIDE)(picture, training=False).numpy()
    assert len(peaks(theirs)) == 2
    assert peaks(ours) == peaks(theirs)
    np.testing.assert_allclose(ours[..., [0, 2]], theirs[..., [0, 2]], atol=1e-5)


def test_the_converted_file_computes_what_pyfings_network_computes(
    original: Any, picture: np.ndarray
):
    content = convert_leader.convert(leader_graph.of_size(original, SIDE, SIDE))
    interpreter = find_runtime().build(content, 1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture)
    interpreter.invoke()
    ours = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    theirs = original(picture, training=False).numpy()
    assert peaks(ours) == peaks(theirs)
    np.testing.assert_allclose(ours[..., 0], theirs[..., 0], atol=0.01)
    at = tuple(np.array(peaks(theirs)).T)
    np.testing.assert_allclose(ours[0][at], theirs[0][at], atol=0.01)


def test_the_installed_files_are_what_the_command_makes_and_other_models_stay(tmp_path: Path):
    installed = read_manifest(installed_folder()).of_model("leader-1")
    other = msgspec.structs.replace(installed[0], name="other.tflite", model="other-1")
    (tmp_path / MANIFEST).write_bytes(msgspec.json.encode(Manifest((other,))))
    # A process of its own: Keras numbers its layers on, and the numbers are in the file.
    module = "greenline.models.training.convert_leader"
    subprocess.run([sys.executable, "-m", module, "--out", str(tmp_path)], check=True)
    made = read_manifest(tmp_path)
    if made.of_model("leader-1")[0].recipe != installed[0].recipe:
        pytest.skip("other versions of the tools are installed than those of the recipe")
    assert made == Manifest((*installed, other))
