"""Row 22: what a stick may hold, and when it may go away."""

import os
import shutil
from pathlib import Path

import pytest

from greenline.ota.errors import LostError, RefusedError
from greenline.ota.reasons import Reason
from greenline.ota.source import MissingError
from greenline.ota.usb import FolderSource

CHUNK = "chunks/ab/file.zst"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    for path in (CHUNK, "metadata/timestamp.json"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(b"of the stick")
    (tmp_path / "outside").write_bytes(b"a secret of this device")
    return folder


def refusal(stick: Path, path: str, most: int = 1000) -> Reason:
    with pytest.raises(RefusedError) as caught:
        FolderSource(stick).read(path, most)
    return caught.value.code


def test_a_file_is_read(stick: Path) -> None:
    assert FolderSource(stick).read(CHUNK, 12) == b"of the stick"


def test_the_folder_may_itself_be_a_link(stick: Path, tmp_path: Path) -> None:
    (tmp_path / "mounted").symlink_to(stick)
    assert FolderSource(tmp_path / "mounted").read(CHUNK, 12) == b"of the stick"


@pytest.mark.parametrize(
    "path",
    ["../outside", "chunks/../../outside", "/etc/passwd", "chunks//file", "", ".", "chunks/\0"],
)
def test_nothing_outside_is_opened(stick: Path, path: str) -> None:
    assert refusal(stick, path) == Reason.UNSAFE_MEDIUM


def test_a_link_to_outside_is_refused(stick: Path, tmp_path: Path) -> None:
    (stick / CHUNK).unlink()
    (stick / CHUNK).symlink_to(tmp_path / "outside")
    assert refusal(stick, CHUNK) == Reason.UNSAFE_MEDIUM


def test_a_folder_that_is_a_link_is_refused(stick: Path, tmp_path: Path) -> None:
    shutil.move(stick / "chunks", tmp_path / "elsewhere")
    (stick / "chunks").symlink_to(tmp_path / "elsewhere")
    assert refusal(stick, CHUNK) == Reason.UNSAFE_MEDIUM


def test_a_fifo_blocks_nobody(stick: Path) -> None:
    (stick / CHUNK).unlink()
    os.mkfifo(stick / CHUNK)
    assert refusal(stick, CHUNK) == Reason.UNSAFE_MEDIUM


def test_a_folder_in_a_files_place_is_refused(stick: Path) -> None:
    (stick / CHUNK).unlink()
    (stick / CHUNK).mkdir()
    assert refusal(stick, CHUNK) == Reason.UNSAFE_MEDIUM


def test_a_device_is_not_opened(stick: Path) -> None:
    (stick / CHUNK).unlink()
    try:
        os.mknod(stick / CHUNK, 0o20644, os.makedev(1, 5))  # /dev/zero, which has no end
    except PermissionError:
        pytest.skip("only root can put a device there")
    assert refusal(stick, CHUNK) == Reason.UNSAFE_MEDIUM


def test_a_huge_file_is_read_no_further_than_it_may_be(stick: Path) -> None:
    with (stick / CHUNK).open("wb") as file:
        file.truncate(10**13)
    assert refusal(stick, CHUNK) == Reason.BROKEN_CHUNK


def test_a_missing_file_is_told(stick: Path) -> None:
    with pytest.raises(MissingError, match="not on the stick"):
        FolderSource(stick).read("chunks/cd/other.zst", 10)


def test_a_stick_that_was_pulled_out_is_told(stick: Path) -> None:
    source = FolderSource(stick)
    shutil.rmtree(stick)
    with pytest.raises(LostError, match="is the stick in"):
        source.read(CHUNK, 100)
    stick.mkdir()  # the mount point alone
    with pytest.raises(LostError, match="is the stick in"):
        source.read(CHUNK, 100)


def test_a_file_that_nobody_may_read_is_told(stick: Path) -> None:
    (stick / CHUNK).chmod(0)
    if os.access(stick / CHUNK, os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(LostError, match="cannot be read"):
        FolderSource(stick).read(CHUNK, 100)
