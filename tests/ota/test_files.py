"""Signed files besides releases, on the card of a device."""

from pathlib import Path

import pytest

from greenline.ota.errors import LostError, RefusedError
from greenline.ota.files import MOST_FILE_BYTES, SignedFiles
from greenline.ota.reasons import Reason
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.repository import Repository, pieces

WANTED = ("centre/", "models/")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "published")
    made.add_target("centre/operators.json", b"who may work here")
    made.add_target("models/a/template.tflite", b"a network")
    made.add_target("configuration/kiosk-02/kiosk.toml", b"of another")
    made.release(pieces(1, 2))
    return made


@pytest.fixture
def unit(tmp_path: Path, repository: Repository) -> Unit:
    return Unit(tmp_path / "unit", repository)


def take(unit: Unit, repository: Repository, wanted: tuple[str, ...] = WANTED) -> list[str]:
    source = FolderSource(repository.folder)
    files = SignedFiles(unit.state / "files", wanted)
    return files.take(unit.metadata.refresh(source), source)


def there(unit: Unit) -> dict[str, bytes]:
    folder = unit.state / "files"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


BOTH = {"centre/operators.json": b"who may work here", "models/a/template.tflite": b"a network"}


def test_what_is_wanted_is_taken_and_nothing_else(repository: Repository, unit: Unit) -> None:
    assert take(unit, repository) == sorted(BOTH)
    assert there(unit) == BOTH
    assert take(unit, repository) == []


def test_a_changed_file_is_replaced_and_one_that_is_gone_goes(
    repository: Repository, unit: Unit
) -> None:
    take(unit, repository)
    repository.add_target("centre/operators.json", b"somebody else")
    del repository.targets.targets["models/a/template.tflite"]
    repository.publish()
    assert take(unit, repository) == sorted(BOTH)
    assert there(unit) == {"centre/operators.json": b"somebody else"}


def test_a_damaged_file_is_taken_again(repository: Repository, unit: Unit) -> None:
    take(unit, repository)
    (unit.state / "files/centre/operators.json").write_bytes(b"everybody")
    (unit.state / "files/centre/other.json.new").write_bytes(b"torn")
    assert take(unit, repository) == ["centre/operators.json", "centre/other.json.new"]
    assert there(unit) == BOTH


def test_a_file_that_is_not_what_was_signed_is_not_taken(
    repository: Repository, unit: Unit
) -> None:
    (path,) = (repository.folder / "targets/centre").iterdir()
    path.write_bytes(b"who may WORK here")
    with pytest.raises(RefusedError) as caught:
        take(unit, repository)
    assert caught.value.code == Reason.BROKEN_METADATA
    assert "centre/operators.json" not in there(unit)


def test_a_missing_file_leaves_the_others(repository: Repository, unit: Unit) -> None:
    (path,) = (repository.folder / "targets/models/a").iterdir()
    path.unlink()
    with pytest.raises(LostError):
        take(unit, repository)
    assert there(unit) == {"centre/operators.json": b"who may work here"}


@pytest.mark.parametrize(
    "name", ["centre/../../x", "centre//x", "centre/.hidden", "centre/a b", "centre/x.new"]
)
def test_a_signed_name_that_is_none_is_refused(
    repository: Repository, unit: Unit, name: str
) -> None:
    repository.targets.targets[name] = repository.targets.targets["centre/operators.json"]
    repository.publish()
    with pytest.raises(RefusedError) as caught:
        take(unit, repository)
    assert caught.value.code == Reason.BROKEN_METADATA
    assert there(unit) == {}


def test_a_file_that_is_too_large_is_refused(repository: Repository, unit: Unit) -> None:
    repository.targets.targets["centre/operators.json"].length = MOST_FILE_BYTES + 1
    repository.publish()
    with pytest.raises(RefusedError) as caught:
        take(unit, repository)
    assert caught.value.code == Reason.TOO_LARGE


def test_releases_are_no_such_files(repository: Repository, unit: Unit) -> None:
    assert take(unit, repository, ("release/",)) == []
