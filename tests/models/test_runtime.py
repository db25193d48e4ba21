import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Never

import msgspec
import numpy as np
import pytest

from greenline.models.errors import ModelFileError, RuntimeMissingError
from greenline.models.manifest import ModelFile, installed_folder, read_manifest
from greenline.models.runtime import Runtime, find_runtime, load

MODULES = {"litert": "ai_edge_litert", "tflite": "tflite_runtime"}


@pytest.fixture
def small() -> ModelFile:
    return read_manifest(installed_folder()).of_model("leader-1")[0]


@pytest.fixture
def face() -> ModelFile:
    return read_manifest(installed_folder()).of_model("blazeface-short-range-1")[0]


def renamed_copy(file: ModelFile, folder: Path, content: bytes) -> ModelFile:
    """A file of other content, and an entry that vouches for it."""
    (folder / file.name).write_bytes(content)
    return msgspec.structs.replace(file, sha256=hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("name", ["litert", "tflite"])
def test_a_runtime_is_found_by_name_or_named_as_missing(name: str):
    if find_spec(MODULES[name]):
        assert find_runtime(name).name == name
    else:
        with pytest.raises(RuntimeMissingError, match="pip install"):
            find_runtime(name)


def test_litert_is_taken_first_where_both_are_installed():
    installed = [name for name, module in MODULES.items() if find_spec(module)]
    assert find_runtime().name == installed[0]


def test_an_unknown_runtime_is_refused():
    with pytest.raises(RuntimeMissingError, match="no runtime called torch"):
        find_runtime("torch")


def test_the_installed_runtime_computes_a_map_of_the_size_that_the_manifest_says(small: ModelFile):
    network = load(small, installed_folder())
    result = network.run(np.full(small.input.shape, 200, np.float32))
    assert (result.shape, result.dtype.name) == (small.outputs[0].shape, small.outputs[0].dtype)


def test_two_threads_compute_what_one_computes(small: ModelFile):
    picture = np.random.default_rng(7).uniform(0, 255, small.input.shape).astype(np.float32)
    one, two = (load(small, installed_folder(), num_threads=n).run(picture) for n in (1, 2))
    np.testing.assert_allclose(one, two, atol=1e-5)


def test_a_file_with_one_changed_byte_is_refused(small: ModelFile, tmp_path: Path):
    content = bytearray((installed_folder() / small.name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / small.name).write_bytes(content)
    with pytest.raises(ModelFileError, match="not the file that the manifest names"):
        load(small, tmp_path)


def test_a_missing_file_is_named(small: ModelFile, tmp_path: Path):
    with pytest.raises(ModelFileError, match=r"leader_288x256\.tflite cannot be read"):
        load(small, tmp_path)


def test_a_file_whose_input_shape_is_not_the_manifests_is_refused(small: ModelFile):
    other = msgspec.structs.replace(small.input, shape=(1, 512, 416, 1))
    with pytest.raises(ModelFileError, match=r"has the input .*the manifest says \(1, 512"):
        load(msgspec.structs.replace(small, input=other), installed_folder())


def test_a_file_whose_output_shape_is_not_the_manifests_is_refused(small: ModelFile):
    other = msgspec.structs.replace(small.outputs[0], shape=(1, 512, 416, 1))
    with pytest.raises(ModelFileError, match=r"has the output .*the manifest says \(1, 512"):
        load(msgspec.structs.replace(small, outputs=(other,)), installed_folder())


def test_a_file_with_more_outputs_than_the_manifest_says_is_refused(face: ModelFile):
    with pytest.raises(ModelFileError, match=r"has the output .*\(1, 896, 16\).*\(1, 896, 1\)"):
        load(msgspec.structs.replace(face, outputs=face.outputs[:1]), installed_folder())


def test_all_outputs_come_in_the_manifests_order(face: ModelFile):
    network = load(face, installed_folder())
    results = network.run_all(np.zeros(face.input.shape, np.float32))
    assert [result.shape for result in results] == [(1, 896, 16), (1, 896, 1)]


def test_a_file_whose_number_type_is_not_the_manifests_is_refused(small: ModelFile):
    other = msgspec.structs.replace(small.input, dtype="uint8")
    with pytest.raises(ModelFileError, match=r"the manifest says .* uint8"):
        load(msgspec.structs.replace(small, input=other), installed_folder())


@pytest.mark.parametrize("content", [b"", b"not a model at all", bytes(4096)])
def test_a_file_that_is_no_model_is_refused(small: ModelFile, tmp_path: Path, content: bytes):
    with pytest.raises(ModelFileError, match=r"refuses leader_288x256\.tflite"):
        load(renamed_copy(small, tmp_path, content), tmp_path)


def test_a_runtime_that_imports_but_cannot_build_says_what_to_install(small: ModelFile):
    def build(_content: bytes, _threads: int) -> Never:
        # What tflite-runtime 2.14 raises beside NumPy 2.
        raise SystemError("returned a result with an exception set")

    runtime = Runtime("tflite", "tflite-runtime 2.14.0", build)
    with pytest.raises(RuntimeMissingError, match=r"tflite-runtime 2\.14\.0 .*'numpy<2'"):
        load(small, installed_folder(), runtime=runtime)
