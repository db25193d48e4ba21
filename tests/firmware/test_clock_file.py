"""What the clock keeps across restarts: whole, ours, or nothing."""

from pathlib import Path

import pytest

from greenline.firmware.clock import Kept
from greenline.firmware.clock_file import ClockFile, clock_beside
from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.errors import StoreError
from tests.firmware.stores import DEVICE

KEPT = Kept(1_795_000_000_000, 432_000_000, b"b" * 16, 77)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    file = ClockFile(clock_beside(tmp_path / "kiosk.store"), DEVICE)
    assert file.read() is None

    file.write(KEPT)

    assert file.read() == KEPT
    assert [each.name for each in tmp_path.iterdir()] == ["kiosk.store-clock"]


def test_a_changed_file_or_another_kiosks_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    ClockFile(path, DEVICE).write(KEPT)
    data = path.read_bytes()

    assert ClockFile(path, SecretDeviceKey.generate()).read() is None
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert ClockFile(path, DEVICE).read() is None
    path.write_bytes(data[:-1])
    assert ClockFile(path, DEVICE).read() is None


def test_what_is_not_believed_is_told_and_what_never_was_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "clock"
    assert ClockFile(path, DEVICE).read() is None
    assert caplog.messages == []

    path.write_bytes(b"no clock of ours")

    assert ClockFile(path, DEVICE).read() is None
    assert caplog.messages == ["clock forgotten"]


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    file = ClockFile(tmp_path / "nowhere" / "clock", DEVICE)

    with pytest.raises(StoreError, match="cannot be kept: No such file"):
        file.write(KEPT)
