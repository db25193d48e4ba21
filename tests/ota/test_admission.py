"""What the installer believes of what the client brings: whoever runs the client now."""

from pathlib import Path

import pytest

from greenline.ota.errors import RefusedError
from greenline.ota.floors import Floors, FloorsFile
from greenline.ota.index import encode
from greenline.ota.reasons import Reason
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.repository import DAY, NOW, Repository, pieces

PARTS = pieces(1, 6)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "published")


@pytest.fixture
def unit(tmp_path: Path, repository: Repository) -> Unit:
    return Unit(tmp_path / "unit", repository)


def brought(unit: Unit, repository: Repository) -> dict[str, bytes]:
    """What a client that did its work brings."""
    unit.metadata.refresh(FolderSource(repository.folder))
    return unit.metadata.files()


def refusal(unit: Unit, files: dict[str, bytes], index: bytes) -> Reason:
    def let_in() -> None:
        unit.admission.adopt(files)
        unit.admission.admit(index)

    with pytest.raises(RefusedError) as caught:
        let_in()
    return caught.value.code


def test_a_signed_release_is_let_in_and_remembered(repository: Repository, unit: Unit) -> None:
    index = repository.release(PARTS, "1.0")
    unit.admission.adopt(brought(unit, repository))
    assert unit.admission.admit(encode(index)) == index


def test_another_index_is_not(repository: Repository, unit: Unit) -> None:
    index = encode(repository.release(PARTS, "1.0"))
    files = brought(unit, repository)
    assert refusal(unit, files, index.replace(b'"1.0"', b'"1.1"')) == Reason.BAD_SIGNATURE


def test_without_metadata_nothing_is(repository: Repository, unit: Unit) -> None:
    index = encode(repository.release(PARTS, "1.0"))
    assert refusal(unit, {}, index) == Reason.BROKEN_METADATA


def test_a_client_cannot_bring_older_metadata_than_before(
    repository: Repository, unit: Unit
) -> None:
    old = repository.release(PARTS, "1.0")
    files = brought(unit, repository)
    repository.release(pieces(2, 6), "2.0")
    unit.admission.adopt(brought(unit, repository))
    assert refusal(unit, files, encode(old)) == Reason.ROLLBACK


def test_nor_lower_its_floors(repository: Repository, unit: Unit) -> None:
    """Its own folder says what it likes; the installer's are in another."""
    index = repository.release(PARTS, "1.0", security_version=2)
    files = brought(unit, repository)
    FloorsFile(unit.folder / "records").raise_to(Floors(security_version=3))
    assert refusal(unit, files, encode(index)) == Reason.DOWNGRADE


def test_nor_bring_what_has_expired(repository: Repository, unit: Unit) -> None:
    index = repository.release(PARTS, "1.0")
    files = brought(unit, repository)
    unit.now = NOW + 400 * DAY
    assert refusal(unit, files, encode(index)) == Reason.EXPIRED


def test_what_is_not_signed_is_not_kept(repository: Repository, unit: Unit) -> None:
    index = repository.release(PARTS, "1.0")
    files = brought(unit, repository)
    junk = {f"junk-{number}.json": bytes(6_000_000) for number in range(2)}
    unit.admission.adopt({**files, **junk, "root_history/9.root.json": b"{}"})
    assert unit.admission.admit(encode(index)) == index
    kept = {path.name for path in (unit.folder / "records/trusted-a").iterdir()}
    assert kept == {"timestamp.json", "snapshot.json", "targets.json", "sums"}


def test_signed_metadata_blown_up_with_blanks_is_refused(
    repository: Repository, unit: Unit
) -> None:
    """Blanks change no signature."""
    index = repository.release(PARTS, "1.0")
    repository.rotate("targets")
    repository.publish()
    files = brought(unit, repository)
    unit.admission.adopt(files)
    root = "root_history/2.root.json"
    files[root] += b" " * 5_000_000
    assert refusal(unit, files, encode(index)) == Reason.TOO_LARGE
    assert unit.admission.admit(encode(index)) == index


@pytest.mark.parametrize("name", ["../../floors-a", "/etc/passwd", "root_history/../../x.json"])
def test_no_name_leads_out_of_the_folder(repository: Repository, unit: Unit, name: str) -> None:
    index = repository.release(PARTS, "1.0")
    unit.admission.adopt({**brought(unit, repository), name: b"here"})
    assert unit.admission.admit(encode(index)) == index
    kept = {path.name for path in (unit.folder / "records").iterdir()}
    assert kept == {"trusted-a", "trusted-b", "floors-a", "floors-b"}
