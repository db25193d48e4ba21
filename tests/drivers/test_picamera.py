"""The Pi camera's driver over a modelled picamera2; the real library exists on a Pi only."""

import importlib.util
import logging

import numpy as np
import pytest
from numpy.typing import NDArray

from greenline.drivers.camera import Exposure, Settings
from greenline.drivers.errors import PortLostError, PortTimeoutError
from greenline.drivers.picamera import PiCamera
from greenline.drivers.simulation.pi_cameras import PiWithCameras


def rising(time_s: float, width: int, height: int) -> NDArray[np.uint8]:
    """Red, brighter and brighter during the first second."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = int(min(time_s, 1.0) * 210)
    return pixels


def opened(pi: PiWithCameras, settings: Settings = Settings(64, 48), number: int = 0) -> PiCamera:  # noqa: B008 - frozen
    return PiCamera.open(number, settings, pi.clock, pi.load)


def test_a_still_waits_for_the_exposure_and_states_it() -> None:
    pi = PiWithCameras(rising)
    with opened(pi) as camera:
        still = camera.still()
    assert still.pixels[0, 0].tolist() == [210, 0, 0]
    assert still.exposure == Exposure(seconds=0.008333, gain=2.0, automatic=True, settled=True)
    assert pi.opened == 0


def test_a_fixed_exposure_reaches_the_camera() -> None:
    with opened(PiWithCameras(rising), Settings(64, 48, exposure_s=0.02)) as camera:
        exposure = camera.preview().exposure
    assert exposure == Exposure(seconds=0.02, gain=2.0, automatic=False, settled=False)


@pytest.mark.parametrize("use", ["preview", "still"])
def test_a_camera_without_pictures_is_a_timeout_and_the_next_call_is_sound(use: str) -> None:
    pi = PiWithCameras(rising, delivers=False)
    with opened(pi) as camera:
        with pytest.raises(PortTimeoutError, match="sends no pictures; look at its ribbon cable"):
            getattr(camera, use)(timeout_s=3.0)
        assert pi.clock.now == pytest.approx(3.0)
        pi.delivers = True
        camera.preview()


def test_a_still_in_a_hurry_is_the_last_picture_that_came() -> None:
    pi = PiWithCameras(rising, frame_s=0.1)
    with opened(pi) as camera:
        still = camera.still(timeout_s=0.55)
        assert (still.exposure.settled, int(still.pixels.max())) == (False, 105)
        assert (still.taken_s, pi.clock.now) == (pytest.approx(0.5), pytest.approx(0.55))
        assert camera.preview().taken_s == pytest.approx(0.65)


def test_a_camera_slower_than_the_time_out_sends_no_pictures() -> None:
    pi = PiWithCameras(rising, frame_s=1.0)
    with opened(pi) as camera:
        with pytest.raises(PortTimeoutError, match="sends no pictures"):
            camera.preview(timeout_s=0.5)
        assert pi.clock.now == pytest.approx(0.5)


def test_closing_a_camera_that_has_failed_is_harmless_and_noted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    camera = opened(PiWithCameras(rising, failing={"close"}))
    with caplog.at_level(logging.WARNING):
        camera.close()
    assert caplog.messages == ["closing: camera imx708 has failed: close failed"]
    camera.close()


def test_a_camera_that_neither_starts_nor_closes_is_a_lost_port() -> None:
    with pytest.raises(PortLostError, match="camera 0 has failed: start failed"):
        opened(PiWithCameras(rising, failing={"start", "close"}))


def test_a_camera_that_cannot_forget_its_jobs_is_a_lost_port() -> None:
    pi = PiWithCameras(rising, delivers=False, failing={"cancel_all_and_flush"})
    with (
        opened(pi) as camera,
        pytest.raises(PortLostError, match="imx708 has failed: cancel_all_and_flush failed"),
    ):
        camera.preview()


def test_an_absent_camera_is_named() -> None:
    pi = PiWithCameras(rising, models=["imx708"])
    with pytest.raises(PortLostError, match=r"camera 1 is not there \(1 found\)"):
        opened(pi, number=1)


def test_a_camera_that_another_program_has_is_a_lost_port() -> None:
    with pytest.raises(PortLostError, match="camera 0 has failed"):
        opened(PiWithCameras(rising, taken=True))


def test_a_size_that_the_library_refuses_leaves_nothing_open() -> None:
    pi = PiWithCameras(rising)
    with pytest.raises(PortLostError, match="should be even"):
        opened(pi, Settings(63, 48))
    assert pi.opened == 0


def test_a_closed_camera_says_so() -> None:
    camera = opened(PiWithCameras(rising))
    camera.close()
    with pytest.raises(PortLostError, match="has been closed"):
        camera.preview()


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("numpy.dtype size changed, may indicate binary incompatibility"),
        AttributeError("_ARRAY_API not found"),
        ImportError("numpy.core.multiarray failed to import"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_library_built_for_another_numpy_says_what_to_install(fault: Exception) -> None:
    def load() -> object:
        raise fault

    with pytest.raises(PortLostError) as caught:
        PiCamera.open(0, Settings(), lambda: 0.0, load)
    assert str(caught.value) == (
        f"picamera2 is installed but cannot be loaded ({fault}); it must fit numpy, which is "
        f"{np.__version__} here: on Raspberry Pi OS Bookworm, pip install 'numpy<2' into the "
        "kiosk's environment, then start the kiosk again"
    )


def test_a_library_that_fails_while_it_is_loaded_is_a_lost_port() -> None:
    def load() -> object:
        raise OSError("libcamera.so.0.5: cannot open shared object file")

    with pytest.raises(PortLostError, match=r"cannot be loaded \(libcamera"):
        PiCamera.open(0, Settings(), lambda: 0.0, load)


@pytest.mark.skipif(
    importlib.util.find_spec("picamera2") is not None, reason="picamera2 is installed here"
)
def test_without_the_library_the_technician_reads_what_to_install() -> None:
    with pytest.raises(PortLostError, match="apt install python3-picamera2"):
        PiCamera.open(0, Settings(), lambda: 0.0)
