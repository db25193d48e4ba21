"""Conversation with a U.are.U reader: registers, start-up, events, one picture's transfer.

Source of the sequences: see uru4500_codec.py. What a recorded conversation shows is kept to the
letter, because a recording replays in no other order.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, TypeVar

from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    PortLostError,
    PortTimeoutError,
    StalledError,
)
from greenline.drivers.port import Clock
from greenline.drivers.uru4500_codec import (
    CHALLENGE_BYTES,
    LOW_POWER,
    NORMAL,
    POWERED,
    REQUEST,
    TROUBLE,
    Event,
    Mode,
    Register,
    answer_challenge,
    event_of,
    key_from,
    seed_message,
)
from greenline.drivers.uru4500_picture import TRANSFER_BYTES
from greenline.drivers.usb_interrupts import Interrupt
from greenline.drivers.usb_port import UsbPort

log = logging.getLogger(__name__)

T = TypeVar("T")

PICTURE_S = 1.0  # 0.14 s in the recordings

_START_UPS = 3
_SCAN_POWER_S = 0.3
_POWER_STEPS = 100
_POWER_STEP_S = 0.01
_DEVICE_INFO_BYTES = 16


class Link:
    """Commands to one reader over one port; it owns the port.

    challenges: the reader wants a challenge answered before it powers up (045e:00ca).
    new_seed: gives 32 bits for each key that is fetched; any will do.
    """

    def __init__(
        self, port: UsbPort, clock: Clock, new_seed: Callable[[], int], *, challenges: bool
    ) -> None:
        self.port = port
        self.clock = clock
        self._new_seed = new_seed
        self._challenges = challenges

    def start_up(self) -> None:
        """Bring the reader from whatever state it is in to one in which it takes commands.

        Raises PortLostError, after a USB reset, when it does not come up.
        """
        for _ in range(_START_UPS):
            self.forget_events()
            self._power_up()
            # It may have been reported before the power-up was seen to be done: it waits in line.
            if self.await_event(Event.SCAN_POWER_ON, self.clock() + _SCAN_POWER_S):
                return
            log.warning("the reader did not report its scan power; starting it up again")
        self.give_up("it did not start up")

    def device_info(self) -> bytes:
        """Return 16 bytes that hold hardware and firmware versions; which is which is unknown."""
        return self.read(Register.DEVICE_INFO, _DEVICE_INFO_BYTES)

    def set_mode(self, mode: Mode) -> None:
        """Tell the reader what to do next."""
        self.write(Register.MODE, bytes([mode]))

    def switch_off(self) -> None:
        """End what the reader is doing; it still answers registers."""
        self.set_mode(Mode.OFF)

    def transfer_picture(self) -> bytes:
        """Capture; return what arrives, nothing when the reader has none.

        Raises BadTransferError, PortTimeoutError and StalledError once each, without a repeat.
        """
        return self.port.read_while(TRANSFER_BYTES, PICTURE_S, lambda: self.set_mode(Mode.CAPTURE))

    def fetch_key(self, number: int) -> int:
        """Return the key of this number, under which a picture was sent."""
        seed = self._new_seed()
        self.write(Register.SEED, seed_message(number, seed))
        return key_from(self.read(Register.KEY, 4), seed)

    def await_event(self, wanted: Event, deadline: float) -> Interrupt | None:
        """Return the report of this event; None when the deadline passes. Others are dropped."""
        while (packet := self.port.next_interrupt(deadline)) is not None:
            event = event_of(packet.data)
            if event == wanted:
                return packet
            if event != Event.SCAN_POWER_ON:  # that comes at any time and means nothing then
                log.info("the reader reports event %#06x", event)
        return None

    def forget_events(self) -> None:
        """Drop the reports that nobody has looked at."""
        while self.port.next_interrupt(self.clock()) is not None:
            pass

    def read(self, register: Register, count: int) -> bytes:
        """Read count registers, with one repeat; then the reader is reset: PortLostError."""

        def read_once() -> bytes:
            data = self.port.control_in(REQUEST, register, count)
            if len(data) != count:
                raise BadTransferError(f"{len(data)} bytes came instead of {count}")
            return data

        return self._twice(read_once)

    def write(self, register: Register, data: bytes) -> None:
        """Write registers, with one repeat; then the reader is reset: PortLostError."""
        self._twice(lambda: self.port.control_out(REQUEST, register, data))

    def give_up(self, reason: str, cause: DriverError | None = None) -> NoReturn:
        """Reset the reader, for the next one to open it, and raise PortLostError."""
        with suppress(DriverError):
            self.port.reset()
        raise PortLostError(
            f"the reader was reset because {reason}; if it happens again, look at its cable and hub"
        ) from cause

    def _twice(self, exchange: Callable[[], T]) -> T:
        try:
            return exchange()
        except (BadTransferError, PortTimeoutError, StalledError) as fault:
            log.warning("%s; trying again", fault)
        try:
            return exchange()
        except (BadTransferError, PortTimeoutError, StalledError) as fault:
            self.give_up(f"a register failed twice ({fault})", fault)

    def _power_up(self) -> None:
        status = self._status()
        if status & (LOW_POWER | TROUBLE) == LOW_POWER | TROUBLE:
            status = self._reboot_power(status)
        if not status & LOW_POWER:
            self._set_status(status | LOW_POWER)
        for _ in range(_POWER_STEPS):
            self._set_status(status & POWERED)
            if not self._status() & LOW_POWER:
                return
            self._pause()
            if self._challenges:
                challenge = self.read(Register.CHALLENGE, CHALLENGE_BYTES)
                self.write(Register.RESPONSE, answer_challenge(challenge))
        self.give_up("it stays in low power")

    def _reboot_power(self, status: int) -> int:
        """Lead the reader out of the state in which something is wrong; return its status."""
        self._set_status(status & POWERED)
        for _ in range(_POWER_STEPS):
            status = self._status()
            if status & NORMAL:
                return status
            self._pause()
        return self.give_up("it reports a fault of its power")

    def _status(self) -> int:
        return self.read(Register.HARDWARE_STATUS, 1)[0]

    def _set_status(self, status: int) -> None:
        self.write(Register.HARDWARE_STATUS, bytes([status]))

    def _pause(self) -> None:
        self.port.idle(self.clock() + _POWER_STEP_S)
