"""Driver of the serial fingerprint modules of the ZFM family: ZFM-20/60, R30x, AS608, R503.

Joins codec, link, tuning, wiring and port to a Sensor. Prints are neither matched nor stored on
the module. Source: ZFM-20 user manual 2.0 and R503 user manual 1.2.1.
"""

from contextlib import suppress
from types import TracebackType
from typing import Self

from greenline.drivers.aura import Aura
from greenline.drivers.errors import (
    DriverError,
    PortTimeoutError,
)
from greenline.drivers.port import Clock, Port
from greenline.drivers.sensor import Progress, Retry, SensorInfo, Watch
from greenline.drivers.zfm_commands import (
    NO_PASSWORD,
    Command,
    Confirmation,
    ProductInfo,
    SystemParameters,
)
from greenline.drivers.zfm_geometry import stated_geometry
from greenline.drivers.zfm_link import ANSWER_S, Answer, Link
from greenline.drivers.zfm_ring import Ring
from greenline.drivers.zfm_start import (
    demand_ok,
    parameters_of,
    product_of,
    search_speed,
    verify_password,
)
from greenline.drivers.zfm_tuning import Tuning
from greenline.drivers.zfm_upload import Upload
from greenline.drivers.zfm_wiring import OFF_AT_LEAST_S, TouchLine, Wiring
from greenline.prints.frame import Frame

GREY_LEVELS = 16

_CAPTURE_S = 2.0
_LOOK_AGAIN_S = 0.05
_TOUCH_STEP_S = 0.3
_REST_S = 8.0  # a whole picture at 57600 bits a second, and some more

_RETRIES: dict[int, Retry] = {
    Confirmation.NO_FINGER: Retry.NO_FINGER,
    Confirmation.CAPTURE_FAILED: Retry.NOT_TAKEN,
    Confirmation.MESSY: Retry.SMUDGED,
    Confirmation.FEW_POINTS: Retry.TOO_FAINT,
}


class Zfm:
    """One module on one port: a Sensor. Not safe to share between threads."""

    def __init__(
        self, link: Link, product: ProductInfo | None, tuning: Tuning, wiring: Wiring
    ) -> None:
        self._link = link
        self._product = product
        self._tuning = tuning
        self._wiring = wiring
        size = None if product is None else stated_geometry(product)
        self._upload = Upload(link, tuning, self._ask, size)
        self._asleep_since: float | None = None
        has_ring = product is not None  # whatever has a ring also says what it is
        self._ring = Ring(link, self._ask, there=has_ring)

    @classmethod
    def open(
        cls,
        port: Port,
        clock: Clock,
        run_at: int | None = None,
        *,
        best: bool = False,
        wiring: Wiring | None = None,
    ) -> Self:
        """Find the module's speed, beginning with the port's own, and learn what it is.

        run_at: change the module to this speed if it has another. best: raise its speed and its
        packets to the best that pass a trial, and lower them again when pictures arrive damaged.
        wiring: what else is wired to it. Raises PortTimeoutError when no module answers at any
        speed, RefusedError when somebody has set a password on it. Port and wiring belong to the
        driver only when this returns.
        """
        link = Link(port, clock)
        search_speed(link)
        link.settle()
        product = product_of(link)
        wiring = wiring or Wiring()
        tuning = Tuning(link, product, wiring.supply)
        if run_at is not None:
            tuning.change(run_at)
        if best:
            tuning.raise_to_best()
        link.settle()
        return cls(link, product, tuning, wiring)

    def info(self) -> SensorInfo:
        """Describe the sensor, from what is known already: no exchange with the device."""
        model = self._product.model if self._product else "ZFM module"
        serial = self._product.serial if self._product else ""
        size = self._upload.geometry
        if size is None:
            return SensorInfo(model, serial, None, None, None, GREY_LEVELS)
        return SensorInfo(model, serial, size.width, size.height, size.dpi, GREY_LEVELS)

    @property
    def baud(self) -> int:
        """The speed that is in use, bits a second."""
        return self._link.port.baud

    def still_there(self) -> None:
        """Ask the module for a sign of life; one that sleeps is left in peace."""
        self._link.idle(self._link.clock())  # notices when the port is unplugged
        if self._asleep_since is None:
            demand_ok(Command.VFY_PWD, self._ask(Command.VFY_PWD, NO_PASSWORD))
            self._ring.catch_up()

    def finger_present(self) -> bool:
        """Look once whether something lies on the sensor: its touch line, else GenImg."""
        touch = self._wiring.touch
        if touch is None:
            return self._sees_finger()
        self._link.idle(self._link.clock())
        return touch.touched

    def wait_finger(self, *, present: bool, timeout_s: float) -> bool:
        """Wait until a finger lies on the sensor (or none does); False: the time ran out."""
        deadline = self._link.clock() + timeout_s
        if not self._link.take_rest(deadline):
            return False
        self._ring.catch_up()
        touch = self._wiring.touch
        if touch is not None:
            return self._wait_touch(touch, deadline, present=present)
        while self._sees_finger() is not present:
            now = self._link.clock()
            if now >= deadline:
                return False
            self._link.idle(min(deadline, now + _LOOK_AGAIN_S))
        return True

    def scan(self, progress: Progress | None = None, watch: Watch | None = None) -> Frame | Retry:
        """Take one picture: GenImg, then UpImage, repeated while its transfer arrives damaged.

        While the size of a module's picture is still to be learnt, its progress is an estimate and
        nobody can watch it. Raises DriverError when the device or the line fails.
        """
        retry = self._capture()
        if retry is not None:
            return retry
        fetched = self._upload.fetch(progress or _tell_nobody, watch)
        if fetched is None:
            return Retry.STOPPED
        data, size = fetched
        return Frame.from_nibbles(data, size.width, size.height, size.dpi)

    def light(self, aura: Aura) -> bool:
        """Show this on the ring of light until told otherwise; False: the module cannot.

        A module that refuses the colour gets the nearest of the three that all rings know. One
        that is busy may leave it unanswered: then it is not repeated. A module that did not say
        what it is when it was opened, if only for noise, counts as ringless until it is opened
        anew. While a stopped picture is still arriving the light waits. Raises DriverError.
        """
        return self._ring.show(aura)

    def sleep(self) -> bool:
        """Let the module rest until it is next used; False: it cannot, and stays awake.

        By its supply switch where one is wired, else by the command Sleep, which only later
        modules know. While it rests, only its touch line tells of a finger; anything else wakes it.
        """
        if self._asleep_since is not None:
            return True
        if self._wiring.supply is not None:
            self._wiring.supply.switch(on=False)
        elif not self._is_obeyed(Command.SLEEP):
            return False
        self._asleep_since = self._link.clock()
        return True

    def wake(self) -> None:
        """Wake the module; harmless when it is awake. Raises DriverError when it stays silent."""
        if self._asleep_since is None:
            return
        if self._wiring.supply is not None:
            self._link.idle(self._asleep_since + OFF_AT_LEAST_S)
            self._wiring.supply.switch(on=True)
        search_speed(self._link)
        self._asleep_since = None

    def parameters(self) -> SystemParameters | None:
        """Read the module's settings; None when it has no such command (R308)."""
        self.wake()
        return parameters_of(self._link)

    def close(self) -> None:
        """Let go of port and pins; harmless when they are gone or closed already."""
        with suppress(DriverError):
            self._ring.catch_up(_REST_S)
        if self._asleep_since is not None and self._wiring.supply is not None:
            with suppress(DriverError):
                self._wiring.supply.switch(on=True)  # the next to open it searches a live module
        self._wiring.release()
        self._link.port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wait_touch(self, touch: TouchLine, deadline: float, *, present: bool) -> bool:
        clock = self._link.clock
        over = False
        while not over:
            self._link.idle(clock())  # notices when the port is unplugged
            left_s = deadline - clock()
            if touch.wait(touched=present, timeout_s=max(0.0, min(left_s, _TOUCH_STEP_S))):
                return True
            over = clock() >= deadline
        # A touch line that has broken must not make the sensor useless.
        return self._asleep_since is None and self._sees_finger() is present

    def _sees_finger(self) -> bool:
        return self._capture() is not Retry.NO_FINGER

    def _capture(self) -> Retry | None:
        """Take a picture into the module's buffer; None: it holds one now."""
        self.wake()
        self._link.settle()
        answer = self._ask(Command.GEN_IMG, timeout_s=_CAPTURE_S)
        if answer.code in _RETRIES:
            return _RETRIES[answer.code]
        demand_ok(Command.GEN_IMG, answer)
        return None

    def _is_obeyed(self, code: Command, parameters: bytes = b"") -> bool:
        """Give a command that a module may not know, or not answer."""
        try:
            return self._ask(code, parameters).code == Confirmation.OK
        except PortTimeoutError:
            return False

    def _ask(self, code: Command, parameters: bytes = b"", timeout_s: float = ANSWER_S) -> Answer:
        """Give a command; a module that has lost its power meanwhile is unlocked again."""
        self.wake()
        try:
            answer = self._link.ask(code, parameters, timeout_s)
        except PortTimeoutError:
            if not self._tuning.follow():
                raise
            answer = self._link.ask(code, parameters, timeout_s)
        if answer.code == Confirmation.VERIFY_PASSWORD_FIRST:
            verify_password(self._link)
            answer = self._link.ask(code, parameters, timeout_s)
        return answer


def _tell_nobody(_: float) -> None:
    """Take a progress that nobody wants to know."""
