"""The installer's record and the history, as a card can damage them."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.ota.boot_record import BootRecord, BootRecords, RecordChangedError
from greenline.ota.directories import lay_out
from greenline.ota.errors import CardError
from greenline.ota.history import History
from greenline.ota.reasons import Reason
from tests.ota.machines import make_release


def counted(starts: int) -> BootRecord:
    return BootRecord(unhealthy_starts=starts)


def test_what_is_kept_is_read_in_both_copies(tmp_path: Path) -> None:
    records = BootRecords(tmp_path)

    kept = records.write(counted(2))

    assert records.read() == kept
    assert (tmp_path / "boot-a").read_bytes() == (tmp_path / "boot-b").read_bytes()


@pytest.mark.parametrize("copy", ["boot-a", "boot-b"])
@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 100])
def test_one_damaged_copy_is_made_good_by_the_other(
    tmp_path: Path, copy: str, damage: bytes
) -> None:
    records = BootRecords(tmp_path)
    kept = records.write(counted(2))
    (tmp_path / copy).write_bytes(damage)

    assert records.read() == kept
    records.write(kept)
    assert (tmp_path / "boot-a").read_bytes() == (tmp_path / "boot-b").read_bytes()


def test_the_newer_copy_counts(tmp_path: Path) -> None:
    records = BootRecords(tmp_path)
    first = records.write(counted(1))
    old = (tmp_path / "boot-b").read_bytes()
    second = records.write(msgspec.structs.replace(first, unhealthy_starts=2))
    (tmp_path / "boot-b").write_bytes(old)

    assert records.read() == second


def test_two_writers_do_not_overwrite_each_other(tmp_path: Path) -> None:
    records = BootRecords(tmp_path)
    seen = records.read()
    records.change(lambda now: msgspec.structs.replace(now, unhealthy_starts=1))

    with pytest.raises(RecordChangedError):
        records.write(seen)

    assert records.read().unhealthy_starts == 1


def test_no_more_images_are_remembered_as_failed_than_fit(tmp_path: Path) -> None:
    record = BootRecord()
    slot = lay_out(tmp_path).confirmed()
    for number in range(40):
        release = make_release(str(number), chunks=1)
        record = record.with_slot(slot, record.of(slot).state, release.index)
        record = record.with_given_up(slot, Reason.TRIAL_FAILED_PAGE)

    assert len(record.given_up) == 16
    assert make_release("39", chunks=1).index.image.sha256 in record.given_up


@given(st.binary(max_size=300))
def test_any_bytes_are_a_record_or_none(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("boot-a", "boot-b"):
            (Path(folder) / name).write_bytes(data)
        assert BootRecords(Path(folder)).read() == BootRecord()


class TestHistory:
    """A file of lines, the last of which a power cut may have torn."""

    def test_a_torn_line_is_passed_over_and_swallows_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "history.jsonl"
        history = History(path)
        history.add("installed", "b", "2")
        path.write_bytes(path.read_bytes() + b'{"at_s": 12, "what": "tri')

        history.add("confirmed", "b", "2")

        assert [entry.what for entry in history.entries()] == ["installed", "confirmed"]

    def test_a_reason_is_kept_with_it(self, tmp_path: Path) -> None:
        history = History(tmp_path / "history.jsonl")
        history.add("given-up", "b", "2", Reason.TRIAL_FAILED_SENSOR, "{}")

        [entry] = history.entries()

        assert (entry.reason, entry.detail) == (Reason.TRIAL_FAILED_SENSOR, "{}")

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "other").touch()
        (tmp_path / "history.jsonl").symlink_to(tmp_path / "other")

        with pytest.raises(CardError):
            History(tmp_path / "history.jsonl").add("installed", "b", "2")

        assert (tmp_path / "other").read_bytes() == b""

    def test_without_a_file_there_is_none(self, tmp_path: Path) -> None:
        assert History(tmp_path / "none").entries() == []
