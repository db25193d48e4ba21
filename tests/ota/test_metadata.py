"""Rows 7 to 18 of the attack table, at the client: what an attacker may serve, and what is kept."""

import datetime
import shutil
from pathlib import Path

import pytest

from greenline.ota.errors import LostError, RefusedError
from greenline.ota.floors import Floors
from greenline.ota.reasons import Reason
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.repository import DAY, NOW, Repository, pieces


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "published")
    made.release(pieces(1, 2))
    return made


@pytest.fixture
def unit(tmp_path: Path, repository: Repository) -> Unit:
    return Unit(tmp_path / "unit", repository)


def source(repository: Repository) -> FolderSource:
    return FolderSource(repository.folder)


def refused(unit: Unit, at: Path) -> Reason:
    with pytest.raises(RefusedError) as caught:
        unit.metadata.refresh(FolderSource(at))
    return caught.value.code


def copy(repository: Repository, name: str) -> Path:
    """Keep the repository as it is now, to play it again later."""
    kept = repository.folder.with_name(name)
    shutil.copytree(repository.folder, kept)
    return kept


def test_the_newest_metadata_is_taken_and_kept(repository: Repository, unit: Unit) -> None:
    trusted = unit.metadata.refresh(source(repository))
    assert trusted.target("release/rpi4.json") is not None
    kept = unit.metadata.kept()
    assert kept.targets is not None
    assert kept.targets.version == repository.targets.version
    assert unit.floors.read() == trusted.floors()


def test_a_second_asking_changes_nothing(repository: Repository, unit: Unit) -> None:
    unit.metadata.refresh(source(repository))
    before = {path: path.stat().st_ino for path in unit.state.rglob("*") if path.is_file()}
    unit.metadata.refresh(source(repository))
    assert {path: path.stat().st_ino for path in unit.state.rglob("*") if path.is_file()} == before


def test_one_signature_of_two_is_refused(repository: Repository, unit: Unit) -> None:
    repository.signing["targets"] = repository.keys["targets"][:1]
    repository.publish()
    assert refused(unit, repository.folder) == Reason.BAD_SIGNATURE


def test_the_same_key_twice_is_one_signature(repository: Repository, unit: Unit) -> None:
    repository.signing["targets"] = repository.keys["targets"][:1] * 2
    repository.publish()
    assert refused(unit, repository.folder) == Reason.BAD_SIGNATURE


def test_strangers_keys_are_refused(repository: Repository, unit: Unit, tmp_path: Path) -> None:
    stranger = Repository(tmp_path / "stranger")
    stranger.release(pieces(1, 2))
    assert refused(unit, stranger.folder) == Reason.BAD_SIGNATURE


def test_revoked_keys_are_refused(repository: Repository, unit: Unit) -> None:
    old = repository.rotate("targets")
    repository.signing["targets"] = old[:2]
    repository.publish()
    assert refused(unit, repository.folder) == Reason.BAD_SIGNATURE


def test_an_old_repository_is_refused(repository: Repository, unit: Unit) -> None:
    old = copy(repository, "old")
    repository.publish()
    unit.metadata.refresh(source(repository))
    assert refused(unit, old) == Reason.ROLLBACK


def test_old_targets_under_a_new_snapshot_are_refused(repository: Repository, unit: Unit) -> None:
    unit.metadata.refresh(source(repository))
    repository.targets.version -= 2
    repository.publish()
    assert refused(unit, repository.folder) == Reason.ROLLBACK


def test_old_targets_served_as_new_ones_are_refused(repository: Repository, unit: Unit) -> None:
    old = (repository.folder / f"metadata/{repository.targets.version}.targets.json").read_bytes()
    repository.targets.unrecognized_fields["note"] = "another"
    repository.publish()
    repository.write(f"metadata/{repository.targets.version}.targets.json", old)
    assert refused(unit, repository.folder) == Reason.BROKEN_METADATA


def test_a_stolen_timestamp_key_is_got_over_by_a_new_root(
    repository: Repository, unit: Unit
) -> None:
    honest = repository.timestamp.version
    repository.timestamp.version = 2_000_000_000
    repository.publish_timestamp()
    unit.metadata.refresh(source(repository))
    repository.timestamp.version = honest
    repository.publish_timestamp()
    assert refused(unit, repository.folder) == Reason.ROLLBACK
    repository.rotate("timestamp")
    repository.publish_timestamp()
    unit.metadata.refresh(source(repository))
    assert unit.floors.read().timestamp.version == honest + 2


def test_a_new_root_by_its_new_keys_alone_is_refused(repository: Repository, unit: Unit) -> None:
    unit.metadata.refresh(source(repository))
    repository.rotate("root")
    repository.publish_root()
    repository.publish()
    assert refused(unit, repository.folder) == Reason.BAD_SIGNATURE


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_expired_metadata_is_refused(repository: Repository, unit: Unit, role: str) -> None:
    # By python-tuf's clock, which is the system's own.
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    getattr(repository, role).expires = past
    repository.publish()
    assert refused(unit, repository.folder) == Reason.EXPIRED


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_metadata_that_expires_before_the_time_that_was_signed_is_refused_with_the_clock_set_back(
    repository: Repository, unit: Unit, role: str
) -> None:
    repository.later(100)
    repository.publish()
    unit.metadata.refresh(source(repository))
    unit.now = NOW - 3 * DAY
    getattr(repository, role).expires = repository.now - DAY
    repository.publish()
    assert refused(unit, repository.folder) == Reason.EXPIRED


def test_a_clock_far_ahead_refuses_and_is_forgotten_when_it_is_right_again(
    repository: Repository, unit: Unit
) -> None:
    unit.now = NOW + 4000 * DAY
    assert refused(unit, repository.folder) == Reason.EXPIRED
    unit.now = NOW
    assert unit.metadata.refresh(source(repository)).targets is not None


def test_a_wiped_device_refuses_what_is_older_than_its_image(
    repository: Repository, unit: Unit
) -> None:
    old = copy(repository, "old")
    repository.publish()
    unit.baked = unit.metadata.refresh(source(repository)).floors()
    shutil.rmtree(unit.state)
    assert refused(unit, old) == Reason.ROLLBACK
    assert unit.metadata.refresh(source(repository)).targets is not None


def test_a_wiped_device_refuses_revoked_keys_behind_a_hidden_root(
    repository: Repository, unit: Unit
) -> None:
    old = copy(repository, "old")
    repository.rotate("targets")
    repository.publish()
    unit.baked = Floors(root=2)
    assert refused(unit, old) == Reason.ROLLBACK


def test_zeroed_metadata_and_a_replay_are_refused_by_the_floors(
    repository: Repository, unit: Unit
) -> None:
    old = copy(repository, "old")
    repository.publish()
    unit.metadata.refresh(source(repository))
    for folder in ("trusted-a", "trusted-b"):
        for path in (unit.state / folder).rglob("*.json"):
            path.write_bytes(b"")
    assert refused(unit, old) == Reason.ROLLBACK


@pytest.mark.parametrize("damaged", ["trusted-a", "trusted-b", "floors-a", "floors-b"])
def test_either_copy_is_enough(repository: Repository, unit: Unit, damaged: str) -> None:
    trusted = unit.metadata.refresh(source(repository))
    path = unit.state / damaged
    victim = path / "targets.json" if path.is_dir() else path
    victim.write_bytes(victim.read_bytes()[:-5])
    kept = unit.metadata.kept()
    assert kept.floors() == trusted.floors()
    assert unit.floors.read() == trusted.floors()


def test_a_newer_root_is_remembered_though_the_line_was_cut_after_it(
    repository: Repository, unit: Unit
) -> None:
    old = copy(repository, "old")
    unit.metadata.refresh(source(repository))
    repository.rotate("timestamp")
    (repository.folder / "metadata/timestamp.json").unlink()
    with pytest.raises(LostError):
        unit.metadata.refresh(source(repository))
    assert unit.metadata.kept().root.version == 2
    assert unit.floors.read().root == 2
    assert refused(unit, old) == Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"null", b'{"signed": 1, "signatures": []}']
)
@pytest.mark.parametrize("name", ["timestamp.json", "2.root.json"])
def test_garbage_is_refused(repository: Repository, unit: Unit, name: str, data: bytes) -> None:
    repository.write(f"metadata/{name}", data)
    assert refused(unit, repository.folder) == Reason.BROKEN_METADATA


def test_an_endless_timestamp_is_refused(repository: Repository, unit: Unit) -> None:
    with (repository.folder / "metadata/timestamp.json").open("wb") as file:
        file.truncate(10**12)
    assert refused(unit, repository.folder) == Reason.BROKEN_METADATA


def test_an_image_with_a_broken_root_says_so(repository: Repository, unit: Unit) -> None:
    unit.bootstrap = b"{}"
    assert refused(unit, repository.folder) == Reason.BROKEN_STATE
