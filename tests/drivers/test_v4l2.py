"""The webcam's driver over a modelled kernel, in virtual time; there is no webcam here."""

import ctypes
import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.drivers.camera import Exposure, Settings
from greenline.drivers.errors import (
    BadTransferError,
    CameraUrlError,
    PortLostError,
    PortTimeoutError,
)
from greenline.drivers.simulation.webcam import Webcam, WebcamKernel
from greenline.drivers.v4l2 import V4l2Camera
from greenline.drivers.v4l2_codec import ControlId, Request

SIZE = (64, 48)
SETTINGS = Settings(*SIZE)
AUTO, MANUAL, OFF = 3, 1, 0


def jpeg(_time_s: float, _letters: str, width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 40, 40)).save(out, "JPEG", quality=95)
    return out.getvalue()


def grey(time_s: float, _letters: str, width: int, height: int) -> bytes:
    """Brighter and brighter during the first second, as a webcam that has just been started."""
    return bytes([int(min(time_s, 1.0) * 200)]) * (width * height)


def flickering(time_s: float, _letters: str, width: int, height: int) -> bytes:
    return bytes([100 + 50 * (int(time_s * 30) % 2)]) * (width * height)


def desk(**changes: object) -> WebcamKernel:
    given = {"expose": grey, "formats": {"GREY": [SIZE]}} | changes
    return WebcamKernel(Webcam(**given))  # type: ignore[arg-type]  # what a test changes varies


def opened(kernel: WebcamKernel, settings: Settings = SETTINGS) -> V4l2Camera:
    return V4l2Camera.open(kernel.path, settings, kernel.clock, kernel)


def test_a_still_waits_until_the_exposure_has_settled() -> None:
    kernel = desk()
    with opened(kernel) as camera:
        assert not camera.preview().exposure.settled
        still = camera.still()
    assert (still.exposure.settled, int(still.pixels.max())) == (True, 200)
    assert 1.3 < still.taken_s < 1.6


def test_in_flickering_light_a_still_is_taken_all_the_same_and_says_so() -> None:
    kernel = desk(expose=flickering)
    with opened(kernel) as camera:
        still = camera.still()
    assert not still.exposure.settled
    assert 2.5 <= still.taken_s < 2.6


def test_jpeg_is_preferred_to_what_the_device_names_first() -> None:
    kernel = desk(expose=jpeg, formats={"YUYV": [SIZE], "MJPG": [SIZE, (1280, 720)]})
    with opened(kernel) as camera:
        pixels = camera.preview().pixels
    assert np.abs(pixels.astype(int) - (200, 40, 40)).max() <= 6


def test_the_nearest_size_that_the_device_has_is_taken() -> None:
    kernel = desk(formats={"GREY": [(32, 24), (60, 40), (640, 480)]})
    with opened(kernel) as camera:
        info = camera.info()
        assert (info.width, info.height) == (60, 40)
        assert camera.preview().pixels.shape == (40, 60, 3)


def test_padding_behind_the_lines_is_not_shown() -> None:
    def padded(_time_s: float, _letters: str, width: int, height: int) -> bytes:
        return (bytes([90]) * width + bytes([255]) * 16) * height

    with opened(desk(expose=padded, padding=16)) as camera:
        assert set(camera.preview().pixels.flat) == {90}


def test_a_preview_is_no_picture_from_before_it_was_asked_for() -> None:
    kernel = desk()
    with opened(kernel) as camera:
        kernel.clock.now = 0.9  # the kernel's rooms are full of the first, dark pictures
        assert int(camera.preview().pixels.max()) >= int(0.9 * 200)


def test_damaged_pictures_are_passed_over() -> None:
    kernel = desk()
    kernel.webcam.damaged = 3
    with opened(kernel) as camera:
        assert camera.preview().taken_s == pytest.approx(4 / 30)


def test_pictures_without_a_byte_are_no_pictures() -> None:
    kernel = desk(expose=lambda *_: b"")
    with opened(kernel) as camera, pytest.raises(PortTimeoutError, match="sends no pictures"):
        camera.preview(timeout_s=1.0)


@pytest.mark.parametrize("timeout_s", [0.1, 0.5, 1.0, 2.0])
def test_a_still_in_a_hurry_is_the_last_picture_that_came(timeout_s: float) -> None:
    kernel = desk(expose=flickering)
    with opened(kernel) as camera:
        still = camera.still(timeout_s)
        assert not still.exposure.settled
        assert timeout_s - 1 / 30 <= still.taken_s <= kernel.clock.now == pytest.approx(timeout_s)


def test_a_still_in_a_hurry_is_sound_when_a_damaged_picture_ends_it() -> None:
    def cut_in_the_end(time_s: float, _letters: str, width: int, height: int) -> bytes:
        return jpeg(time_s, "", width, height)[: 200 if time_s > 0.25 else None]

    with opened(desk(expose=cut_in_the_end, formats={"MJPG": [SIZE]})) as camera:
        still = camera.still(timeout_s=0.3)
    assert not still.exposure.settled
    assert still.taken_s == pytest.approx(7 / 30)


def test_pictures_that_stay_damaged_are_a_fault() -> None:
    kernel = desk(expose=lambda *wish: jpeg(*wish)[:200], formats={"MJPG": [SIZE]})
    with opened(kernel) as camera, pytest.raises(BadTransferError, match="the picture is damaged"):
        camera.preview(timeout_s=1.0)
    assert kernel.clock.now == pytest.approx(1.0, abs=0.05)


def test_a_picture_of_another_size_than_agreed_is_damaged() -> None:
    kernel = desk(expose=lambda *_: jpeg(0, "", 32, 24), formats={"MJPG": [SIZE]})
    with opened(kernel) as camera, pytest.raises(BadTransferError, match="32x24 came instead of"):
        camera.preview(timeout_s=0.2)


@pytest.mark.parametrize("use", ["preview", "still"])
def test_a_camera_without_pictures_is_a_timeout_at_the_deadline(use: str) -> None:
    kernel = desk(delivers=False)
    with opened(kernel) as camera:
        with pytest.raises(PortTimeoutError, match="sends no pictures"):
            getattr(camera, use)(timeout_s=3.0)
        assert kernel.clock.now == pytest.approx(3.0)
        kernel.webcam.delivers = True
        camera.preview()


def test_unplugged_is_a_lost_port_and_the_camera_can_be_opened_anew() -> None:
    kernel = desk()
    with opened(kernel) as camera:
        camera.preview()
        kernel.webcam.plugged = False
        for use in (camera.preview, camera.still):
            with pytest.raises(PortLostError, match="unplugged"):
                use()
        with pytest.raises(PortLostError, match="it is not there; plug the camera in"):
            opened(kernel)
    kernel.webcam.plugged = True
    with opened(kernel) as camera:
        camera.preview()


def test_closing_stops_the_pictures_and_lets_go() -> None:
    kernel = desk()
    camera = opened(kernel)
    assert (kernel.streaming, kernel.holders, kernel.mapped) == (True, 1, 4)
    camera.close()
    assert (kernel.streaming, kernel.holders, kernel.mapped) == (False, 0, 0)
    with pytest.raises(PortLostError, match="it has been closed"):
        camera.preview()


def test_another_program_with_the_camera_is_named() -> None:
    kernel = desk()
    with opened(kernel), pytest.raises(PortLostError, match="another program uses it"):
        opened(kernel)
    assert kernel.holders == 0


def test_a_forbidden_camera_says_which_group_is_missing() -> None:
    with pytest.raises(PortLostError, match="add its user to the group video"):
        opened(desk(forbidden=True))


@pytest.mark.parametrize("change", [{"streams": False}, {"is_video": False}])
def test_a_device_that_gives_no_pictures_is_refused_and_released(change: dict[str, bool]) -> None:
    kernel = desk(**change)
    with pytest.raises(CameraUrlError, match="only the first is the camera"):
        opened(kernel)
    assert kernel.holders == 0


def test_a_format_that_nobody_can_read_is_refused() -> None:
    with pytest.raises(CameraUrlError, match="as H264 only; choose a camera with one of MJPG"):
        opened(desk(formats={"H264": [SIZE]}))


def test_the_mains_flicker_is_filtered_and_the_exposure_left_to_the_camera() -> None:
    controls = {
        ControlId.POWER_LINE_FREQUENCY: 2,
        ControlId.EXPOSURE_AUTO: MANUAL,
        ControlId.EXPOSURE_ABSOLUTE: 156,
        ControlId.GAIN: 7,
    }
    kernel = desk(controls=dict(controls))
    with opened(kernel) as camera:
        exposure = camera.preview().exposure
    assert kernel.webcam.controls == controls | {
        ControlId.POWER_LINE_FREQUENCY: 1,
        ControlId.EXPOSURE_AUTO: AUTO,
    }
    assert exposure == Exposure(seconds=0.0156, gain=7.0, automatic=True, settled=False)


def test_a_fixed_exposure_is_set_in_units_of_100_microseconds() -> None:
    kernel = desk(controls={ControlId.EXPOSURE_AUTO: AUTO, ControlId.EXPOSURE_ABSOLUTE: 156})
    with opened(kernel, Settings(*SIZE, exposure_s=0.01)) as camera:
        exposure = camera.preview().exposure
    assert kernel.webcam.controls == {
        ControlId.EXPOSURE_AUTO: MANUAL,
        ControlId.EXPOSURE_ABSOLUTE: 100,
    }
    assert exposure == Exposure(seconds=0.01, gain=None, automatic=False, settled=False)


def test_a_camera_that_cannot_fix_its_exposure_says_so() -> None:
    with pytest.raises(CameraUrlError, match=r"cannot keep an exposure of 0\.01 s"):
        opened(desk(), Settings(*SIZE, exposure_s=0.01))


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ETIMEDOUT])
def test_a_camera_that_stalls_on_its_controls_gives_pictures_all_the_same(number: int) -> None:
    class Stalling(WebcamKernel):
        def ioctl(self, descriptor: int, request: int, argument: ctypes.Structure) -> None:
            if request in {Request.G_CTRL, Request.S_CTRL}:
                raise OSError(number, os.strerror(number))
            super().ioctl(descriptor, request, argument)

    with opened(Stalling(Webcam(grey, {"GREY": [SIZE]}))) as camera:
        exposure = camera.still().exposure
    assert exposure == Exposure(seconds=None, gain=None, automatic=True, settled=True)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_faults_while_starting_are_translated(number: int) -> None:
    class Failing(WebcamKernel):
        def map(self, *_: object) -> object:  # type: ignore[override]
            raise OSError(number, os.strerror(number))

    kernel = Failing(Webcam(grey, {"GREY": [SIZE]}))
    with pytest.raises(PortLostError):
        opened(kernel)
    assert kernel.holders == 0


def test_the_real_kernel_names_an_absent_camera(tmp_path: Path) -> None:
    with pytest.raises(PortLostError, match="video9: it is not there"):
        V4l2Camera.open(str(tmp_path / "video9"), SETTINGS, lambda: 0.0)


def test_the_real_kernel_refuses_a_device_file_that_is_no_camera() -> None:
    with pytest.raises(CameraUrlError, match="/dev/null gives no pictures"):
        V4l2Camera.open("/dev/null", SETTINGS, lambda: 0.0)
