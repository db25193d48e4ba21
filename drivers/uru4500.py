"""Driver of the U.are.U 4000, 4000B and 4500 readers and Microsoft's readers of the same make.

Joins codec, picture, link and port to a Sensor. Nothing is matched or stored on the reader.
"""

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from greenline.drivers.errors import (
    BadPacketError,
    BadTransferError,
    DriverError,
    PortTimeoutError,
    StalledError,
)
from greenline.drivers.port import Clock
from greenline.drivers.sensor import Progress, Retry, SensorInfo, Watch
from greenline.drivers.uru4500_codec import Event, Mode
from greenline.drivers.uru4500_link import Link
from greenline.drivers.uru4500_picture import (
    FRAME_DPI,
    Block,
    Header,
    Optics,
    Pixels,
    frame_size,
    resampled,
    to_frame,
    unscramble,
)
from greenline.drivers.usb_port import UsbPort
from greenline.prints.frame import Frame

log = logging.getLogger(__name__)

GREY_LEVELS = 256

_RENEW_S = 2.0  # then it is told again to watch, lest a lost report be awaited for ever
_LOOK_S = 0.3  # how long a reader may take to report a finger that lies there already
_FRESH_S = 2.0  # so long a reported finger is believed to be there still
_ATTEMPTS = 3
_EMPTY_PICTURES = 3  # in a row; then the reader is started up again


@dataclass(frozen=True)
class Kind:
    """One member of the family. optics: of most units; two with the same numbers may differ."""

    name: str
    optics: Optics
    challenges: bool = False


# 512 dpi is the data sheet's value as remembered, and unproven: to be checked with a target.
_UPRIGHT = Optics(turned=False, inverted=True, dpi=512.0)
_TURNED = Optics(turned=True, inverted=True, dpi=512.0)

KINDS = {
    (0x05BA, 0x0007): Kind("U.are.U 4000", _TURNED),
    (0x05BA, 0x0008): Kind("U.are.U 4000 in a keyboard", _TURNED),
    (0x05BA, 0x000A): Kind("U.are.U 4000B or 4500", _TURNED),
    (0x045E, 0x00BB): Kind("Microsoft keyboard with fingerprint reader", _UPRIGHT),
    (0x045E, 0x00BC): Kind("Microsoft IntelliMouse with fingerprint reader", _UPRIGHT),
    (0x045E, 0x00BD): Kind("Microsoft fingerprint reader", _UPRIGHT),
    (0x045E, 0x00CA): Kind("Microsoft fingerprint reader v2", _UPRIGHT, challenges=True),
}
"""By USB vendor and product. Proven with recordings: 05ba:000a and 045e:00ca."""


def any_seed() -> int:
    """Return 32 random bits for a key exchange."""
    return secrets.randbits(32)


class Uru4500:
    """One reader on one port: a Sensor. Not safe to share between threads."""

    def __init__(self, link: Link, kind: Kind, optics: Optics) -> None:
        self._link = link
        self._kind = kind
        self._optics = optics
        self._mode: Mode | None = None  # what the reader watches for, None for nothing
        self._seen_at: float | None = None  # when it reported a finger, in this mode
        self._renew_at = 0.0  # when it is to be told its mode again
        self._empty = 0
        self._unusual: tuple[Block, ...] | None = None  # of the last picture, if they were
        self._closed = False

    @classmethod
    def open(
        cls,
        port: UsbPort,
        clock: Clock,
        optics: Optics | None = None,
        new_seed: Callable[[], int] = any_seed,
    ) -> Self:
        """Start the reader up. optics: None takes what is usual for its kind.

        Raises PortLostError when it does not come up, after a USB reset. The port belongs to the
        driver only when this returns. The port's device must be one of KINDS.
        """
        kind = KINDS[port.identity.vendor, port.identity.product]
        link = Link(port, clock, new_seed, challenges=kind.challenges)
        link.start_up()
        log.info("%s, device info %s", kind.name, link.device_info().hex())
        return cls(link, kind, optics or kind.optics)

    def info(self) -> SensorInfo:
        """Describe the sensor, from what is known already: no exchange with the device."""
        identity = self._link.port.identity
        width, height = frame_size(self._optics)
        model = identity.model or self._kind.name
        return SensorInfo(model, identity.serial, width, height, FRAME_DPI, GREY_LEVELS, live=True)

    def still_there(self) -> None:
        """Read a register. Raises DriverError when the reader does not give it."""
        self._link.device_info()

    def finger_present(self) -> bool:
        """Look once whether something lies on the sensor; takes up to 0.3 s. Raises DriverError."""
        return self._look(0.0)

    def wait_finger(self, *, present: bool, timeout_s: float) -> bool:
        """Wait until a finger lies on the sensor (or none does); False: the time ran out.

        The reader itself watches and reports; its report is awaited in one go.
        """
        return self._look(timeout_s) if present else self._await_lift(timeout_s)

    def scan(self, progress: Progress | None = None, watch: Watch | None = None) -> Frame | Retry:
        """Take one picture, at 500 dpi; it arrives in one piece, so progress comes at its end.

        Nobody can watch it arrive. Raises DriverError when the device fails.
        """
        del watch
        picture = self.scan_native(progress)
        return picture if isinstance(picture, Retry) else resampled(picture)

    def scan_native(self, progress: Progress | None = None) -> Frame | Retry:
        """Take one picture as scan() does, in the sensor's own 384 x 290 pixels."""
        if not self._fresh(self._seen_at) and not self._look(0.0):
            return Retry.NO_FINGER
        pixels = self._picture()
        if isinstance(pixels, Retry):
            return pixels
        if progress is not None:
            progress(1.0)
        self._watch(Mode.AWAIT_FINGER_OFF)
        return to_frame(pixels, self._optics)

    def close(self) -> None:
        """Switch the reader off and let go of it; harmless when it is gone or closed already."""
        if self._closed:
            return
        self._closed = True
        with suppress(DriverError):
            self._link.switch_off()
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

    def _look(self, timeout_s: float) -> bool:
        """Say whether a finger is reported in this time, or in _LOOK_S if nobody watched yet."""
        clock = self._link.clock
        deadline = clock() + timeout_s
        if self._mode is not Mode.AWAIT_FINGER_ON or self._seen_at is not None:
            deadline = max(deadline, self._watch_for_finger())
        while True:
            limit = min(deadline, self._renew_at)
            report = self._link.await_event(Event.FINGER_ON, limit)
            if report is not None and self._fresh(report.at):
                self._seen_at = report.at
                return True
            if report is None and clock() < self._renew_at:
                return False
            # It came while nobody looked and the finger may be gone by now, or it may be lost.
            deadline = max(deadline, self._watch_for_finger())

    def _watch_for_finger(self) -> float:
        """Begin to watch; return when a finger that lies there already must have been reported."""
        self._watch(Mode.AWAIT_FINGER_ON)
        return self._link.clock() + _LOOK_S

    def _await_lift(self, timeout_s: float) -> bool:
        deadline = self._link.clock() + timeout_s
        if self._mode is not Mode.AWAIT_FINGER_OFF:
            if not self._look(0.0):
                return True
            self._watch(Mode.AWAIT_FINGER_OFF)
        while True:
            limit = min(deadline, self._renew_at)
            if self._link.await_event(Event.FINGER_OFF, limit) is not None:
                self._mode = None
                return True
            if self._link.clock() < self._renew_at:
                return False
            self._watch(Mode.AWAIT_FINGER_OFF)

    def _watch(self, mode: Mode) -> None:
        """Have the reader watch for something; reports from before are forgotten."""
        self._link.forget_events()
        self._mode, self._seen_at = None, None  # should the reader not take it
        self._link.set_mode(mode)
        self._mode = mode
        self._renew_at = self._link.clock() + _RENEW_S

    def _fresh(self, reported_at: float | None) -> bool:
        return reported_at is not None and self._link.clock() - reported_at < _FRESH_S

    def _picture(self) -> Pixels | Retry:
        """Take the picture of the finger that was reported, with repeats while it is damaged."""
        fault: DriverError | None = None
        for _ in range(_ATTEMPTS):
            self._mode, self._seen_at = None, None
            try:
                data = self._link.transfer_picture()
                if not data:
                    return self._no_picture()
                self._demand_usual(data)
                pixels = unscramble(data, self._link.fetch_key)
            except (BadPacketError, BadTransferError) as damage:
                fault = damage
            except (StalledError, PortTimeoutError) as trouble:
                fault = trouble
                if not self._recover(trouble):
                    return Retry.NO_FINGER
            else:
                self._empty = 0
                return pixels
            log.warning("picture repeated: %s", fault)
        return self._link.give_up(f"the picture failed {_ATTEMPTS} times ({fault})", fault)

    def _demand_usual(self, data: bytes) -> None:
        """Raise BadPacketError at a header that is unusual, until the next picture has the same."""
        header = Header.parse(data)
        confirmed = header.blocks == self._unusual
        self._unusual = None if header.complete else header.blocks
        if not header.complete and not confirmed:
            raise BadPacketError("the blocks of the picture do not make up its height")

    def _recover(self, trouble: DriverError) -> bool:
        """Start up again when no picture came; say whether the finger is still there."""
        if isinstance(trouble, StalledError):
            self._link.port.clear_halt()
        self._link.start_up()
        return self._look(0.0)

    def _no_picture(self) -> Retry:
        """Take note of a picture without bytes, which some readers give now and then."""
        self._empty += 1
        if self._empty >= _EMPTY_PICTURES:
            self._empty = 0
            self._link.switch_off()
            self._link.start_up()
        return Retry.NOT_TAKEN
