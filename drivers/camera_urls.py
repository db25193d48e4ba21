"""Addresses of cameras in the configuration, and the driver for each kind.

picamera:0                                      the Pi's first camera
v4l2:/dev/video0                                a webcam
v4l2:/dev/video0?size=1280x720&rotation=90      the same, turned clockwise by a quarter
picamera:0?exposure=0.01                        with a fixed exposure of 10 ms
folder:DIR                                      the pictures in a folder, one after the other
"""

import time
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from greenline.drivers.camera import Camera, Rotation, Settings
from greenline.drivers.errors import CameraUrlError
from greenline.drivers.folder_camera import FolderCamera
from greenline.drivers.picamera import PiCamera
from greenline.drivers.port import Clock
from greenline.drivers.v4l2 import V4l2Camera

_OPTIONS = ("size", "rotation", "exposure")
_MOST_SIDE = 8192


def open_camera(url: str, clock: Clock = time.monotonic) -> Camera:
    """Open the camera at this address; it watches until the caller closes it.

    Raises CameraUrlError when the address cannot be meant, PortLostError when the camera is not
    there.
    """
    scheme, place, settings = parse_camera(url)
    return _OPENERS[scheme](place, settings, clock)


def parse_camera(url: str) -> tuple[str, str, Settings]:
    """Return the kind of camera, its place and its settings. Raises CameraUrlError."""
    scheme, separator, _ = url.partition(":")
    if not separator or scheme not in _OPENERS:
        known = ", ".join(f"{name}:" for name in _OPENERS)
        raise CameraUrlError(f"no camera at {url!r}: an address begins with one of {known}")
    place, settings = _parts(url)
    if scheme == "picamera" and not _is_number(place):
        raise CameraUrlError(f"{place!r} is no camera's number; write it like picamera:0")
    return scheme, place, settings


def _open_picamera(place: str, settings: Settings, clock: Clock) -> Camera:
    return PiCamera.open(int(place), settings, clock)


def _open_v4l2(place: str, settings: Settings, clock: Clock) -> Camera:
    return V4l2Camera.open(place, settings, clock)


def _open_folder(place: str, settings: Settings, clock: Clock) -> Camera:
    return FolderCamera.open(Path(place), settings, clock)


def _parts(url: str) -> tuple[str, Settings]:
    """Return the place and the settings that an address names."""
    try:
        parts = urlsplit(url)
    except ValueError as error:  # half of a bracket pair, where web addresses have their machine
        raise _names_none(url) from error
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    place = unquote(parts.path)
    if parts.netloc or not place or parts.fragment or "\0" in place:
        raise _names_none(url)
    unknown = options.keys() - set(_OPTIONS)
    if unknown:
        known = ", ".join(_OPTIONS)
        raise CameraUrlError(f"{url!r} has an unknown option {min(unknown)!r}; there are: {known}")
    usual = Settings()
    width, height = _size(options["size"]) if "size" in options else (usual.width, usual.height)
    rotation = _rotation(options.get("rotation", "0"))
    exposure_s = _exposure(options["exposure"]) if "exposure" in options else None
    return place, Settings(width, height, rotation, exposure_s)


def _names_none(url: str) -> CameraUrlError:
    return CameraUrlError(f"{url!r} names no camera; write it like v4l2:/dev/video0")


def _is_number(text: str) -> bool:
    """Say whether the text is a number of at most four digits; int() refuses very long ones."""
    return text.isascii() and text.isdigit() and len(text) <= 4


def _size(text: str) -> tuple[int, int]:
    """Read a size such as 1280x720, in pixels; cameras want even numbers."""
    sides = [int(side) for side in text.split("x") if _is_number(side)]
    if text.count("x") != 1 or len(sides) != 2 or not all(_is_side(side) for side in sides):
        raise CameraUrlError(f"the size {text!r} must be two even numbers, such as 1280x720")
    return sides[0], sides[1]


def _is_side(side: int) -> bool:
    return 0 < side <= _MOST_SIDE and side % 2 == 0


def _rotation(text: str) -> Rotation:
    known = {str(int(rotation)): rotation for rotation in Rotation}
    if text not in known:
        raise CameraUrlError(f"the rotation {text!r} must be one of {', '.join(known)}")
    return known[text]


def _exposure(text: str) -> float:
    try:
        exposure_s = float(text)
    except ValueError:
        exposure_s = 0.0
    if not 0.0 < exposure_s <= 1.0:
        raise CameraUrlError(f"the exposure {text!r} must be seconds up to 1, such as 0.01")
    return exposure_s


_OPENERS = {"picamera": _open_picamera, "v4l2": _open_v4l2, "folder": _open_folder}
