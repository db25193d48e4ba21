"""A U.are.U reader, simulated: register requests in, events and pictures out.

Sans-IO: the USB bus (usb_bus.py) carries the transfers, spoils them, and makes threads wait. A
test speaks domain words: press(), lift(), switch_off_power().
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.simulation.sensor_area import fitted
from greenline.drivers.simulation.uru4500_transfer import USUAL_BLOCKS, delivered, encode_picture
from greenline.drivers.uru4500_codec import (
    CHALLENGE_BYTES,
    LOW_POWER,
    NORMAL,
    TROUBLE,
    Event,
    Mode,
    Register,
    answer_challenge,
)
from greenline.drivers.uru4500_picture import HEIGHT, WIDTH, Block, Optics
from greenline.prints.frame import Frame

_EVENT_BYTES = 64
_OLD_EVENTS = bytes.fromhex("010102000800100020008000")  # the rest of a packet is rubbish like this
_GROUND = 0  # before inversion


@dataclass(frozen=True)
class ReaderKind:
    """One kind of reader. vendor, product: USB numbers. status: HARDWARE_STATUS when plugged in.

    challenges: it powers up only after the right response. blocks: how it sends a picture.
    """

    vendor: int
    product: int
    model: str
    serial: str
    optics: Optics
    status: int
    challenges: bool = False
    blocks: Sequence[Block] = USUAL_BLOCKS


URU4500 = ReaderKind(
    vendor=0x05BA,
    product=0x000A,
    model="U.are.U 4500 (simulated)",
    serial="{00000000-0000-0000-0000-000000000001}",
    optics=Optics(turned=True, inverted=True, dpi=512.0),
    status=NORMAL,
)
MICROSOFT_V2 = ReaderKind(
    vendor=0x045E,
    product=0x00CA,
    model="Fingerprint Reader v2 (simulated)",
    serial="",
    optics=Optics(turned=False, inverted=True, dpi=512.0),
    status=LOW_POWER | NORMAL,
    challenges=True,
)


class UnknownRegisterError(Exception):
    """The reader does not know this request: it stalls."""


class UruReader:
    """One reader. Not safe between threads: the bus holds its lock around every call.

    mode: what it was told last, None before. unreported: how many times yet it powers up without
    saying so. empty: how many times yet it has no picture to send. refuses: it takes no response
    to its challenge. starts: how often it has powered up. seed: of its keys.
    """

    def __init__(self, kind: ReaderKind, seed: int = 1) -> None:
        self.kind = kind
        self.mode: Mode | None = None
        self.unreported = 0
        self.empty = 0
        self.refuses = False
        self.starts = 0
        self._random = random.Random(seed)  # noqa: S311  # keys of a simulated reader hide nothing
        self._keys = [self._random.getrandbits(32) for _ in range(256)]
        self._finger: Frame | None = None
        self._events: deque[bytes] = deque()
        self.restart()

    def restart(self) -> None:
        """Pull it out and plug it in: it forgets all but the finger that lies on it."""
        self.mode = None
        self._events.clear()
        self._status = self.kind.status
        self._key_answer = bytes(4)
        self._challenge = b""
        self._answered = False

    def press(self, frame: Frame) -> None:
        """Lay a finger on the sensor; it stays until lift()."""
        self._finger = fitted(frame, WIDTH, HEIGHT, self.kind.optics.dpi)
        self._report_finger()

    def lift(self) -> None:
        """Take the finger away."""
        self._finger = None
        self._report_finger()

    def key(self, number: int) -> int:
        """Return one of its keys, 32 bits; a driver has to ask for it by a register."""
        return self._keys[number]

    @property
    def delivers(self) -> Frame:
        """What a driver that loses nothing makes of the picture now, in the sensor's own pixels."""
        pixels = delivered(self._raw(), self.kind.blocks)
        return Frame(_through(pixels, self.kind.optics), self.kind.optics.dpi)

    def trouble(self) -> None:
        """Bring the reader into the state in which its power wants to be started anew."""
        self._status = LOW_POWER | TROUBLE

    def report(self, event: int) -> None:
        """Send an event, whether or not there is a reason."""
        packet = event.to_bytes(2, "big") + _OLD_EVENTS
        self._events.append(packet.ljust(_EVENT_BYTES, b"\0"))

    def take_event(self) -> bytes | None:
        """Return the next interrupt packet; None: there is none now."""
        return self._events.popleft() if self._events else None

    def take_picture(self) -> bytes | None:
        """Return the next bulk transfer; None: there is none now."""
        if self.mode is not Mode.CAPTURE:
            return None
        self.mode = None  # it waits to be told again
        if self.empty:
            self.empty -= 1
            self.report(Event.DEATH)
            return b""
        number = self._random.randrange(8)
        return encode_picture(self._raw(), self.kind.blocks, number, self._keys.__getitem__)

    def read(self, register: int, count: int) -> bytes:
        """Answer a reading request. Raises UnknownRegisterError."""
        match register:
            case Register.HARDWARE_STATUS:
                return bytes([self._status])[:count]
            case Register.KEY:
                return self._key_answer[:count]
            case Register.DEVICE_INFO:
                return bytes.fromhex("1a0a1a0a01150000002000108b211130")[:count]
            case Register.CHALLENGE if self.kind.challenges:
                self._challenge = self._random.randbytes(CHALLENGE_BYTES)
                return self._challenge[:count]
        raise UnknownRegisterError

    def write(self, register: int, data: bytes) -> None:
        """Carry out a writing request. Raises UnknownRegisterError."""
        match register:
            case Register.HARDWARE_STATUS:
                self._set_status(data[0])
            case Register.SEED:
                key = self._keys[data[0]] ^ int.from_bytes(data[1:5], "little")
                self._key_answer = key.to_bytes(4, "little")
            case Register.MODE:
                self.mode = Mode(data[0])
                self._report_finger()
            case Register.RESPONSE if self.kind.challenges:
                right = data == answer_challenge(self._challenge)
                self._answered = right and not self.refuses
            case _:
                raise UnknownRegisterError

    def _set_status(self, status: int) -> None:
        if status & LOW_POWER:
            self._status = status
            return
        if self._status & LOW_POWER and self.kind.challenges and not self._answered:
            return  # it stays asleep
        woken = self._status & LOW_POWER
        self._status = status & ~TROUBLE | NORMAL
        if not woken:
            return
        self.starts += 1
        if self.unreported:
            self.unreported -= 1
            return
        self.report(Event.SCAN_POWER_ON)

    def _report_finger(self) -> None:
        """Tell what the mode asks for, once; the mode stays."""
        if self.mode is Mode.AWAIT_FINGER_ON:
            self.report(Event.SCAN_POWER_ON)  # it says so in between, and it means nothing
            if self._finger is not None:
                self.report(Event.FINGER_ON)
        elif self.mode is Mode.AWAIT_FINGER_OFF and self._finger is None:
            self.report(Event.FINGER_OFF)

    def _raw(self) -> NDArray[np.uint8]:
        if self._finger is None:
            return np.full((HEIGHT, WIDTH), _GROUND, np.uint8)
        raw = _through(self._finger.pixels, self.kind.optics).copy()
        raw[:2], raw[-2:], raw[:, :2], raw[:, -2:] = _GROUND, _GROUND, _GROUND, _GROUND
        return raw


def _through(pixels: NDArray[np.uint8], optics: Optics) -> NDArray[np.uint8]:
    """Return the picture as it looks from the other side of the sensor's optics."""
    if optics.inverted:
        pixels = ~pixels
    return np.ascontiguousarray(pixels[::-1, ::-1] if optics.turned else pixels)
