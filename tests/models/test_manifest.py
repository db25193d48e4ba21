import hashlib
import json
from pathlib import Path

import pytest

from greenline.models.errors import ModelFileError
from greenline.models.manifest import MANIFEST, installed_folder, read_manifest


def test_every_installed_model_file_is_listed_with_its_hash_and_size():
    folder = installed_folder()
    listed = {file.name: (file.sha256, file.size_bytes) for file in read_manifest(folder).files}
    found = {
        entry.name: (hashlib.sha256(entry.read_bytes()).hexdigest(), len(entry.read_bytes()))
        for entry in folder.iterdir()
        if entry.name.endswith(".tflite")
    }
    assert found == listed


def test_the_files_of_a_model_come_with_the_smallest_input_first():
    files = read_manifest(installed_folder()).of_model("leader-1")
    assert [file.input.shape for file in files] == [(1, 288, 256, 1), (1, 512, 416, 1)]


def test_a_model_that_is_not_listed_is_refused_by_name():
    with pytest.raises(ModelFileError, match="no file of the model follower-1"):
        read_manifest(installed_folder()).of_model("follower-1")


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path):
    with pytest.raises(ModelFileError, match=r"manifest\.json cannot be read"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"files": [], "extra": 1}', b'{"files": [{"name": "\xff"}]}']
)
def test_a_damaged_or_strange_manifest_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(ModelFileError, match=r"manifest\.json is damaged"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("shape", [[], [1, 288, 256], [2, 288, 256, 1], [1, 0, 256, 1]])
def test_an_input_that_is_no_picture_is_refused_by_the_name_of_its_file(
    tmp_path: Path, shape: list[int]
):
    manifest = json.loads((installed_folder() / MANIFEST).read_bytes())
    manifest["files"][1]["input"]["shape"] = shape
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))

    with pytest.raises(ModelFileError) as refused:
        read_manifest(tmp_path)

    name = manifest["files"][1]["name"]
    assert str(refused.value) == (
        f"manifest.json is damaged (the input of {name} has the shape {shape}, "
        "which is no picture): install again"
    )
