"""Addresses of cameras."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from greenline.drivers.camera import Rotation
from greenline.drivers.camera_urls import open_camera, parse_camera
from greenline.drivers.errors import CameraUrlError, PortLostError


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "an address begins with one of picamera:, v4l2:, folder:"),
        ("/dev/video0", "an address begins with one of"),
        ("usb:046d:0825", "an address begins with one of"),
        ("v4l2:", "names no camera"),
        ("v4l2://dev/video0", "names no camera"),
        ("v4l2:/dev/video0#1", "names no camera"),
        ("v4l2://[x", "names no camera"),
        ("folder:/tmp/%00", "names no camera"),
        ("v4l2:/dev/v%00", "names no camera"),
        ("folder:?rotation=90", "names no camera"),
        ("v4l2:/dev/video0?fps=5", "unknown option 'fps'; there are: size, rotation, exposure"),
        ("v4l2:/dev/video0?size=1280", "must be two even numbers"),
        ("v4l2:/dev/video0?size=1280x721", "must be two even numbers"),
        ("v4l2:/dev/video0?size=1280x720x3", "must be two even numbers"),
        ("v4l2:/dev/video0?size=0x0", "must be two even numbers"),
        ("v4l2:/dev/video0?size=99999x2", "must be two even numbers"),
        ("folder:pictures?rotation=45", "must be one of 0, 90, 180, 270"),
        ("picamera:0?exposure=2", "must be seconds up to 1"),
        ("picamera:0?exposure=nan", "must be seconds up to 1"),
        ("picamera:0?exposure=long", "must be seconds up to 1"),
        ("picamera:first", "is no camera's number"),
        ("picamera:" + "9" * 5000, "is no camera's number"),
        (f"v4l2:/dev/video0?size={'9' * 5000}x2", "must be two even numbers"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(CameraUrlError, match=sentence):
        open_camera(url)


ADDRESSES = st.sampled_from(["picamera:", "v4l2:", "folder:"]).flatmap(
    lambda scheme: st.text("/0x?&=#[]%@:.abczsierotan \0\n").map(lambda rest: scheme + rest)
)


@given(st.text() | ADDRESSES)
def test_any_address_names_a_camera_or_is_refused(url: str) -> None:
    try:
        scheme, place, _ = parse_camera(url)
    except CameraUrlError:
        return
    assert scheme in {"picamera", "v4l2", "folder"}
    assert place
    assert "\0" not in place


def test_a_folder_is_opened_with_its_rotation(tmp_path: Path) -> None:
    folder = tmp_path / "faces of 2026"
    folder.mkdir()
    Image.new("L", (4, 2)).save(folder / "a.png")
    with open_camera(f"folder:{folder}?rotation=90", lambda: 7.0) as camera:
        picture = camera.still()
    assert (picture.width, picture.height, picture.rotation, picture.taken_s) == (
        2, 4, Rotation.QUARTER, 7.0,
    )  # fmt: skip


@pytest.mark.parametrize("scheme", ["v4l2", "folder"])
def test_an_absent_camera_is_a_lost_port(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(PortLostError):
        open_camera(f"{scheme}:{tmp_path}/absent?size=640x480&exposure=0.01")
