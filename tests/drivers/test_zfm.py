"""The driver over a real pseudo-terminal: what the operating system and pyserial have a say in."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from greenline.drivers.errors import PortLostError, PortTimeoutError
from greenline.drivers.sensor import Retry, SensorInfo
from greenline.drivers.simulation.faults import BadChecksum, Noise, OnPictures, Silent, Times
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.sensor_area import on_sensor
from greenline.drivers.simulation.zfm_kinds import AS608, R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.prints.frame import Frame

MakeLine = Callable[..., PtyLine]
MakePrint = Callable[[ModuleKind], Frame]


def assert_same_picture(got: Frame | Retry, pressed: Frame) -> None:
    """The sensor's 16 grey levels of what was pressed, pixel by pixel."""
    assert isinstance(got, Frame)
    wanted = (pressed.pixels >> 4) * np.uint8(17)
    assert (got.dpi, got.grey_levels) == (pressed.dpi, 16)
    np.testing.assert_array_equal(got.pixels, wanted)


@pytest.mark.parametrize("packet_size", [32, 64, 128, 256])
@pytest.mark.parametrize("kind", [AS608, R503], ids=lambda kind: kind.name)
def test_a_pressed_print_arrives_pixel_by_pixel(
    make_line: MakeLine, make_print: MakePrint, kind: ModuleKind, packet_size: int
) -> None:
    module = ZfmModule(kind, packet_size=packet_size)
    pressed = make_print(kind)
    with open_sensor(f"serial:{make_line(module).path}") as sensor:
        assert sensor.scan() is Retry.NO_FINGER
        module.press(pressed)
        assert_same_picture(sensor.scan(), pressed)
        module.lift()
        assert sensor.scan() is Retry.NO_FINGER


def test_at_115200_a_whole_picture_takes_its_seconds_and_reports_its_progress(
    make_line: MakeLine, make_print: MakePrint
) -> None:
    module = ZfmModule(AS608, baud=115200, packet_size=256)
    pressed = make_print(AS608)
    module.press(pressed)
    with open_sensor(f"serial:{make_line(module, paced=True).path}?baud=115200") as sensor:
        shares: list[float] = []
        before = time.monotonic()
        got = sensor.scan(shares.append)
        took_s = time.monotonic() - before
    assert_same_picture(got, pressed)
    assert took_s > 3.3  # 38,448 bytes of ten bits; how much longer is the machine's affair
    # The first picture of a module that cannot say its size: an estimate that is right here.
    assert shares == [packet / 144 for packet in range(1, 145)] + [1.0]


def test_a_module_that_states_its_size_reports_every_packet(
    make_line: MakeLine, make_print: MakePrint
) -> None:
    module = ZfmModule(R503, packet_size=256)
    module.press(make_print(R503))
    shares: list[float] = []
    with open_sensor(f"serial:{make_line(module).path}") as sensor:
        sensor.scan(shares.append)
    assert shares == [packet / 72 for packet in range(1, 73)] + [1.0]


@pytest.mark.parametrize("baud", [57600, 115200])  # the others in virtual time
def test_the_speed_is_found(make_line: MakeLine, baud: int) -> None:
    module = ZfmModule(R503, baud=baud)
    with open_sensor(f"serial:{make_line(module).path}") as sensor:
        assert sensor.info() == SensorInfo("R503", "00000001", 192, 192, 508.0, 16)
    assert module.baud == baud


def test_a_sensor_is_opened_again_after_it_was_unplugged(
    make_line: MakeLine, make_print: MakePrint
) -> None:
    module = ZfmModule(R503)
    pressed = make_print(R503)
    module.press(pressed)
    line = make_line(module)
    with open_sensor(f"serial:{line.path}") as sensor:
        with pytest.raises(PortLostError):
            sensor.scan(lambda share: line.unplug() if share > 0.5 else None)
        with pytest.raises(PortLostError):
            sensor.finger_present()
    line.plug_in()
    with open_sensor(f"serial:{line.path}") as sensor:
        assert_same_picture(sensor.scan(), pressed)


def test_a_module_that_falls_silent_is_a_timeout_and_recovers(
    make_line: MakeLine, make_print: MakePrint
) -> None:
    module = ZfmModule(R503)
    pressed = make_print(R503)
    module.press(pressed)
    line = make_line(module)
    with open_sensor(f"serial:{line.path}") as sensor:
        line.wire.faults.append(Times(1, Silent()))
        with pytest.raises(PortTimeoutError, match="did not answer within 2 s"):
            sensor.scan()
        assert_same_picture(sensor.scan(), pressed)


def test_noise_and_a_damaged_picture_cost_a_repeat_and_nothing_else(
    make_line: MakeLine, make_print: MakePrint
) -> None:
    module = ZfmModule(R503)
    pressed = make_print(R503)
    module.press(pressed)
    noise = Noise(bytes.fromhex("00 55 ef ef 01 07"))
    line = make_line(module, noise, Times(1, OnPictures(BadChecksum(packet=40))))
    with open_sensor(f"serial:{line.path}") as sensor:
        assert_same_picture(sensor.scan(), pressed)


def test_waiting_ends_with_the_finger_or_with_the_time(
    make_line: MakeLine, make_print: MakePrint
) -> None:
    module = ZfmModule(R503)
    with open_sensor(f"serial:{make_line(module).path}") as sensor:
        assert sensor.wait_finger(present=False, timeout_s=0.0)
        assert not sensor.wait_finger(present=True, timeout_s=0.1)
        module.press(make_print(R503))
        assert sensor.wait_finger(present=True, timeout_s=0.0)
        assert sensor.finger_present()


def test_what_is_smaller_or_finer_than_the_sensor_is_fitted_to_it(
    make_line: MakeLine, make_print: MakePrint
) -> None:
    module = ZfmModule(R503)
    larger = make_print(AS608)
    module.press(larger)
    with open_sensor(f"serial:{make_line(module).path}") as sensor:
        assert_same_picture(sensor.scan(), on_sensor(larger, 192, 192, 508.0))
