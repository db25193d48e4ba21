"""How one picture is taken: watched while a slow sensor sends it, or the best of a live one's.

Both look at its quality alone. Called by the capture line, on its thread.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from greenline.drivers.sensor import Arriving, Progress, Retry, Sensor
from greenline.firmware.trigger import Settling, Trigger
from greenline.models.early import Forecast, Judge, Outlook, forecast
from greenline.models.quality import Quality
from greenline.prints.frame import Frame


def nobody_ends_it() -> bool:
    """Say that the picture is still wanted."""
    return False


def nobody_looks(_: Quality) -> None:
    """Take a quality that nobody wants to know."""


def nobody_views(_frame: Frame, _height: int = 0) -> None:
    """Take a picture that nobody wants to see."""


@dataclass(frozen=True)
class Looking:
    """How to look at a picture before it is there. minimum: 0-100, the least score that is used.

    early: give up a picture that cannot reach it. seen: told the quality of each live frame, and
    that of the rows so far once they are good enough. ended: says that nothing is wanted any more.
    keep_poor: of a finger that is lifted a picture below the minimum will do as well. view: told
    each frame of a live sensor, and what has come of a slow one's, with the height it will have.
    """

    judge: Judge
    minimum: int
    early: bool = True
    settling: Settling = field(default_factory=Settling)
    seen: Callable[[Quality], None] = nobody_looks
    ended: Callable[[], bool] = nobody_ends_it
    keep_poor: bool = False
    view: Callable[[Frame, int], None] = nobody_views

    def is_usable(self, quality: Quality) -> bool:
        """Say whether a picture of a finger that is gone is worth anything."""
        return quality.score >= self.minimum or (self.keep_poor and quality.score > 0)


@dataclass(frozen=True)
class Shot:
    """A whole picture with its quality."""

    frame: Frame
    quality: Quality


def take_watched(
    sensor: Sensor, looking: Looking, progress: Progress | None
) -> Frame | Retry | Forecast:
    """Scan once; a Forecast: it was stopped as hopeless. Raises DriverError."""
    hopeless: list[Forecast] = []

    def watch(arriving: Arriving) -> bool:
        if looking.ended():
            return False
        looking.view(arriving.frame, arriving.height)
        if not looking.early:
            return True
        coming = forecast(arriving.frame, arriving.height, looking.minimum, looking.judge)
        if coming.outlook is Outlook.GOING_WELL:
            looking.seen(coming.so_far)
        if coming.outlook is Outlook.HOPELESS:
            hopeless.append(coming)
        return not hopeless

    scanned = sensor.scan(progress, watch)
    return hopeless[0] if scanned is Retry.STOPPED and hopeless else scanned


def take_settled(sensor: Sensor, looking: Looking, clock: Callable[[], float]) -> Shot | Retry:
    """Take frames of a live sensor until the finger has settled; return the best.

    A finger that is lifted ends it too: with the best frame if that can be used. clock: seconds,
    monotonic. Raises DriverError.
    """
    # A picture that will be refused is no reason to end early.
    good = max(looking.minimum, looking.settling.good_quality)
    trigger = Trigger(replace(looking.settling, good_quality=good), clock())
    best: Shot | None = None
    while not looking.ended():
        frame = sensor.scan()
        if isinstance(frame, Retry):
            if frame is not Retry.NO_FINGER and not trigger.is_over(clock()):
                continue  # the sensor gave no picture this time
            usable = best is not None and looking.is_usable(best.quality)
            return best if best is not None and usable else frame
        looking.view(frame, frame.height)
        shot = Shot(frame, looking.judge(frame))
        looking.seen(shot.quality)
        look = trigger.look(shot.quality.score, clock())
        if look.best or best is None:
            best = shot
        if look.take:
            return best
    return Retry.STOPPED
