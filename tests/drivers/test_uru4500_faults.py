"""The driver on a bus where things go wrong: the right picture, a retry, or a fault of ours.

Nothing hangs and nothing is left over: the fixture looks for threads and open handles at the end.
"""

import errno
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.drivers.errors import DriverError, PortLostError
from greenline.drivers.sensor import Retry, Sensor
from greenline.drivers.simulation.uru4500_reader import URU4500, UruReader
from greenline.drivers.simulation.usb_faults import Changed, Fails, Short, Sound, UsbFault
from greenline.drivers.simulation.usb_virtual import VirtualUsbPort
from greenline.drivers.uru4500 import Uru4500
from greenline.drivers.uru4500_codec import Event
from greenline.drivers.uru4500_picture import Block
from greenline.prints.frame import Frame

Bench = Any  # conftest.ReaderBench, which a test cannot import
MakeReader = Callable[..., Bench]

STALL, NOISE, GONE = Fails(errno.EPIPE), Fails(errno.EPROTO), Fails(errno.ENODEV)
SILENCE, BABBLE, BROKEN = Fails(errno.ETIMEDOUT), Fails(errno.EOVERFLOW), Fails(errno.EIO)
DAMAGE = [Short(5000), Short(64), Short(111039), Changed(4, 0xFF), Changed(17, 3), NOISE, BABBLE]
NO_PICTURE = [STALL, SILENCE]
# Every register may be repeated once after 2 s; a picture takes 1 s at most, and a start-up 0.9 s.
LONGEST_SCAN_S = 60.0


@pytest.fixture
def bench(make_reader: MakeReader, reader_print: Frame) -> Bench:
    made = make_reader()
    made.bus.press(reader_print)
    return made


@pytest.fixture
def sensor(bench: Bench) -> Sensor:
    opened: Sensor = bench.open()
    assert opened.wait_finger(present=True, timeout_s=5.0)
    return opened


def assert_right_picture(bench: Bench, got: Frame | Retry) -> None:
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, bench.reader.delivers.pixels)


@pytest.mark.parametrize("fault", [*DAMAGE, *NO_PICTURE, BROKEN], ids=repr)
@pytest.mark.parametrize("times", [1, 2])
def test_a_picture_that_fails_once_or_twice_is_taken_again(
    bench: Bench, sensor: Any, fault: UsbFault, times: int
) -> None:
    bench.bus.picture_faults.extend([fault] * times)
    assert_right_picture(bench, sensor.scan_native())
    assert bench.bus.resets == 0


@pytest.mark.parametrize("fault", [*DAMAGE, *NO_PICTURE, BROKEN], ids=repr)
def test_a_picture_that_fails_three_times_is_the_end_of_this_driver_and_not_of_the_next(
    bench: Bench, sensor: Any, fault: UsbFault
) -> None:
    bench.bus.picture_faults.extend([fault] * 3)
    with pytest.raises(PortLostError, match="was reset because the picture failed 3 times"):
        sensor.scan()
    assert bench.bus.resets == 1
    assert_right_picture(bench, bench.open().scan_native())


def test_a_finger_that_went_while_the_reader_was_started_up_again_is_asked_for(
    bench: Bench, sensor: Any
) -> None:
    bench.bus.picture_faults.append(STALL)
    bench.reader.lift()  # without a report: nobody watches for it now
    assert sensor.scan() is Retry.NO_FINGER


def test_a_picture_without_bytes_is_to_be_retried(bench: Bench, sensor: Any) -> None:
    bench.reader.empty = 2
    assert [sensor.scan(), sensor.scan()] == [Retry.NOT_TAKEN, Retry.NOT_TAKEN]
    assert_right_picture(bench, sensor.scan_native())


def test_after_three_pictures_without_bytes_the_reader_is_started_up_again(
    bench: Bench, sensor: Any
) -> None:
    bench.reader.empty = 3
    starts = bench.reader.starts
    assert [sensor.scan() for _ in range(3)] == [Retry.NOT_TAKEN] * 3
    assert bench.reader.starts == starts + 1
    assert_right_picture(bench, sensor.scan_native())


def test_a_death_that_is_reported_beforehand_changes_nothing(bench: Bench, sensor: Any) -> None:
    bench.bus.report(Event.DEATH)
    assert_right_picture(bench, sensor.scan_native())


@pytest.mark.parametrize("fault", [STALL, NOISE, SILENCE, BROKEN, Short(0)], ids=repr)
def test_a_register_that_fails_once_is_asked_again(
    bench: Bench, sensor: Any, fault: UsbFault
) -> None:
    bench.bus.control_faults.append(fault)  # MODE: capture
    bench.bus.control_faults.extend([Sound(), Sound(), fault])  # KEY, or SEED once more
    assert_right_picture(bench, sensor.scan_native())
    assert bench.bus.resets == 0


@pytest.mark.parametrize("fault", [STALL, SILENCE], ids=repr)
@pytest.mark.parametrize("sound", range(4), ids=["capture", "seed", "key", "finger off"])
def test_a_register_that_fails_twice_is_the_end_of_this_driver_and_not_of_the_next(
    bench: Bench, sensor: Any, fault: UsbFault, sound: int
) -> None:
    bench.bus.control_faults.extend([Sound()] * sound + [fault] * 2)
    with pytest.raises(PortLostError, match="was reset because a register failed twice"):
        sensor.scan()
    with pytest.raises(PortLostError, match="it has been closed"):
        sensor.finger_present()
    assert bench.bus.resets == 1
    assert_right_picture(bench, bench.open().scan_native())


LINES_LEFT_OUT = (Block(0x02, 24), Block(0x05, 2), Block(0x00, 254), Block(0x02, 10))


def test_a_header_that_leaves_lines_out_is_only_believed_when_the_next_one_says_the_same(
    make_reader: MakeReader, reader_print: Frame
) -> None:
    bench = make_reader(replace(URU4500, blocks=LINES_LEFT_OUT))
    bench.bus.press(reader_print)
    sensor = bench.open()
    bench.bus.picture_faults.append(Changed(19, 1))  # one line left out instead of two
    assert_right_picture(bench, sensor.scan_native())
    assert len(bench.bus.picture_faults) == 0


@pytest.mark.parametrize("scans", [1, 3])
def test_a_reader_that_always_sends_less_than_a_picture_costs_one_more_the_first_time(
    reader_print: Frame, scans: int
) -> None:
    blocks = (Block(0x02, 24), Block(0x00, 254), Block(0x02, 10))  # 288 lines
    reader = UruReader(replace(URU4500, blocks=blocks))
    reader.press(reader_print)
    port = VirtualUsbPort(reader, picture_s=1000.0)
    sensor = Uru4500.open(port, port.clock)
    begun = port.clock()
    for _ in range(scans):
        got = sensor.scan_native()
        assert isinstance(got, Frame)
        np.testing.assert_array_equal(got.pixels, reader.delivers.pixels)
    assert (port.clock() - begun) // 1000.0 == scans + 1


def test_a_wrong_key_is_noticed_and_the_picture_taken_again(bench: Bench, sensor: Any) -> None:
    bench.bus.control_faults.extend([Sound(), Sound(), Changed(0, 0x5A)])
    assert_right_picture(bench, sensor.scan_native())


@pytest.mark.parametrize("transfers", range(5))
def test_a_reader_that_goes_away_at_any_register_is_lost(
    bench: Bench, sensor: Any, transfers: int
) -> None:
    sensor.scan()
    bench.bus.control_faults.extend([Sound()] * transfers + [GONE])
    with pytest.raises(PortLostError, match="it has been unplugged"):
        sensor.scan()


def test_a_reader_that_goes_away_in_the_middle_of_a_picture_is_lost(
    bench: Bench, sensor: Any
) -> None:
    bench.bus.picture_faults.append(GONE)
    with pytest.raises(PortLostError, match="it has been unplugged"):
        sensor.scan()


def test_a_cable_that_is_pulled_ends_a_wait_at_once_and_works_again_when_plugged_in(
    bench: Bench, sensor: Any, reader_print: Frame
) -> None:
    bench.bus.lift()
    assert not sensor.finger_present()
    pulling = threading.Timer(0.05, bench.bus.unplug)
    pulling.start()
    with pytest.raises(PortLostError, match="it has been unplugged"):
        sensor.wait_finger(present=True, timeout_s=60.0)
    pulling.join()
    with pytest.raises(PortLostError):
        sensor.scan()
    sensor.close()
    with pytest.raises(PortLostError, match="it is not there"):
        bench.open()
    bench.bus.plug_in()
    bench.bus.press(reader_print)
    assert_right_picture(bench, bench.open().scan_native())


faults = st.sampled_from([*DAMAGE, *NO_PICTURE, BROKEN, GONE, Short(0), Sound(), Sound()])


@settings(max_examples=200, deadline=None)
@given(st.lists(faults, max_size=6), st.lists(faults, max_size=12))
def test_whatever_goes_wrong_no_wrong_picture_is_accepted_and_nothing_takes_long(
    reader_print: Frame, pictures: list[UsbFault], registers: list[UsbFault]
) -> None:
    reader = UruReader(URU4500)
    reader.press(reader_print)
    port = VirtualUsbPort(reader)
    port.picture_faults.extend(pictures)
    port.control_faults.extend(registers)
    try:
        sensor = Uru4500.open(port, port.clock)
        for _ in range(3):
            before = port.clock()
            got = sensor.scan_native()
            assert port.clock() - before < LONGEST_SCAN_S
            if isinstance(got, Frame):
                np.testing.assert_array_equal(got.pixels, reader.delivers.pixels)
    except DriverError:
        assert port.clock() < 3 * LONGEST_SCAN_S
