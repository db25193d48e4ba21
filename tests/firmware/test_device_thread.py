"""A device on its thread: it leaves, is named, comes back; whatever happens, the thread lives."""

import threading

import pytest

from greenline.drivers.errors import DriverError, PortLostError
from greenline.firmware.board import Board, DeviceName, DeviceState
from greenline.firmware.device_thread import DeviceThread
from greenline.firmware.reopening import Opening
from tests.firmware.waiting import IMPATIENT, LONGEST_S, device, missing, there, until


class Lamp:
    """A device that can be broken in several ways."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.opened = self.closed = 0
        self.worked = threading.Event()

    def open(self) -> "Lamp":
        if isinstance(self.fault, DriverError):
            raise self.fault
        self.opened += 1
        return self

    def work(self) -> float:
        if self.fault is not None:
            raise self.fault
        self.worked.set()
        return 0.01

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def board() -> Board:
    return Board("kiosk-07", 20)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (PortLostError("the lamp: gone"), "the lamp: gone"),
        (ZeroDivisionError(), "a fault in the kiosk itself (ZeroDivisionError)"),
    ],
)
def test_what_fails_is_named_and_tried_again(board: Board, fault: Exception, words: str) -> None:
    lamp = Lamp()
    thread = DeviceThread(
        DeviceName.LIGHTS, Opening(lamp.open, policy=IMPATIENT), lambda lamp: lamp.work(), board
    )
    thread.start()
    assert lamp.worked.wait(LONGEST_S)
    lamp.fault = fault
    lost = DeviceState(DeviceName.LIGHTS, words, "E32")
    until(board, lambda state: device(state, DeviceName.LIGHTS) == lost)
    lamp.fault = None
    state = until(board, there(DeviceName.LIGHTS))
    assert device(state, DeviceName.LIGHTS) == DeviceState(DeviceName.LIGHTS)
    thread.stop()
    assert lamp.opened == lamp.closed >= 2


def test_a_device_that_is_never_there_ends_with_the_kiosk(board: Board) -> None:
    lamp = Lamp()
    lamp.fault = PortLostError("the lamp: gone")
    thread = DeviceThread(
        DeviceName.LIGHTS, Opening(lamp.open, policy=IMPATIENT), lambda lamp: lamp.work(), board
    )
    thread.start()
    until(board, missing(DeviceName.LIGHTS))
    thread.stop()
    assert "lights" not in {thread.name for thread in threading.enumerate()}
    assert lamp.closed == 0


class Clinging(Lamp):
    """A lamp that fails once more when it is let go."""

    def close(self) -> None:
        super().close()
        raise OSError("its line is stuck")


def test_a_device_that_fails_while_it_is_closed_is_named_and_tried_again(board: Board) -> None:
    lamp = Clinging()
    thread = DeviceThread(
        DeviceName.LIGHTS, Opening(lamp.open, policy=IMPATIENT), lambda lamp: lamp.work(), board
    )
    thread.start()
    until(board, there(DeviceName.LIGHTS))
    lamp.fault = PortLostError("the lamp: gone")
    until(board, missing(DeviceName.LIGHTS))
    lamp.fault = None
    until(board, there(DeviceName.LIGHTS))
    thread.stop()


def test_a_device_that_hangs_while_it_is_opened_is_named(board: Board) -> None:
    let_go = threading.Event()

    def hang() -> Lamp:
        assert let_go.wait(LONGEST_S)
        return Lamp()

    thread = DeviceThread(
        DeviceName.LIGHTS, Opening(hang, policy=IMPATIENT), lambda lamp: lamp.work(), board
    )
    thread.start()
    state = until(board, missing(DeviceName.LIGHTS))
    assert device(state, DeviceName.LIGHTS) == DeviceState(
        DeviceName.LIGHTS, "it does not answer yet", "E32"
    )
    let_go.set()
    until(board, there(DeviceName.LIGHTS))
    thread.stop()
