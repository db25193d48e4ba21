"""What was measured of a model is noted in its entries of the manifest and in no others."""

from pathlib import Path

import msgspec
import pytest

from greenline.models.errors import ModelFileError
from greenline.models.manifest import MANIFEST, Manifest, installed_folder, read_manifest
from greenline.models.training.entries import main, replace_entries


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / MANIFEST).write_bytes((installed_folder() / MANIFEST).read_bytes())
    return tmp_path


def files(folder: Path) -> Manifest:
    return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)


def test_metrics_are_noted_for_every_size_of_a_model_and_no_other(folder: Path) -> None:
    before = files(folder)
    main(["--out", str(folder), "--model", "greenline-1", "set A, EER %=0.5", "size = x, ms=12"])
    for old, new in zip(before.files, files(folder).files, strict=True):
        if new.model == "greenline-1":
            assert new.metrics == {"set A, EER %": 0.5, "size = x, ms": 12.0}
            assert msgspec.structs.replace(new, metrics=old.metrics) == old
        else:
            assert new == old


def test_what_was_noted_before_goes(folder: Path) -> None:
    main(["--out", str(folder), "--model", "greenline-1", "old=1"])
    main(["--out", str(folder), "--model", "greenline-1", "new=2"])
    assert files(folder).of_model("greenline-1")[0].metrics == {"new": 2.0}


def test_metrics_go_with_the_file_that_they_were_measured_of(folder: Path) -> None:
    kept, changed, third = files(folder).of_model("greenline-1")
    again = msgspec.structs.replace(kept, metrics={})
    other = msgspec.structs.replace(changed, metrics={}, sha256="0" * 64)
    replace_entries(folder, "greenline-1", (again, other, third))
    found = {file.name: file.metrics for file in files(folder).files}
    assert found[kept.name] == kept.metrics != {}
    assert found[changed.name] == {}
    assert found[third.name] == third.metrics


def test_an_unknown_model_and_a_metric_without_a_name_are_refused(folder: Path) -> None:
    before = (folder / MANIFEST).read_bytes()
    with pytest.raises(ModelFileError, match="other-1"):
        main(["--out", str(folder), "--model", "other-1", "a=1"])
    for wrong in ("=1", "a", "a=b"):
        with pytest.raises(SystemExit):
            main(["--out", str(folder), "--model", "greenline-1", wrong])
    assert (folder / MANIFEST).read_bytes() == before


def test_the_manifest_says_of_every_network_what_was_measured() -> None:
    for file in read_manifest(installed_folder()).files:
        assert file.metrics, f"{file.name} has no metrics"
