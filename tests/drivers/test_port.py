"""The contract of a Port, over every implementation, and what the serial one says of its faults."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.port import Clock, Port, SerialPort
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm_codec import Packet, PacketKind, encode

HAND_SHAKE = encode(Packet(PacketKind.COMMAND, b"\x40"))
OK = encode(Packet(PacketKind.ANSWER, b"\x00"))
SOON_S, LONG_S = 0.05, 10.0


@dataclass
class World:
    """A port to an AS608 at 57600 that answers a HandShake in one go."""

    port: Port
    clock: Clock
    unplug: Callable[[], None]

    def ask(self) -> None:
        self.port.write(HAND_SHAKE, self.clock() + LONG_S)

    def read(self, most: int = 100, seconds: float = LONG_S) -> bytes:
        return self.port.read(most, self.clock() + seconds)

    def read_all(self, count: int) -> bytes:
        data = b""
        while len(data) < count and (more := self.read(count - len(data))):
            data += more
        return data


@pytest.fixture(params=["serial", "virtual"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    wire = Wire(ZfmModule(AS608), paced=False)
    if request.param == "virtual":
        virtual = VirtualPort(wire)
        yield World(virtual, virtual.clock, virtual.unplug)
        return
    with PtyLine(wire) as line:
        port = SerialPort.open(str(line.path), 57600, time.monotonic)
        yield World(port, time.monotonic, line.unplug)
        port.close()


def test_an_answer_comes_through(world: World) -> None:
    world.ask()
    assert world.read_all(len(OK)) == OK


def test_never_more_is_read_than_asked_for(world: World) -> None:
    world.ask()
    assert [world.read_all(5), world.read_all(len(OK) - 5)] == [OK[:5], OK[5:]]


def test_nothing_is_read_when_the_deadline_passes(world: World) -> None:
    before = world.clock()
    assert world.read(seconds=SOON_S) == b""
    assert world.clock() >= before + SOON_S


def test_a_deadline_in_the_past_still_gives_what_is_there(world: World) -> None:
    world.ask()
    first = world.read(most=1)
    assert first + world.read(seconds=-1.0) == OK


def test_flushed_input_is_gone(world: World) -> None:
    world.ask()
    assert world.read(most=1) == OK[:1]
    world.port.flush_input()
    assert world.read(seconds=SOON_S) == b""


def test_a_module_at_another_speed_does_not_understand(world: World) -> None:
    world.port.set_baud(115200)
    assert world.port.baud == 115200
    world.ask()
    assert world.read(seconds=SOON_S) == b""
    world.port.set_baud(57600)
    world.ask()
    assert world.read_all(len(OK)) == OK


@pytest.mark.parametrize("end", ["unplugged", "closed"])
def test_a_port_that_is_gone_says_so_in_every_method(world: World, end: str) -> None:
    if end == "unplugged":
        world.unplug()
    else:
        world.port.close()
    for use in (world.ask, world.read, world.port.flush_input):
        with pytest.raises(PortLostError):
            use()
    world.port.close()  # harmless


def test_a_waiting_reader_notices_the_unplugging() -> None:
    with PtyLine(Wire(ZfmModule(AS608), paced=False)) as line:

        def clock() -> float:
            line.unplug()  # while the port works out how long to wait
            return time.monotonic()

        port = SerialPort.open(str(line.path), 57600, clock)
        with pytest.raises(PortLostError, match="unplugged"):
            port.read(1, time.monotonic() + LONG_S)
        port.close()


def test_an_absent_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PortLostError, match="absent: it is not there; plug the sensor in"):
        SerialPort.open(str(tmp_path / "absent"), 57600, time.monotonic)


def test_a_file_that_is_no_serial_line_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PortLostError, match="file: it has failed"):
        SerialPort.open(str(tmp_path / "file"), 57600, time.monotonic)


def test_a_port_in_use_is_not_shared() -> None:
    with PtyLine(Wire(ZfmModule(AS608), paced=False)) as line:
        port = SerialPort.open(str(line.path), 57600, time.monotonic)
        with pytest.raises(PortLostError, match="another program uses it"):
            SerialPort.open(str(line.path), 57600, time.monotonic)
        port.close()
        SerialPort.open(str(line.path), 57600, time.monotonic).close()
