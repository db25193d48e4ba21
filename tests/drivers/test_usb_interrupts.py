"""The thread that reads interrupts: what stops it, and what does not."""

import queue
import time
from collections.abc import Iterator

import pytest

from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    PortLostError,
    PortTimeoutError,
    StalledError,
)
from greenline.drivers.usb_interrupts import InterruptReader


class Line:
    """An endpoint on which packets and faults arrive in the order in which they are put."""

    def __init__(self) -> None:
        self.coming: queue.Queue[bytes | DriverError] = queue.Queue()

    def read(self) -> bytes:
        try:
            packet = self.coming.get(timeout=0.01)
        except queue.Empty:
            raise PortTimeoutError("nothing came") from None
        if isinstance(packet, DriverError):
            raise packet
        return packet


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def reader(line: Line) -> Iterator[InterruptReader]:
    made = InterruptReader(line.read, time.monotonic)
    made.start()
    yield made
    made.stop()


def soon() -> float:
    return time.monotonic() + 5.0


@pytest.mark.parametrize("fault", [BadTransferError("noise"), StalledError("stall")], ids=repr)
def test_some_failures_in_a_row_are_lived_through(
    line: Line, reader: InterruptReader, fault: DriverError
) -> None:
    for packet in (fault, fault, fault, fault, b"one", fault, fault, fault, fault, b"two"):
        line.coming.put(packet)
    got = [reader.next(soon()), reader.next(soon())]
    assert [packet and packet.data for packet in got] == [b"one", b"two"]


def test_too_many_failures_in_a_row_are_the_end(line: Line, reader: InterruptReader) -> None:
    line.coming.put(b"one")
    for _ in range(5):
        line.coming.put(StalledError("it stalls"))
    packet = reader.next(soon())
    assert packet is not None
    assert packet.data == b"one"
    for _ in range(2):
        with pytest.raises(BadTransferError, match="it stalls"):
            reader.next(soon())
        with pytest.raises(BadTransferError, match="it stalls"):
            reader.idle(soon())


def test_a_lost_port_is_the_end_at_once(line: Line, reader: InterruptReader) -> None:
    line.coming.put(PortLostError("it has been unplugged"))
    with pytest.raises(PortLostError):
        reader.idle(soon())


def test_a_device_that_chatters_while_nobody_listens_fills_no_memory(
    line: Line, reader: InterruptReader
) -> None:
    for number in range(1000):
        line.coming.put(number.to_bytes(2, "big"))
    line.coming.put(PortLostError("it has been unplugged"))
    with pytest.raises(PortLostError):
        reader.idle(soon())
    kept = [reader.next(soon()) for _ in range(256)]
    numbers = [int.from_bytes(packet.data, "big") for packet in kept if packet is not None]
    assert numbers == list(range(1000 - 256, 1000))
    with pytest.raises(PortLostError):
        reader.next(soon())


def test_stopping_twice_is_harmless(line: Line) -> None:
    reader = InterruptReader(line.read, time.monotonic)
    reader.start()
    reader.stop()
    reader.stop()
    assert reader.next(time.monotonic()) is None
