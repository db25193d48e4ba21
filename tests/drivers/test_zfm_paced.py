"""Every kind of trouble over a real pseudo-terminal, at the pace of a real line."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from greenline.drivers.errors import BadTransferError, DriverError, PortTimeoutError
from greenline.drivers.simulation.faults import (
    AboveSpeed,
    BadChecksum,
    ChangedByte,
    CutOff,
    Fault,
    InsertedBytes,
    LostBytes,
    LostPacket,
    Noise,
    OnPictures,
    Pause,
    RepeatedPacket,
    Silent,
    Times,
)
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.zfm_kinds import ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.prints.frame import Frame

MakeLine = Callable[..., PtyLine]
MakePrint = Callable[[ModuleKind], Frame]
ACKNOWLEDGE, DATA_PACKET = 12, 11 + 128  # bytes on the line
LENGTH = ACKNOWLEDGE + DATA_PACKET + 7  # of the second data packet

DAMAGED_ONCE = [
    Noise(bytes.fromhex("00 55 ef ff 01 ef 01 33")),
    InsertedBytes(ACKNOWLEDGE + 60, b"\xef\x01\x00"),
    BadChecksum(2),
    LostBytes(ACKNOWLEDGE + 100, 3),
    LostPacket(2),
    RepeatedPacket(2),
    CutOff(ACKNOWLEDGE + 2 * DATA_PACKET + 9),
    ChangedByte(LENGTH, 0x01),
    ChangedByte(LENGTH + 1, 0x7F),
    Pause(1.2, packet=2),
]


def assert_same(got: object, pressed: Frame) -> None:
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, (pressed.pixels >> 4) * np.uint8(17))


@pytest.mark.parametrize(
    ("fault", "baud"),
    [
        *((fault, 115200) for fault in DAMAGED_ONCE),
        (LostBytes(60, 2), 9600),
        (LostPacket(1), 57600),
    ],
    ids=repr,
)
def test_a_picture_damaged_once_is_fetched_again(
    make_line: MakeLine, make_print: MakePrint, small: ModuleKind, fault: Fault, baud: int
) -> None:
    module, pressed = ZfmModule(small, baud=baud), make_print(small)
    module.press(pressed)
    line = make_line(module, paced=True)
    with open_sensor(f"serial:{line.path}?baud={baud}") as sensor:
        line.wire.faults.append(Times(1, OnPictures(fault)))
        assert_same(sensor.scan(), pressed)
        assert_same(sensor.scan(), pressed)


@pytest.mark.parametrize("baud", [9600, 57600])
def test_an_answer_with_a_bad_checksum_is_asked_for_again(
    make_line: MakeLine, small: ModuleKind, baud: int
) -> None:
    line = make_line(ZfmModule(small, baud=baud), paced=True)
    with open_sensor(f"serial:{line.path}?baud={baud}") as sensor:
        line.wire.faults.append(Times(1, BadChecksum()))
        assert sensor.finger_present() is False


def test_a_command_damaged_on_its_way_is_given_again(
    make_line: MakeLine, small: ModuleKind
) -> None:
    line = make_line(ZfmModule(small), paced=True)
    with open_sensor(f"serial:{line.path}") as sensor:
        line.wire.command_faults.append(Times(1, ChangedByte(9, 0x40)))
        assert sensor.finger_present() is False


def test_a_silent_module_is_a_timeout_at_its_deadline(
    make_line: MakeLine, small: ModuleKind
) -> None:
    line = make_line(ZfmModule(small), paced=True)
    with open_sensor(f"serial:{line.path}") as sensor:
        line.wire.faults.append(Silent())
        before = time.monotonic()
        with pytest.raises(PortTimeoutError, match="did not answer within 2 s"):
            sensor.scan()
        assert 2.0 <= time.monotonic() - before < 4.0


def test_a_transfer_that_stays_cut_is_refused_and_the_next_one_is_right(
    make_line: MakeLine, make_print: MakePrint, small: ModuleKind
) -> None:
    module, pressed = ZfmModule(small), make_print(small)
    module.press(pressed)
    line = make_line(module, paced=True)
    with open_sensor(f"serial:{line.path}") as sensor:
        line.wire.faults.append(OnPictures(CutOff(ACKNOWLEDGE + DATA_PACKET)))
        with pytest.raises(BadTransferError, match="the last with 128 bytes"):
            sensor.scan()
        line.wire.faults.clear()
        assert_same(sensor.scan(), pressed)


def test_the_speed_is_raised_and_lowered_over_a_real_terminal(
    make_line: MakeLine, make_print: MakePrint, small: ModuleKind
) -> None:
    module, pressed = ZfmModule(small, baud=9600), make_print(small)
    line = make_line(module, paced=True)
    with open_sensor(f"serial:{line.path}?baud=best") as sensor:
        assert (module.baud, module.packet_size) == (115200, 256)
        module.press(pressed)
        line.wire.faults.append(AboveSpeed(57600, OnPictures(LostPacket(1))))
        assert_same(sensor.scan(), pressed)
        assert module.baud == 57600


def test_a_restart_in_mid_picture_ends_in_a_fault_or_the_right_picture(
    make_line: MakeLine, make_print: MakePrint, small: ModuleKind
) -> None:
    module, pressed = ZfmModule(small, baud=19200), make_print(small)
    module.press(pressed)
    line = make_line(module, paced=True)
    with open_sensor(f"serial:{line.path}?baud=19200") as sensor:
        with pytest.raises(DriverError):  # its buffer is empty now
            sensor.scan(lambda _: line.restart_module())
        assert_same(sensor.scan(), pressed)
