"""One library reading pictures from one port: a child process that compare.py talks to.

    python scanner.py greenline|pyfingerprint|adafruit PORT BAUD

Says "ready", then answers every line on its input with one JSON object about one scan. It runs
in the environment of its library and must import nothing else at the top.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Scan = Callable[[], bytes]
"""Take a picture and return its grey values, one byte a pixel. Raises whatever it raises."""

_TIMEOUT_S = 2.0  # what pyfingerprint sets; the other library leaves it to its caller


def open_greenline(port: str, baud: int) -> Scan:
    from greenline.drivers.urls import open_sensor  # noqa: PLC0415  # of this environment
    from greenline.prints.frame import Frame  # noqa: PLC0415

    sensor = open_sensor(f"serial:{port}?baud={baud}")

    def scan() -> bytes:
        got = sensor.scan()
        if not isinstance(got, Frame):
            raise NoPictureError(got.value)
        return got.pixels.tobytes()

    return scan


def open_pyfingerprint(port: str, baud: int) -> Scan:
    from PIL import Image  # noqa: PLC0415
    from pyfingerprint.pyfingerprint import PyFingerprint  # noqa: PLC0415

    sensor = PyFingerprint(port, baud)
    sensor.verifyPassword()

    def scan() -> bytes:
        if not sensor.readImage():
            raise NoPictureError("no finger")
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "picture.png")
            sensor.downloadImage(file)
            return Image.open(file).tobytes()

    return scan


def open_adafruit(port: str, baud: int) -> Scan:
    os.environ["BLINKA_OS_AGNOSTIC"] = "1"
    import serial  # noqa: PLC0415
    from adafruit_fingerprint import OK, Adafruit_Fingerprint  # noqa: PLC0415

    sensor = Adafruit_Fingerprint(serial.Serial(port, baud, timeout=_TIMEOUT_S))

    def scan() -> bytes:
        if sensor.get_image() != OK:
            raise NoPictureError("no finger")
        packed = sensor.get_fpdata("image")
        return bytes(grey for byte in packed for grey in ((byte >> 4) * 17, (byte & 15) * 17))

    return scan


class NoPictureError(Exception):
    """The library says that there is no picture, in its own ordinary way."""


OPENERS = {
    "greenline": open_greenline,
    "pyfingerprint": open_pyfingerprint,
    "adafruit": open_adafruit,
}


def main() -> None:
    library, port, baud = sys.argv[1:]
    scan = OPENERS[library](port, int(baud))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(_report(scan)), flush=True)


def _report(scan: Scan) -> dict[str, object]:
    before = time.monotonic()
    try:
        sha256, error = hashlib.sha256(scan()).hexdigest(), ""
    except Exception as fault:  # noqa: BLE001  # which one it is, is what is being looked at
        sha256, error = "", type(fault).__qualname__
        if error == "error":
            error = f"{type(fault).__module__}.error"
    return {"sha256": sha256, "error": error, "took_s": time.monotonic() - before}


if __name__ == "__main__":
    main()
