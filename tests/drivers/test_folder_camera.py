"""A folder of pictures as a camera."""

import os
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


def test_files_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8 no picture")
    (tmp_path / "b.png").symlink_to("b.png")
    (tmp_path / "c.png").mkdir()
    for name, grey in (("d.png", 40), ("f.png", 60)):
        paint(tmp_path / name, grey)
    (tmp_path / "e.png").write_bytes(b"")
    with opened(tmp_path) as camera:
        seen = [use() for use in (camera.preview, camera.still, camera.still, camera.still)]
    assert [int(picture.pixels[0, 0, 0]) for picture in seen] == [40, 40, 60, 40]


@pytest.mark.parametrize("use", ["preview", "still"])
def test_a_folder_of_damaged_pictures_names_one(tmp_path: Path, use: str) -> None:
    for name in ("a.jpg", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    with opened(tmp_path) as camera, pytest.raises(BadTransferError) as caught:
        getattr(camera, use)()
    assert str(caught.value) == (
        f"{tmp_path}/a.jpg: the picture is damaged: it is no JPEG and no PNG file"
    )


def test_a_folder_with_no_file_for_a_picture_is_a_camera_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    os.mkfifo(tmp_path / "b.png")  # reading it would wait for ever
    with pytest.raises(PortLostError, match=r"there is no \.jpg or \.png picture"):
        opened(tmp_path)


def test_a_picture_that_has_gone_is_passed_over_and_the_last_is_a_lost_port(tmp_path: Path) -> None:
    for name, grey in (("a.png", 1), ("b.png", 2)):
        paint(tmp_path / name, grey)
    with opened(tmp_path) as camera:
        (tmp_path / "a.png").unlink()
        assert int(camera.still().pixels[0, 0, 0]) == 2
        (tmp_path / "b.png").unlink()
        with pytest.raises(PortLostError, match=r"a\.png: this picture cannot be read"):
            camera.still()
