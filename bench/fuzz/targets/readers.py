"""U.are.U readers: pictures as they are sent, whole conversations."""

from typing import Any

import numpy as np

from bench.fuzz.target import BrokenError, Prepared, Target
from greenline.drivers.errors import DriverError
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.uru4500_transfer import encode_picture
from greenline.drivers.simulation.virtual import VirtualClock
from greenline.drivers.uru4500 import Uru4500
from greenline.drivers.uru4500_picture import (
    HEIGHT,
    KEY_STAYS,
    NEXT_KEY,
    NOT_SENT,
    SCRAMBLED,
    WIDTH,
    Block,
    Optics,
    unscramble,
)
from greenline.drivers.usb_interrupts import Interrupt
from greenline.drivers.usb_port import UsbIdentity
from greenline.prints.frame import Frame


def _key(number: int) -> int:
    return 0x51EA2124 * (number + 1) & 0xFFFFFFFF


def _transfers() -> tuple[bytes, ...]:
    """Small ones, most of whose lines were not sent."""
    lines, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    raw = (128 + 60 * np.sin(columns / 3) * np.cos(lines / 40)).astype(np.uint8)
    small = (Block(SCRAMBLED, 3), Block(0, 1), Block(SCRAMBLED | NEXT_KEY, 2))
    # The keystream stands still over what is left out: to make it would be most of the work.
    left_out = Block(NOT_SENT | KEY_STAYS, 142)
    return (
        encode_picture(raw, (left_out, left_out, *small), 7, _key),
        encode_picture(raw, (left_out, *small, left_out), 250, _key),
        *(
            encode_picture(raw, blocks, 0, _key)
            for blocks in (
                (left_out, left_out, Block(0, 6)),
                (left_out, Block(0, 3), left_out, Block(0, 3)),
                (Block(0, 1), left_out, Block(0, 5), left_out),
            )
        ),
    )


def _reader_pictures() -> Prepared:
    def check(_data: bytes, pixels: np.ndarray) -> None:
        if pixels.shape != (HEIGHT, WIDTH):
            raise BrokenError(f"a picture of {pixels.shape}")

    return Prepared(lambda data: unscramble(data, _key), _transfers(), check)


class _Reader:
    """A reader that says what it was told to: 64 bytes of registers, 32 of events, a picture."""

    identity = UsbIdentity(0x045E, 0x00CA, "", "")  # the one that also gives a challenge

    def __init__(self, data: bytes) -> None:
        self.clock = VirtualClock()
        self._registers, self._events = data[:64], data[64:96]
        self._picture = data[96:]

    def control_in(self, request: int, value: int, count: int) -> bytes:
        del request, value
        part, self._registers = self._registers[:count], self._registers[count:]
        return part

    def control_out(self, request: int, value: int, data: bytes) -> None:
        del request, value, data

    def read_while(self, count: int, timeout_s: float, meanwhile: Any) -> bytes:
        del timeout_s
        meanwhile()
        return self._picture[:count]

    def next_interrupt(self, deadline: float) -> Interrupt | None:
        part, self._events = self._events[:2], self._events[2:]
        # What waits at a look without patience would be forgotten: it comes with the next one.
        if part and deadline > self.clock.now:
            return Interrupt(part, self.clock.now)
        self._events = part + self._events
        self.clock.now = max(self.clock.now, deadline)
        return None

    def idle(self, deadline: float) -> None:
        self.clock.now = max(self.clock.now, deadline)

    def clear_halt(self) -> None:
        pass

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


def _readers() -> Prepared:
    """A whole conversation with the real driver, from start-up to a picture."""
    key = _key(0).to_bytes(4, "little")
    up = b"\x81\x01" + bytes(range(16))  # low power, normal; then its versions
    challenged = b"\x81\x81" + bytes(16) + b"\x01" + bytes(16)
    events = b"\x56\xaa\x01\x01".ljust(32, b"\2")
    picture = _transfers()[2]
    optics = Optics(turned=True, inverted=True, dpi=500.0)  # any other costs a resampling each

    def decode(data: bytes) -> Frame | Retry:
        port = _Reader(data)
        with Uru4500.open(port, port.clock, optics, lambda: 0) as reader:
            return reader.scan()

    seeds = tuple(
        (registers + key * 4).ljust(64, b"\1") + events + picture for registers in (up, challenged)
    )
    return Prepared(decode, seeds)


TARGETS = (
    Target("uru4500-picture", _reader_pictures, (DriverError,), most_bytes=8192),
    Target("uru4500-reader", _readers, (DriverError,), most_bytes=8192),
)
