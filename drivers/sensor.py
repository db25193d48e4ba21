"""What the capture line asks of a fingerprint sensor, whichever it is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

from greenline.prints.frame import Frame

Progress = Callable[[float], None]
"""Called with the share of the picture that has arrived, 0.0 to 1.0, on the scanning thread."""


@dataclass(frozen=True)
class Arriving:
    """A picture that is still on its way. frame: its upper rows; height: how many it will have."""

    frame: Frame
    height: int


Watch = Callable[[Arriving], bool]
"""Called now and then with the rows that have arrived, on the scanning thread, which waits for it
and must not use the sensor; False: the rest is not wanted."""


class Retry(Enum):
    """Why there is no picture although the sensor is well: the person can put it right."""

    NO_FINGER = "no finger on the sensor"
    NOT_TAKEN = "the sensor could not take a picture"
    SMUDGED = "the picture is smudged"
    TOO_FAINT = "the picture shows too few ridges"
    STOPPED = "the picture was not wanted any more"


@dataclass(frozen=True)
class SensorInfo:
    """What a sensor says about itself.

    width, height: pixels; None until the first picture of a sensor that cannot say. dpi: pixels
    per inch as the maker states it; None with them. serial: empty when the sensor has none.
    live: it gives several whole pictures a second, enough to watch a finger settle.
    """

    model: str
    serial: str
    width: int | None
    height: int | None
    dpi: float | None
    grey_levels: int
    live: bool = False


class Sensor(Protocol):
    """One open sensor. Not safe to share between threads; every method may raise DriverError.

    After PortLostError close it and open another one: a sensor is never reopened in place.
    """

    def info(self) -> SensorInfo:
        """Describe the sensor, from what is known already: no exchange with the device."""

    def still_there(self) -> None:
        """Exchange a word with the device, without light or sound; DriverError when it is gone.

        For the time between two persons, in which nothing else would notice that it has left.
        """

    def finger_present(self) -> bool:
        """Look once whether something lies on the sensor."""

    def wait_finger(self, *, present: bool, timeout_s: float) -> bool:
        """Wait until a finger lies on the sensor (or, present=False, none does); False: it ran out.

        It looks at least once, and looks again in short steps, so that a caller can draw its
        screen and stop between two calls.
        """

    def scan(self, progress: Progress | None = None, watch: Watch | None = None) -> Frame | Retry:
        """Take one picture. A repeated transfer starts the progress again from 0.

        watch: sees the picture grow and may stop it (Retry.STOPPED); a sensor that is live, or
        does not know the size of its picture yet, need not call it. What a stopped one still
        sends is taken off the line by the calls that follow; wait_finger says False meanwhile.
        """

    def close(self) -> None:
        """Let go of the device; harmless when it is gone or closed already."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
