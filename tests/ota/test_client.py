"""The client as a whole: rows 1 to 6 and 19 to 28 of the attack table."""

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.ota.chunks import compress
from greenline.ota.errors import LostError, OtaError, RefusedError
from greenline.ota.floors import Floors
from greenline.ota.https import HttpsSource, LinkTerms
from greenline.ota.index import encode, target_path
from greenline.ota.reasons import Reason
from greenline.ota.source import Source
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.repository import DAY, NOW, Repository, index_of, pieces, twice
from tests.ota.server import HandClock, serving

PARTS = pieces(1, 40)
IMAGE = b"".join(PARTS)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "published")


@pytest.fixture
def unit(tmp_path: Path, repository: Repository) -> Unit:
    return Unit(tmp_path / "unit", repository)


class Reading:
    """A source that counts, and that can be told to fail at some reading."""

    def __init__(self, inner: Source, fail_at: int = -1, fault: OtaError | None = None) -> None:
        self.inner = inner
        self.fail_at = fail_at
        self.fault = fault or LostError("pulled out")
        self.chunks = 0
        self.bytes = 0

    def read(self, path: str, most: int) -> bytes:
        if path.startswith("chunks/"):
            if self.chunks == self.fail_at:
                raise self.fault
            self.chunks += 1
        data = self.inner.read(path, most)
        self.bytes += len(data) if path.startswith("chunks/") else 0
        return data

    def close(self) -> None:
        self.inner.close()


def stick(repository: Repository) -> Reading:
    return Reading(FolderSource(repository.folder))


def refusal(unit: Unit, source: Source) -> Reason:
    with pytest.raises(RefusedError) as caught:
        unit.fetch(source)
    return caught.value.code


def untouched(unit: Unit) -> bool:
    """Whether nothing was written to the slot yet."""
    return not unit.image().strip(b"\0")


def test_a_release_is_fetched(repository: Repository, unit: Unit) -> None:
    repository.release(PARTS, "2.0")
    progress = unit.fetch(stick(repository))
    assert unit.image() == IMAGE
    assert progress is not None
    assert (progress.done, progress.total) == (len(IMAGE), len(IMAGE))


def test_what_runs_already_is_not_fetched(repository: Repository, unit: Unit) -> None:
    index = repository.release(PARTS)
    unit.run(PARTS, index)
    assert unit.check(stick(repository)) is None


def test_a_rollout_that_is_widened_is_no_new_release(repository: Repository, unit: Unit) -> None:
    """The release officer builds the same folder again with another number."""
    unit.run(PARTS, repository.release(PARTS, rollout_permille=10))
    repository.release(PARTS, rollout_permille=1000)
    assert unit.check(stick(repository)) is None
    repository.release(PARTS, security_version=7)
    assert unit.check(stick(repository)) is not None


def test_nothing_signed_for_this_hardware_is_told(repository: Repository, unit: Unit) -> None:
    repository.release(PARTS, name="rpi9", hardware=["rpi9"])
    assert refusal(unit, stick(repository)) == Reason.NO_RELEASE


def test_the_index_comes_once(repository: Repository, unit: Unit) -> None:
    repository.release(PARTS)
    unit.check(stick(repository))
    shutil.rmtree(repository.folder / "targets")
    assert unit.check(stick(repository)) is not None


def test_chunks_of_both_slots_are_not_fetched(repository: Repository, unit: Unit) -> None:
    running, before = [*PARTS[:20], *pieces(2, 5)], [*pieces(3, 2), *PARTS[20:30]]
    unit.run(running, index_of(running, "1.0"), 0)
    unit.run(before, index_of(before, "0.9"), 1)
    index = repository.release(PARTS, "2.0")
    source = stick(repository)
    unit.fetch(source)
    assert unit.image() == IMAGE
    # Of the slot that is written, a chunk may be gone before its turn comes.
    assert source.bytes <= sum(chunk.compressed for chunk in index.chunks[20:])
    assert source.chunks <= 20


def test_a_slot_that_lies_about_its_content_is_not_believed(
    repository: Repository, unit: Unit
) -> None:
    unit.run([bytes(len(part)) for part in PARTS], index_of(PARTS, "1.0"))
    repository.release(PARTS, "2.0")
    source = stick(repository)
    unit.fetch(source)
    assert unit.image() == IMAGE
    assert source.chunks == 40


def test_the_same_chunk_is_fetched_once(repository: Repository, unit: Unit) -> None:
    repository.release(twice(PARTS))
    source = stick(repository)
    unit.fetch(source)
    assert unit.image() == b"".join(twice(PARTS))
    assert source.chunks == 40


def test_a_download_goes_on_from_another_medium(repository: Repository, unit: Unit) -> None:
    """Half from a stick that is pulled out, half over a link that drops every 3,000 bytes."""
    repository.release(PARTS)
    first = Reading(FolderSource(repository.folder), fail_at=20)
    with pytest.raises(LostError):
        unit.fetch(first)
    with serving(repository.folder) as server:
        server.behaviour.drop_after = 3000
        clock = HandClock()
        link = HttpsSource(server.url, LinkTerms(silence_s=5), clock, lambda _: None)
        unit.fetch(link)
        link.close()
        chunks = [path for path in server.paths() if path.startswith("/chunks/")]
    assert unit.image() == IMAGE
    assert len(set(chunks)) == 20


def test_what_was_pending_when_the_link_broke_is_not_fetched_again(
    repository: Repository, unit: Unit
) -> None:
    repository.release(PARTS)
    for reached in range(0, 40, 8):
        source = Reading(FolderSource(repository.folder), fail_at=8)
        if reached < 32:
            with pytest.raises(LostError):
                unit.fetch(source)
        else:
            unit.fetch(source)
        assert source.chunks == 8
    assert unit.image() == IMAGE


def test_a_newer_release_takes_over_what_is_there(repository: Repository, unit: Unit) -> None:
    repository.release(PARTS, "2.0")
    with pytest.raises(LostError):
        unit.fetch(Reading(FolderSource(repository.folder), fail_at=30))
    changed = [*PARTS[:10], *pieces(7, 1), *PARTS[11:]]
    repository.release(changed, "2.1")
    source = stick(repository)
    unit.fetch(source)
    assert unit.image() == b"".join(changed)
    assert source.chunks < 40


def test_a_bit_that_flipped_on_the_card_is_fetched_again(
    repository: Repository, unit: Unit
) -> None:
    repository.release(PARTS)
    with pytest.raises(LostError):
        unit.fetch(Reading(FolderSource(repository.folder), fail_at=30))
    with unit.slots[1].place.open("r+b") as file:
        file.seek(len(PARTS[0]) + 5)
        file.write(b"\x55")
    source = stick(repository)
    unit.fetch(source)
    assert unit.image() == IMAGE
    assert source.chunks == 11


def spoil_first(repository: Repository, spoil: Callable[[bytes], bytes]) -> None:
    index = repository.release(PARTS)
    path = repository.chunk_files(index)[0]
    path.write_bytes(spoil(path.read_bytes()))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: data + b"more",
        lambda data: data[:-1],
        lambda data: b"",
        lambda _: compress(PARTS[1]),
        lambda data: compress(bytes(1 << 26))[: len(data)],
    ],
    ids=["tampered", "oversize", "truncated", "empty", "swapped", "bomb"],
)
def test_a_chunk_that_was_not_signed_is_never_written(
    repository: Repository, unit: Unit, spoil: Callable[[bytes], bytes]
) -> None:
    spoil_first(repository, spoil)
    assert refusal(unit, stick(repository)) == Reason.BROKEN_CHUNK
    assert untouched(unit)


def test_a_chunk_spoilt_once_on_the_way_is_read_again(repository: Repository, unit: Unit) -> None:
    repository.release(PARTS)

    class Once(Reading):
        def read(self, path: str, most: int) -> bytes:
            data = super().read(path, most)
            return data[::-1] if path.startswith("chunks/") and self.chunks == 3 else data

    unit.fetch(Once(FolderSource(repository.folder)))
    assert unit.image() == IMAGE


def test_the_index_of_another_release_is_refused(repository: Repository, unit: Unit) -> None:
    index = repository.release(PARTS, "2.0")
    other = encode(index_of(PARTS, "2.1"))
    digest = repository.targets.targets[target_path("rpi4")].hashes["sha256"]
    assert len(other) == len(encode(index))
    repository.write(f"targets/release/{digest}.rpi4.json", other)
    assert refusal(unit, stick(repository)) == Reason.BROKEN_METADATA
    assert untouched(unit)


def test_a_signed_index_with_a_chunk_of_two_sizes_is_refused(
    repository: Repository, unit: Unit
) -> None:
    data = encode(index_of(twice(PARTS[:1])))
    first = str(len(compress(PARTS[0]))).encode() + b"]"
    wrong = data.replace(first, str(len(compress(PARTS[0])) + 1).encode() + b"]", 1)
    assert wrong != data
    repository.add_target(target_path("rpi4"), wrong)
    repository.publish()
    assert refusal(unit, stick(repository)) == Reason.BROKEN_INDEX


def test_a_signed_older_release_is_refused(repository: Repository, unit: Unit) -> None:
    unit.run(PARTS[:1], index_of(PARTS[:1], "1.9", security_version=4))
    repository.release(PARTS, "1.8", security_version=3)
    assert refusal(unit, stick(repository)) == Reason.DOWNGRADE
    assert untouched(unit)


def test_floors_of_the_card_and_of_the_image_refuse_a_downgrade(
    repository: Repository, unit: Unit
) -> None:
    repository.release(PARTS, security_version=3)
    unit.baked = Floors(security_version=4)
    assert refusal(unit, stick(repository)) == Reason.DOWNGRADE
    unit.baked = None
    unit.floors.raise_to(Floors(security_version=4))
    assert refusal(unit, stick(repository)) == Reason.DOWNGRADE


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"hardware": ["rpi5"]}, Reason.WRONG_HARDWARE),
        ({"bootloader_not_before": datetime.date(2025, 8, 20)}, Reason.BOOTLOADER_TOO_OLD),
        ({"from_release_security_at_least": 1}, Reason.PREVIOUS_TOO_OLD),
        ({"data_floor": 6}, Reason.DATA_FLOOR),
        ({"rollout_permille": 0}, Reason.NOT_OUR_TURN),
    ],
)
def test_a_release_for_others_is_refused_with_its_reason(
    repository: Repository, unit: Unit, told: dict[str, object], reason: Reason
) -> None:
    unit.bootloader = datetime.date(2025, 8, 19)
    unit.floors.raise_to(Floors(data=7))
    repository.release(PARTS, **{"data_floor": 7, **told})
    assert refusal(unit, stick(repository)) == reason
    assert untouched(unit)


def test_after_its_deadline_a_release_is_for_everybody(repository: Repository, unit: Unit) -> None:
    repository.release(PARTS, rollout_permille=0, deadline=NOW + DAY)
    assert refusal(unit, stick(repository)) == Reason.NOT_OUR_TURN
    unit.now = NOW + DAY
    unit.fetch(stick(repository))
    assert unit.image() == IMAGE


def test_a_stick_swapped_between_check_and_fetch_is_verified_again(
    repository: Repository, unit: Unit, tmp_path: Path
) -> None:
    repository.release(PARTS)
    found = unit.check(stick(repository))
    assert found is not None
    evil = tmp_path / "evil"
    shutil.copytree(repository.folder, evil)
    for path in (evil / "chunks").rglob("*.zst"):
        path.write_bytes(compress(b"evil"))
    with pytest.raises(RefusedError) as caught:
        unit.client.fetch(found, FolderSource(evil), unit.places(), lambda _: None)
    assert caught.value.code == Reason.BROKEN_CHUNK
    assert untouched(unit)
    unit.client.fetch(found, stick(repository), unit.places(), lambda _: None)
    assert unit.image() == IMAGE
