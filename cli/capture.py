"""`greenline capture`: one picture from a sensor into a file, for technicians."""

import io
import time
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from greenline.cli.errors import CommandError
from greenline.cli.extract import write_whole
from greenline.drivers.sensor import Retry, Sensor
from greenline.drivers.urls import open_sensor
from greenline.models.quality import judge
from greenline.prints.frame import Frame

app = typer.Typer()

_LOOK_S = 0.5
_AGAIN_S = 0.1


@app.command()
def capture(
    device: Annotated[str, typer.Option(help="serial:/dev/fingerprint or usb:05ba:000a.")],
    out: Annotated[Path, typer.Option(help="Where to write the picture (.png).")],
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for a finger.")] = 30.0,
) -> None:
    """Take one picture with a sensor and say how good it is."""
    with open_sensor(device) as sensor:
        info = sensor.info()
        print(f"{info.model} {info.serial}".strip())
        print(f"Place a finger on the sensor within {timeout:g} s ...")
        frame = _take(sensor, time.monotonic() + timeout)
    write_whole(out, _png(frame))
    quality = judge(frame)
    remarks = ", ".join(reason.value for reason in quality.reasons) or "nothing to remark"
    print(f"{out}: {frame.width} x {frame.height} pixels, {frame.dpi:g} dpi, ", end="")
    print(f"quality {quality.score} of 100 ({remarks})")


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


def _png(frame: Frame) -> bytes:
    file = io.BytesIO()
    Image.fromarray(frame.pixels).save(file, "PNG", dpi=(frame.dpi, frame.dpi))
    return file.getvalue()
