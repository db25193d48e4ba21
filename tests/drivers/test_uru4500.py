"""The driver over pyusb and a simulated bus: start-up, fingers, pictures, the way out."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.sensor import Retry, SensorInfo
from greenline.drivers.simulation.uru4500_reader import (
    MICROSOFT_V2,
    URU4500,
    ReaderKind,
    UruReader,
)
from greenline.drivers.simulation.usb_virtual import VirtualUsbPort
from greenline.drivers.uru4500 import Uru4500
from greenline.drivers.uru4500_codec import LOW_POWER, NORMAL, TROUBLE, Event, Mode
from greenline.drivers.uru4500_picture import Optics, resampled
from greenline.prints.frame import Frame

Bench = Any  # conftest.ReaderBench, which a test cannot import
MakeReader = Callable[..., Bench]


def assert_same_frame(got: Frame | Retry, wanted: Frame) -> None:
    assert isinstance(got, Frame)
    assert (got.dpi, got.grey_levels) == (wanted.dpi, wanted.grey_levels)
    np.testing.assert_array_equal(got.pixels, wanted.pixels)


@pytest.mark.parametrize("kind", [URU4500, MICROSOFT_V2], ids=lambda kind: kind.model)
def test_a_pressed_print_arrives_pixel_by_pixel(
    make_reader: MakeReader, reader_print: Frame, kind: ReaderKind
) -> None:
    bench = make_reader(kind)
    sensor = bench.open()
    assert sensor.scan() is Retry.NO_FINGER
    bench.bus.press(reader_print)
    assert sensor.wait_finger(present=True, timeout_s=5.0)
    shares: list[float] = []
    assert_same_frame(sensor.scan_native(shares.append), bench.reader.delivers)
    assert shares == [1.0]
    assert_same_frame(sensor.scan(), resampled(bench.reader.delivers))
    # The reader's edge, and what is never sent, cannot be as pressed; all else is.
    inner = bench.reader.delivers.pixels[2:-2, 2:-2] != reader_print.pixels[2:-2, 2:-2]
    assert inner.any(axis=1).sum() == 1  # the line that is left out
    bench.bus.lift()
    assert sensor.scan() is Retry.NO_FINGER


def test_a_reader_says_what_it_is(make_reader: MakeReader) -> None:
    assert make_reader().open().info() == SensorInfo(
        "U.are.U 4500 (simulated)", URU4500.serial, 375, 283, 500.0, 256, live=True
    )


def test_a_reader_without_strings_is_called_what_its_numbers_say(make_reader: MakeReader) -> None:
    sensor = make_reader(replace(URU4500, model="", serial="")).open()
    wanted = SensorInfo("U.are.U 4000B or 4500", "", 375, 283, 500.0, 256, live=True)
    assert sensor.info() == wanted


def test_the_units_own_optics_decide(make_reader: MakeReader, reader_print: Frame) -> None:
    optics = Optics(turned=False, inverted=False, dpi=500.0)
    bench = make_reader(replace(URU4500, optics=optics))
    bench.bus.press(replace(reader_print, dpi=500.0))
    sensor = bench.open(optics)
    assert (sensor.info().width, sensor.info().height) == (384, 290)
    assert_same_frame(sensor.scan(), bench.reader.delivers)
    np.testing.assert_array_equal(
        bench.reader.delivers.pixels[2:100, 2:-2], reader_print.pixels[2:100, 2:-2]
    )


@pytest.mark.parametrize(
    "status", [NORMAL, LOW_POWER, LOW_POWER | NORMAL, LOW_POWER | TROUBLE, TROUBLE | NORMAL]
)
def test_a_reader_starts_up_from_whatever_state_it_is_in(
    make_reader: MakeReader, reader_print: Frame, status: int
) -> None:
    bench = make_reader(replace(URU4500, status=status))
    sensor = bench.open()
    bench.bus.press(reader_print)
    assert_same_frame(sensor.scan_native(), bench.reader.delivers)
    assert bench.bus.resets == 0


def test_a_reader_that_does_not_report_its_power_is_started_up_again(
    make_reader: MakeReader, reader_print: Frame
) -> None:
    bench = make_reader()
    bench.reader.unreported = 2
    bench.bus.press(reader_print)
    assert_same_frame(bench.open().scan_native(), bench.reader.delivers)
    assert bench.bus.resets == 0


def test_a_reader_that_never_reports_its_power_is_reset_and_given_up(
    make_reader: MakeReader,
) -> None:
    bench = make_reader()
    bench.reader.unreported = 3
    with pytest.raises(PortLostError, match="was reset because it did not start up"):
        bench.open()
    assert bench.bus.resets == 1
    assert bench.open().finger_present() is False  # the next one is well


def test_a_reader_that_refuses_the_response_stays_asleep_and_is_given_up(
    make_reader: MakeReader,
) -> None:
    bench = make_reader(MICROSOFT_V2)
    bench.reader.refuses = True
    with pytest.raises(PortLostError, match="was reset because it stays in low power"):
        bench.open()
    assert bench.bus.resets == 1


def test_what_is_known_from_start_up_is_forgotten_when_it_begins_again(
    make_reader: MakeReader,
) -> None:
    bench = make_reader()
    bench.bus.report(Event.SCAN_POWER_ON)  # an old report is no sign of the power of now
    bench.reader.unreported = 3
    with pytest.raises(PortLostError, match="did not start up"):
        bench.open()


def test_after_a_picture_the_reader_watches_for_the_finger_to_go(
    make_reader: MakeReader, reader_print: Frame
) -> None:
    bench = make_reader()
    sensor = bench.open()
    assert sensor.wait_finger(present=False, timeout_s=0.0)
    assert not sensor.wait_finger(present=True, timeout_s=0.01)
    assert bench.reader.mode is Mode.AWAIT_FINGER_ON
    bench.bus.press(reader_print)
    assert sensor.wait_finger(present=True, timeout_s=5.0)
    sensor.scan()
    assert bench.reader.mode is Mode.AWAIT_FINGER_OFF
    assert not sensor.wait_finger(present=False, timeout_s=0.01)
    bench.bus.lift()
    assert sensor.wait_finger(present=False, timeout_s=5.0)
    assert sensor.finger_present() is False


def test_a_finger_that_comes_while_one_waits_is_noticed_at_once(
    make_reader: MakeReader, reader_print: Frame
) -> None:
    bench = make_reader()
    sensor = bench.open()
    assert not sensor.wait_finger(present=True, timeout_s=0.01)
    pressing = threading.Timer(0.05, bench.bus.press, [reader_print])
    pressing.start()
    before = time.monotonic()
    assert sensor.wait_finger(present=True, timeout_s=20.0)
    assert time.monotonic() - before < 10.0
    pressing.join()


def test_a_finger_that_came_and_went_while_nobody_looked_is_not_there(
    reader_print: Frame,
) -> None:
    reader = UruReader(URU4500)
    port = VirtualUsbPort(reader)
    sensor = Uru4500.open(port, port.clock)
    assert not sensor.finger_present()
    reader.press(reader_print)
    port.hear()
    reader.lift()
    port.clock.now += 2.5
    assert not sensor.wait_finger(present=True, timeout_s=0.0)
    assert sensor.scan() is Retry.NO_FINGER


@pytest.mark.parametrize("slice_s", [0.0, 0.5, 10.0])
def test_a_report_that_is_lost_is_asked_for_again(reader_print: Frame, slice_s: float) -> None:
    reader = UruReader(URU4500)
    port = VirtualUsbPort(reader)
    sensor = Uru4500.open(port, port.clock)
    assert not sensor.finger_present()
    reader.press(reader_print)
    lose_reports(reader)
    assert seconds_until(sensor, port, slice_s, present=True) <= 3.0
    assert isinstance(sensor.scan(), Frame)
    reader.lift()
    lose_reports(reader)
    assert seconds_until(sensor, port, slice_s, present=False) <= 3.0


def lose_reports(reader: UruReader) -> None:
    """The reports of now are lost on their way."""
    assert reader.take_event() is not None
    while reader.take_event() is not None:
        pass


def seconds_until(sensor: Uru4500, port: VirtualUsbPort, slice_s: float, *, present: bool) -> float:
    """How long it takes to notice, in waits of this length; in virtual time."""
    begun = port.clock()
    while not sensor.wait_finger(present=present, timeout_s=slice_s):
        assert port.clock() - begun < 60.0
        port.clock.now += 0.01  # what the caller does in between
    return port.clock() - begun


def test_a_finger_that_was_found_a_while_ago_is_looked_for_again_before_a_picture(
    reader_print: Frame,
) -> None:
    reader = UruReader(URU4500)
    port = VirtualUsbPort(reader)
    sensor = Uru4500.open(port, port.clock)
    reader.press(reader_print)
    assert sensor.wait_finger(present=True, timeout_s=1.0)
    reader.lift()
    port.clock.now += 2.5
    assert sensor.scan() is Retry.NO_FINGER


def test_a_finger_lifted_since_it_was_looked_for_is_not_there(
    make_reader: MakeReader, reader_print: Frame
) -> None:
    bench = make_reader()
    sensor = bench.open()
    bench.bus.press(reader_print)
    assert sensor.finger_present()
    bench.bus.lift()
    assert not sensor.finger_present()
    assert sensor.wait_finger(present=False, timeout_s=0.0)


def test_reports_that_mean_nothing_are_passed_over(
    make_reader: MakeReader, reader_print: Frame
) -> None:
    bench = make_reader()
    sensor = bench.open()
    assert not sensor.finger_present()
    for event in (0x56AA, 0x1234, 0x0000, 0x0200, 0x56AA):
        bench.bus.report(event)
    assert not sensor.wait_finger(present=True, timeout_s=0.01)
    bench.bus.press(reader_print)
    assert sensor.wait_finger(present=True, timeout_s=5.0)


def test_closing_switches_the_reader_off_and_may_be_done_twice(make_reader: MakeReader) -> None:
    bench = make_reader()
    with bench.open() as sensor:
        assert bench.bus.open_handles == 1
        sensor.finger_present()
    sensor.close()
    assert bench.reader.mode is Mode.OFF
    assert bench.bus.open_handles == 0
    with pytest.raises(PortLostError, match="it has been closed"):
        sensor.scan()
