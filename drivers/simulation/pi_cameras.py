"""The module picamera2 on a Pi with cameras, modelled, in virtual time.

Written from the source of picamera2 0.3.38, not from a running one: names, arguments and faults
are the library's, but only of what drivers/picamera.py uses.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.simulation.virtual import VirtualClock

Expose = Callable[[float, int, int], NDArray[np.uint8]]
"""Makes the picture of this time in seconds, (height, width, 3), from width and height."""


@dataclass
class PiWithCameras:
    """The Pi.

    models: of its cameras. frame_s: time from picture to picture. delivers: pictures come. taken:
    another program has them. failing: names of the library's calls that raise RuntimeError.
    """

    expose: Expose
    models: list[str] = field(default_factory=lambda: ["imx708"])
    frame_s: float = 1 / 30
    delivers: bool = True
    taken: bool = False
    failing: set[str] = field(default_factory=set)
    opened: int = 0
    clock: VirtualClock = field(default_factory=VirtualClock)

    def demand_sound(self, call: str) -> None:
        """Raise what the library raises when this call of it fails."""
        if call in self.failing:
            raise RuntimeError(f"{call} failed")

    def load(self) -> "PiWithCameras":
        """Import picamera2 on this Pi."""
        return self

    @property
    def Picamera2(self) -> "Library":  # noqa: N802 - the library's own name
        """The class that the library is known for."""
        return Library(self)


class Library:
    """The class Picamera2 as far as the driver uses it before it has an object."""

    def __init__(self, pi: PiWithCameras) -> None:
        self._pi = pi

    def global_camera_info(self) -> list[dict[str, Any]]:
        """List the cameras."""
        return [{"Model": model, "Num": at} for at, model in enumerate(self._pi.models)]

    def __call__(self, number: int) -> "Device":
        """Open one."""
        if self._pi.taken:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        return Device(self._pi, number)


class Device:
    """An object of the class Picamera2."""

    def __init__(self, pi: PiWithCameras, number: int) -> None:
        self._pi = pi
        self._size = (0, 0)
        self._controls: dict[str, Any] = {}
        self._late_jobs = 0
        self.number = number
        pi.opened += 1

    def create_preview_configuration(
        self, main: dict[str, Any], controls: dict[str, Any]
    ) -> dict[str, Any]:
        """Describe a stream."""
        return {"main": main, "controls": controls}

    def configure(self, configuration: dict[str, Any]) -> None:
        """Choose it."""
        main = configuration["main"]
        if main["format"] != "BGR888" or any(side % 2 for side in main["size"]):
            raise RuntimeError("width and height should be even")
        self._size, self._controls = main["size"], configuration["controls"]

    def start(self) -> None:
        """Let the pictures come."""
        self._pi.demand_sound("start")

    def capture_arrays(
        self, names: list[str], wait: float
    ) -> tuple[list[NDArray[np.uint8]], dict[str, Any]]:
        """Wait for the next picture; a job that timed out takes it, until it is cancelled."""
        if names != ["main"]:
            raise KeyError(names)
        self._pi.demand_sound("capture_arrays")
        if not self._pi.delivers or self._late_jobs or wait < self._pi.frame_s:
            self._pi.clock.now += wait
            self._late_jobs += 1
            raise TimeoutError
        self._pi.clock.now += self._pi.frame_s
        exposure = self._controls.get("ExposureTime", 8333)
        pixels = self._pi.expose(self._pi.clock.now, *self._size)
        return [pixels], {"ExposureTime": exposure, "AnalogueGain": 2.0}

    def cancel_all_and_flush(self) -> None:
        """Forget the jobs that wait."""
        self._pi.demand_sound("cancel_all_and_flush")
        self._late_jobs = 0

    def close(self) -> None:
        """Let go of the camera."""
        self._pi.demand_sound("close")
        self._pi.opened -= 1
