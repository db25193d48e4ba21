"""A folder of pictures as a camera."""

from pathlib import Path

import pytest
from PIL import Image

from greenline.drivers.camera import CameraInfo, Rotation, Settings
from greenline.drivers.errors import BadTransferError, PortLostError
from greenline.drivers.folder_camera import FolderCamera


def paint(path: Path, grey: int) -> None:
    Image.new("L", (4, 2), grey).save(path)


def opened(folder: Path) -> FolderCamera:
    return FolderCamera.open(folder, Settings(), lambda: 12.5)


def test_each_still_is_the_next_picture_and_the_preview_shows_it_before(tmp_path: Path) -> None:
    for name, grey in (("b.png", 20), ("a.PNG", 10), ("c.png", 30)):
        paint(tmp_path / name, grey)
    (tmp_path / "notes.txt").write_text("no picture")
    with opened(tmp_path) as camera:
        assert camera.info() == CameraInfo("folder of pictures", None, None, Rotation.NONE)
        shown = []
        for _ in range(4):
            seen = [camera.preview(), camera.preview(), camera.still()]
            shown.append({int(picture.pixels[0, 0, 0]) for picture in seen})
        assert shown == [{10}, {20}, {30}, {10}]
        assert camera.still().taken_s == 12.5


def test_an_empty_folder_is_a_camera_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PortLostError, match=r"there is no \.jpg or \.png picture"):
        opened(tmp_path)


def test_an_absent_folder_is_a_camera_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PortLostError, match="this folder cannot be read"):
        opened(tmp_path / "absent")


def test_a_damaged_picture_is_a_fault_and_passed_over_afterwards(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 no picture")
    paint(tmp_path / "b.png", 40)
    with opened(tmp_path) as camera:
        for use in (camera.preview, camera.still):
            with pytest.raises(BadTransferError, match="damaged"):
                use()
        assert int(camera.still().pixels[0, 0, 0]) == 40


def test_a_picture_that_has_gone_is_a_lost_port(tmp_path: Path) -> None:
    paint(tmp_path / "a.png", 1)
    with opened(tmp_path) as camera:
        (tmp_path / "a.png").unlink()
        with pytest.raises(PortLostError, match="this picture cannot be read"):
            camera.still()
