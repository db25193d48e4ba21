"""`greenline capture`: one picture from a sensor or camera into a file, for technicians."""

import io
import os
import time
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from greenline.cli.errors import CommandError
from greenline.cli.extract import write_whole
from greenline.drivers.camera_urls import open_camera
from greenline.drivers.sensor import Retry, Sensor
from greenline.drivers.urls import open_sensor
from greenline.models.quality import judge
from greenline.prints.frame import Frame

app = typer.Typer()

_CAMERAS = ("v4l2:", "picamera:", "folder:")
_LOOK_S = 0.5
_AGAIN_S = 0.1


@app.command()
def capture(
    device: Annotated[
        str,
        typer.Option(
            help="serial:/dev/fingerprint or usb:05ba:000a; a camera: v4l2:/dev/video0, "
            "picamera:0 or folder:DIR."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Where to write the picture (.png).")],
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a finger, or for the camera.")
    ] = 30.0,
) -> None:
    """Take one picture with a sensor and say how good it is, or a still with a camera."""
    _demand_place_for(out)
    if device.startswith(_CAMERAS):
        _capture_still(device, out, timeout)
    else:
        _capture_finger(device, out, timeout)


def _demand_place_for(out: Path) -> None:
    """Find out before a finger is asked for that its picture could not be kept."""
    if out.suffix.lower() != ".png":
        raise CommandError(f"{out}: the picture is written as PNG: end the file's name in .png", 3)
    if out.is_dir() or not out.parent.is_dir():
        told = "is a folder, not a file" if out.is_dir() else f"there is no folder {out.parent}"
        raise CommandError(f"{out} cannot be written: {told}", 3)
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise CommandError(f"{out} cannot be written: {out.parent} may not be written to", 3)


def _capture_finger(device: str, out: Path, timeout_s: float) -> None:
    with open_sensor(device) as sensor:
        info = sensor.info()
        print(f"{info.model} {info.serial}".strip())
        print(f"Place a finger on the sensor within {timeout_s:g} s ...")
        frame = _take(sensor, time.monotonic() + timeout_s)
    write_whole(out, _png(Image.fromarray(frame.pixels), dpi=(frame.dpi, frame.dpi)))
    quality = judge(frame)
    remarks = ", ".join(reason.value for reason in quality.reasons) or "nothing to remark"
    print(f"{out}: {frame.width} x {frame.height} pixels, {frame.dpi:g} dpi, ", end="")
    print(f"quality {quality.score} of 100 ({remarks})")


def _capture_still(device: str, out: Path, timeout_s: float) -> None:
    with open_camera(device) as camera:
        print(camera.info().model)
        still = camera.still(timeout_s)
    write_whole(out, _png(Image.fromarray(still.pixels)))
    steady = "" if still.exposure.settled else ", its brightness had not settled"
    print(f"{out}: {still.width} x {still.height} pixels{steady}")


def _take(sensor: Sensor, deadline: float) -> Frame:
    """Return the first picture. Raises CommandError when there is none in time, DriverError."""
    told: Retry | None = None
    while True:
        left = deadline - time.monotonic()
        if sensor.wait_finger(present=True, timeout_s=max(0.0, min(_LOOK_S, left))):
            scanned = sensor.scan()
            if isinstance(scanned, Frame):
                return scanned
            if scanned is not told:
                print(f"Once more: {scanned.value}")
            told = scanned
            time.sleep(min(_AGAIN_S, max(0.0, left)))
        if left <= 0:
            raise CommandError((told or Retry.NO_FINGER).value, 1)


def _png(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()
