"""Driver of the serial fingerprint modules of the ZFM family: ZFM-20/60, R30x, AS608, R503.

Joins codec, link and port to a Sensor. Prints are neither matched nor stored on the module.
Source: ZFM-20 user manual 2.0 and R503 user manual 1.2.1.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from greenline.drivers.errors import (
    BadPacketError,
    BadTransferError,
    PortTimeoutError,
    RefusedError,
)
from greenline.drivers.port import Clock, Port
from greenline.drivers.sensor import Progress, Retry, SensorInfo
from greenline.drivers.zfm_commands import (
    BAUD_STEP,
    NO_PASSWORD,
    Command,
    Confirmation,
    Parameter,
    ProductInfo,
    SystemParameters,
    reason,
)
from greenline.drivers.zfm_link import MAX_PICTURE_BYTES, NOTHING, Answer, Link, Transfer
from greenline.prints.frame import Frame

SEARCH_BAUDS = (57600, 115200, 9600, 19200, 38400)
GREY_LEVELS = 16

_PROBE_S = 0.3
_SEARCH_ROUNDS = 2  # a module that has just got its power is deaf during the first
_CAPTURE_S = 2.0
_LOOK_AGAIN_S = 0.05
_TRANSFER_ATTEMPTS = 3
_STATED_DPI = 508.0  # what the manuals of the modules say that describe themselves

_RETRIES: dict[int, Retry] = {
    Confirmation.NO_FINGER: Retry.NO_FINGER,
    Confirmation.CAPTURE_FAILED: Retry.NOT_TAKEN,
    Confirmation.MESSY: Retry.SMUDGED,
    Confirmation.FEW_POINTS: Retry.TOO_FAINT,
}


@dataclass(frozen=True)
class Geometry:
    """The picture of a module: width and height in pixels, dpi as its maker states it."""

    width: int
    height: int
    dpi: float

    @property
    def picture_bytes(self) -> int:
        """Bytes on the line: two pixels in each."""
        return self.width * self.height // 2


# For modules that cannot say their size; their number of bytes tells them apart.
_BY_BYTES = {
    geometry.picture_bytes: geometry
    for geometry in (Geometry(256, 288, 500.0), Geometry(192, 192, _STATED_DPI))
}


class Zfm:
    """One module on one port: a Sensor. Not safe to share between threads."""

    def __init__(self, link: Link, product: ProductInfo | None) -> None:
        self._link = link
        self._product = product
        self._geometry = None if product is None else _stated_geometry(product)

    @classmethod
    def open(cls, port: Port, clock: Clock, run_at: int | None = None) -> Self:
        """Find the module's speed, beginning with the port's own, and learn what it is.

        run_at: change the module to this speed if it has another. Raises PortTimeoutError when no
        module answers at any speed, RefusedError when somebody has set a password on it. The port
        belongs to the driver only when this returns.
        """
        link = Link(port, clock)
        _search_speed(link)
        if run_at is not None and port.baud != run_at:
            _change_speed(link, run_at)
        return cls(link, _product(link))

    def info(self) -> SensorInfo:
        """Describe the sensor, from what is known already: no exchange with the device."""
        model = self._product.model if self._product else "ZFM module"
        serial = self._product.serial if self._product else ""
        size = self._geometry
        if size is None:
            return SensorInfo(model, serial, None, None, None, GREY_LEVELS)
        return SensorInfo(model, serial, size.width, size.height, size.dpi, GREY_LEVELS)

    @property
    def baud(self) -> int:
        """The speed that is in use, bits a second."""
        return self._link.port.baud

    def finger_present(self) -> bool:
        """Look once whether something lies on the sensor (GenImg). Raises DriverError."""
        return self._capture() is not Retry.NO_FINGER

    def wait_finger(self, *, present: bool, timeout_s: float) -> bool:
        """Wait until a finger lies on the sensor (or none does); False: the time ran out."""
        deadline = self._link.clock() + timeout_s
        while self.finger_present() is not present:
            now = self._link.clock()
            if now >= deadline:
                return False
            self._link.idle(min(deadline, now + _LOOK_AGAIN_S))
        return True

    def scan(self, progress: Progress | None = None) -> Frame | Retry:
        """Take one picture: GenImg, then UpImage, repeated while its transfer arrives damaged.

        While the size of a module's picture is still to be learnt, its progress is an estimate.
        Raises DriverError when the device or the line fails.
        """
        retry = self._capture()
        if retry is not None:
            return retry
        data, size = self._upload(progress or _tell_nobody)
        return Frame.from_nibbles(data, size.width, size.height, size.dpi)

    def parameters(self) -> SystemParameters | None:
        """Read the module's settings; None when it has no such command (R308)."""
        answer = self._ask(Command.READ_SYS_PARA)
        try:
            return SystemParameters.parse(answer.data) if answer.code == Confirmation.OK else None
        except BadPacketError as error:
            raise BadTransferError(str(error)) from error

    def close(self) -> None:
        """Let go of the port; harmless when it is gone or closed already."""
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

    def _capture(self) -> Retry | None:
        """Take a picture into the module's buffer; None: it holds one now."""
        answer = self._ask(Command.GEN_IMG, timeout_s=_CAPTURE_S)
        if answer.code in _RETRIES:
            return _RETRIES[answer.code]
        _demand_ok(Command.GEN_IMG, answer)
        return None

    def _upload(self, progress: Progress) -> tuple[bytes, Geometry]:
        """Fetch the picture from the module's buffer, where it stays until the next GenImg."""
        unmarked: bytes | None = None
        for attempt in range(_TRANSFER_ATTEMPTS):
            repeated, last = attempt > 0, attempt == _TRANSFER_ATTEMPTS - 1
            transfer = self._transfer(progress, may_be_busy=repeated and not last)
            size = self._geometry or _BY_BYTES.get(len(transfer.data))
            if size is None or len(transfer.data) != size.picture_bytes:
                continue
            # Packets have no number. While the size is still to be learnt, a transfer without an
            # end mark may be half a picture that looks like a whole small one: see it twice.
            if self._geometry or transfer.ended or transfer.data == unmarked:
                self._geometry = size
                progress(1.0)
                return transfer.data, size
            unmarked = transfer.data
        raise BadTransferError(
            f"the picture arrived damaged {_TRANSFER_ATTEMPTS} times (the last with "
            f"{len(transfer.data)} bytes); look at the sensor's cable or choose a lower speed"
        )

    def _transfer(self, progress: Progress, *, may_be_busy: bool) -> Transfer:
        """Ask for the picture and collect it; may_be_busy: the module may still be sending."""
        try:
            _demand_ok(Command.UP_IMAGE, self._ask(Command.UP_IMAGE))
        except PortTimeoutError:
            if may_be_busy:
                return NOTHING
            raise
        expected = self._geometry.picture_bytes if self._geometry else None
        whole = expected or max(_BY_BYTES)
        return self._link.receive(expected, lambda count: progress(min(1.0, count / whole)))

    def _ask(self, code: Command, timeout_s: float | None = None) -> Answer:
        """Give a command; a module that has lost its power meanwhile is unlocked again."""
        ask = (code,) if timeout_s is None else (code, b"", timeout_s)
        answer = self._link.ask(*ask)
        if answer.code == Confirmation.VERIFY_PASSWORD_FIRST:
            _verify_password(self._link)
            answer = self._link.ask(*ask)
        return answer


def _tell_nobody(_: float) -> None:
    """Take a progress that nobody wants to know."""


def _demand_ok(code: Command, answer: Answer) -> None:
    if answer.code != Confirmation.OK:
        raise RefusedError(code.name, answer.code, reason(answer.code))


def _verify_password(link: Link, timeout_s: float = _PROBE_S) -> None:
    _demand_ok(Command.VFY_PWD, link.ask(Command.VFY_PWD, NO_PASSWORD, timeout_s))


def _answers(link: Link) -> bool:
    """Say whether a module answers at the port's speed."""
    try:
        _verify_password(link)
    except (PortTimeoutError, BadTransferError):
        return False
    return True


def _search_speed(link: Link) -> None:
    bauds = dict.fromkeys((link.port.baud, *SEARCH_BAUDS))  # each once, in this order
    for _ in range(_SEARCH_ROUNDS):
        for baud in bauds:
            link.port.set_baud(baud)
            if _answers(link):
                return
    raise PortTimeoutError(
        "no fingerprint module answers at any speed; look at its supply, and whether its "
        "RX and TX wires are crossed"
    )


def _change_speed(link: Link, baud: int) -> None:
    """Ask for another speed, and find the module again at that one or at the one it kept.

    Some modules change at once, some at the next power-on, some never, and all say yes.
    """
    value = bytes([Parameter.BAUD, baud // BAUD_STEP])
    if link.ask(Command.SET_SYS_PARA, value).code == Confirmation.OK:
        link.idle(link.clock() + _PROBE_S)
        link.port.set_baud(baud)
        _search_speed(link)


def _product(link: Link) -> ProductInfo | None:
    """Ask the module what it is; None: it is of the older kind that cannot say."""
    try:
        answer = link.ask(Command.READ_PROD_INFO, timeout_s=_PROBE_S)
        product = ProductInfo.parse(answer.data) if answer.code == Confirmation.OK else None
    except (PortTimeoutError, BadTransferError, BadPacketError):
        return None  # it may ignore what it does not know; its picture's bytes give the size
    return product


def _stated_geometry(product: ProductInfo) -> Geometry | None:
    """Return the size that the module states; None when it cannot be true."""
    size = Geometry(product.width, product.height, _STATED_DPI)
    odd = product.width * product.height % 2
    return None if odd or size.picture_bytes > MAX_PICTURE_BYTES else size
