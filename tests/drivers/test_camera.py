"""The contract of a Camera, over every implementation; webcam and Pi camera in virtual time."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from greenline.drivers.camera import Camera, CameraInfo, Rotation, Settings
from greenline.drivers.folder_camera import FolderCamera
from greenline.drivers.picamera import PiCamera
from greenline.drivers.port import Clock
from greenline.drivers.simulation.pi_cameras import PiWithCameras
from greenline.drivers.simulation.virtual import VirtualClock
from greenline.drivers.simulation.webcam import Webcam, WebcamKernel
from greenline.drivers.v4l2 import V4l2Camera

WIDTH, HEIGHT = 64, 48


def scene() -> NDArray[np.uint8]:
    """Grey, with its top left quarter white: so that a turn shows."""
    pixels = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    pixels[: HEIGHT // 2, : WIDTH // 2] = 255
    return pixels


def png(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def grey_lines(_time_s: float, _letters: str, _width: int, _height: int) -> bytes:
    return scene()[..., 0].tobytes()


@dataclass
class World:
    """How to open one kind of camera, with the scene before it."""

    model: str
    open: Callable[[Rotation], Camera]
    clock: Clock


@pytest.fixture(params=["webcam", "pi", "folder"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    def settings(rotation: Rotation) -> Settings:
        return Settings(WIDTH, HEIGHT, rotation)

    if request.param == "webcam":
        kernel = WebcamKernel(Webcam(grey_lines, {"GREY": [(WIDTH, HEIGHT)]}))
        return World(
            "Simulated webcam",
            lambda turn: V4l2Camera.open("/dev/video0", settings(turn), kernel.clock, kernel),
            kernel.clock,
        )
    if request.param == "pi":
        pi = PiWithCameras(lambda _time_s, _width, _height: scene())
        return World(
            "imx708", lambda turn: PiCamera.open(0, settings(turn), pi.clock, pi.load), pi.clock
        )
    (tmp_path / "one.png").write_bytes(png(scene()))
    clock = VirtualClock()
    return World(
        "folder of pictures",
        lambda turn: FolderCamera.open(tmp_path, settings(turn), clock),
        clock,
    )


@pytest.mark.parametrize(
    ("rotation", "white_corner"),
    [
        (Rotation.NONE, "top left"),
        (Rotation.QUARTER, "top right"),
        (Rotation.HALF, "bottom right"),
        (Rotation.THREE_QUARTERS, "bottom left"),
    ],
)
def test_preview_and_still_stand_upright(
    world: World, rotation: Rotation, white_corner: str
) -> None:
    with world.open(rotation) as camera:
        pictures = [camera.preview(), camera.still()]
        info = camera.info()
    for picture in pictures:
        corners = {
            "top left": picture.pixels[0, 0],
            "top right": picture.pixels[0, -1],
            "bottom left": picture.pixels[-1, 0],
            "bottom right": picture.pixels[-1, -1],
        }
        assert [name for name, colour in corners.items() if (colour == 255).all()] == [white_corner]
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.shape == (picture.height, picture.width, 3)
        assert picture.rotation is rotation
        assert info == CameraInfo(world.model, picture.width, picture.height, rotation)
    upright = (WIDTH, HEIGHT) if rotation in {0, 180} else (HEIGHT, WIDTH)
    assert (pictures[0].width, pictures[0].height) == upright


def test_a_picture_carries_the_time_of_its_arrival(world: World) -> None:
    with world.open(Rotation.NONE) as camera:
        before = world.clock()
        first, second = camera.preview(), camera.still()
        after = world.clock()
    assert before <= first.taken_s <= second.taken_s <= after


def test_a_still_in_steady_light_has_settled(world: World) -> None:
    with world.open(Rotation.NONE) as camera:
        assert camera.still().exposure.settled


def test_a_later_picture_does_not_change_an_earlier_one(world: World) -> None:
    with world.open(Rotation.NONE) as camera:
        first = camera.preview().pixels
        kept = first.copy()
        for _ in range(6):  # more than the kernel has rooms
            camera.preview()
    np.testing.assert_array_equal(first, kept)


def test_closing_twice_is_harmless(world: World) -> None:
    camera = world.open(Rotation.NONE)
    camera.close()
    camera.close()
    with world.open(Rotation.NONE) as again:
        again.preview()
