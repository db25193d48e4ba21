"""What every Sensor promises, whichever it is: one suite over all of them, over their real ports.

A new sensor joins by one class of the shape of Stand and one line in STANDS.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from PIL import Image

from greenline.drivers.errors import DriverError, PortLostError
from greenline.drivers.sensor import Retry, Sensor
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.sensor_area import fitted
from greenline.drivers.simulation.uru4500_reader import MICROSOFT_V2, URU4500, ReaderKind, UruReader
from greenline.drivers.simulation.usb_bus import UsbBus
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.prints.frame import Frame

SOON_S = 10.0
PRINT = Path(__file__).resolve().parent / "conversations" / "print.png"


class Stand(Protocol):
    """A simulated sensor on its cable."""

    def press(self, frame: Frame) -> None: ...
    def lift(self) -> None: ...
    def unplug(self) -> None: ...
    def plug_in(self) -> None: ...
    def open(self) -> Sensor: ...


class SerialStand:
    """A module on a pseudo-terminal."""

    def __init__(self, kind: ModuleKind, stack: ExitStack) -> None:
        self.module = ZfmModule(kind)
        self.line = stack.enter_context(PtyLine(Wire(self.module, paced=False)))
        self.press, self.lift = self.module.press, self.module.lift
        self.unplug, self.plug_in = self.line.unplug, self.line.plug_in

    def open(self) -> Sensor:
        return open_sensor(f"serial:{self.line.path}")


class UsbStand:
    """A reader on a simulated bus, through pyusb."""

    def __init__(self, kind: ReaderKind, stack: ExitStack) -> None:
        del stack  # the bus needs no end
        self.kind = kind
        self.bus = UsbBus(UruReader(kind))
        self.press, self.lift = self.bus.press, self.bus.lift
        self.unplug, self.plug_in = self.bus.unplug, self.bus.plug_in

    def open(self) -> Sensor:
        url = f"usb:{self.kind.vendor:04x}:{self.kind.product:04x}"
        return open_sensor(url, usb_backend=self.bus)


STANDS: dict[str, Callable[[ExitStack], Stand]] = {
    "ZFM AS608": lambda stack: SerialStand(AS608, stack),
    "ZFM R503": lambda stack: SerialStand(R503, stack),
    "U.are.U 4500": lambda stack: UsbStand(URU4500, stack),
    "Microsoft v2": lambda stack: UsbStand(MICROSOFT_V2, stack),
}


@pytest.fixture(params=STANDS)
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    threads = set(threading.enumerate())
    with ExitStack() as stack:
        yield STANDS[request.param](stack)
    assert set(threading.enumerate()) == threads


@pytest.fixture
def sensor(stand: Stand) -> Iterator[Sensor]:
    with stand.open() as opened:
        yield opened


@pytest.fixture(scope="module")
def pressed() -> Frame:
    with Image.open(PRINT) as image:
        return Frame(np.array(image), 512.0)


def press(stand: Stand, sensor: Sensor, frame: Frame) -> None:
    stand.press(frame)
    assert sensor.wait_finger(present=True, timeout_s=SOON_S)


def test_it_says_what_it_is_and_what_it_takes(stand: Stand, sensor: Sensor, pressed: Frame) -> None:
    assert sensor.info().model
    assert sensor.info().grey_levels in (16, 256)
    press(stand, sensor, pressed)
    got = sensor.scan()
    assert isinstance(got, Frame)
    info = sensor.info()
    assert (info.width, info.height) == (got.width, got.height)
    assert (info.dpi, info.grey_levels) == (got.dpi, got.grey_levels)


def test_a_sign_of_life_changes_nothing(stand: Stand, sensor: Sensor, pressed: Frame) -> None:
    sensor.still_there()
    press(stand, sensor, pressed)
    sensor.still_there()
    assert isinstance(sensor.scan(), Frame)


def test_without_a_finger_there_is_a_retry_and_no_picture(sensor: Sensor) -> None:
    assert not sensor.finger_present()
    assert sensor.scan() is Retry.NO_FINGER
    assert not sensor.wait_finger(present=True, timeout_s=0.0)
    assert sensor.wait_finger(present=False, timeout_s=0.0)


def test_what_is_pressed_is_what_arrives(stand: Stand, sensor: Sensor, pressed: Frame) -> None:
    press(stand, sensor, pressed)
    shares: list[float] = []
    got = sensor.scan(shares.append)
    assert isinstance(got, Frame)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    wanted = fitted(pressed, got.width, got.height, got.dpi).pixels.astype(int)
    # 16 levels are 8 grey values off at most; resampling smooths, and edges may be dark.
    inner = np.abs(got.pixels.astype(int) - wanted)[4:-4, 4:-4]
    assert np.median(inner) <= 8
    assert np.mean(inner) < 12
    assert np.corrcoef(got.pixels[4:-4, 4:-4].ravel(), wanted[4:-4, 4:-4].ravel())[0, 1] > 0.97


def test_the_same_finger_may_be_taken_again_without_being_lifted(
    stand: Stand, sensor: Sensor, pressed: Frame
) -> None:
    press(stand, sensor, pressed)
    first = sensor.scan()
    assert sensor.finger_present()
    second = sensor.scan()
    assert isinstance(first, Frame)
    assert isinstance(second, Frame)
    np.testing.assert_array_equal(first.pixels, second.pixels)


def test_a_lifted_finger_is_noticed(stand: Stand, sensor: Sensor, pressed: Frame) -> None:
    press(stand, sensor, pressed)
    assert not sensor.wait_finger(present=False, timeout_s=0.05)
    assert isinstance(sensor.scan(), Frame)
    assert not sensor.wait_finger(present=False, timeout_s=0.05)
    stand.lift()
    assert sensor.wait_finger(present=False, timeout_s=SOON_S)
    assert not sensor.finger_present()
    assert sensor.scan() is Retry.NO_FINGER


def test_fingers_come_and_go(stand: Stand, sensor: Sensor, pressed: Frame) -> None:
    for _ in range(3):
        press(stand, sensor, pressed)
        assert isinstance(sensor.scan(), Frame)
        stand.lift()
        assert sensor.wait_finger(present=False, timeout_s=SOON_S)


@pytest.mark.parametrize(
    "act",
    [
        lambda sensor: sensor.scan(),
        lambda sensor: sensor.still_there(),
        lambda sensor: sensor.finger_present(),
        lambda sensor: sensor.wait_finger(present=True, timeout_s=60.0),
        lambda sensor: sensor.wait_finger(present=False, timeout_s=60.0),
    ],
    ids=["scan", "sign of life", "look", "wait for a finger", "wait for its end"],
)
def test_an_unplugged_sensor_is_lost_at_once_and_for_good(
    stand: Stand, sensor: Sensor, pressed: Frame, act: Callable[[Sensor], object]
) -> None:
    press(stand, sensor, pressed)
    stand.unplug()
    for _ in range(2):
        with pytest.raises(PortLostError):
            act(sensor)
    sensor.info()  # is known already


def test_a_sensor_that_is_unplugged_during_a_wait_is_lost(stand: Stand, sensor: Sensor) -> None:
    pulling = threading.Timer(0.05, stand.unplug)
    pulling.start()
    with pytest.raises(PortLostError):
        sensor.wait_finger(present=True, timeout_s=60.0)
    pulling.join()


def test_after_it_was_plugged_in_again_another_one_is_opened(
    stand: Stand, sensor: Sensor, pressed: Frame
) -> None:
    stand.unplug()
    with pytest.raises(DriverError):
        stand.open()
    stand.plug_in()
    sensor.close()
    with stand.open() as another:
        press(stand, another, pressed)
        assert isinstance(another.scan(), Frame)


def test_closing_twice_is_harmless_and_so_is_closing_what_has_gone(stand: Stand) -> None:
    with stand.open() as sensor:
        sensor.close()
    sensor.close()
    with stand.open() as sensor:
        stand.unplug()
    sensor.close()
