"""Lights, buzzer, keys and status display of a kiosk: real drivers, mock pins, a modelled panel."""

import threading
import time
from collections.abc import Callable

import pytest

from greenline.drivers.buttons import ButtonPins, GpioButtons
from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import Pins, open_pins
from greenline.drivers.lights import LightPins
from greenline.drivers.oled import Controller, Oled
from greenline.drivers.signalling import Signalling
from greenline.drivers.simulation.oled_panel import OledPanel
from greenline.drivers.status_display import draw
from greenline.firmware.board import Board, Capture, DeviceName, Phase
from greenline.firmware.panel import DeviceLife, Panel, panel_threads
from greenline.firmware.reopening import Opening
from greenline.firmware.status import display_state
from greenline.protocol.wording import WIPE_KEY_HELD
from tests.firmware.waiting import IMPATIENT, LONGEST_S, missing, there, until

pytestmark = pytest.mark.filterwarnings(
    # luma.oled 3.16 itself; the extra "device" therefore stays below Pillow 14.
    "ignore:Image.Image.getdata is deprecated:DeprecationWarning"
)
NOW_MS = 1_800_000_000_000
RED, GREEN, BLUE, BUZZER, OK, LEFT, WIPE = 17, 27, 22, 18, 6, 5, 13


class Desk:
    """Notes what the keys ask for."""

    def __init__(self) -> None:
        self.board = Board("kiosk-07", 20)
        self.asked: list[str] = []
        self.told = threading.Event()

    def confirm(self) -> None:
        self._note("confirm")

    def stop_case(self) -> None:
        self._note("stop")

    def wipe(self) -> None:
        self._note("wipe")
        self.board.show_wipe(0)

    def _note(self, what: str) -> None:
        self.asked.append(what)
        self.told.set()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def pins() -> Pins:
    return open_pins("mock")


def eventually(true: Callable[[], bool]) -> bool:
    """Say whether it becomes true; looked at again and again, as a person would."""
    deadline = time.monotonic() + LONGEST_S
    pause = threading.Event()
    while not true():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.005)
    return True


def test_lights_and_buzzer_follow_the_capture(desk: Desk, pins: Pins) -> None:
    lights = Opening(
        lambda: Signalling.open_lights([LightPins(RED, GREEN, BLUE)], pins, time.monotonic)
    )
    buzzer = Opening(lambda: Signalling.open_buzzer(BUZZER, pins, time.monotonic))
    threads = panel_threads(Panel(lights=lights, buzzer=buzzer), desk, lambda: NOW_MS)
    for thread in threads:
        thread.start()

    desk.board.show_capture(Capture(Phase.PLACE_FINGER, "Place the finger"))
    assert eventually(lambda: [pins.pin(n).state for n in (RED, GREEN, BLUE)] == [0, 0, 1])
    desk.board.show_capture(Capture(Phase.TAKEN, "Taken"))
    assert eventually(lambda: [pins.pin(n).state for n in (RED, GREEN, BLUE)] == [0, 1, 0])
    assert eventually(lambda: pins.pin(BUZZER).state == 0.5)
    assert pins.pin(BUZZER).frequency == 2000
    desk.board.show_capture(Capture(Phase.FAULT, "Sensor fault"))
    assert eventually(lambda: [pins.pin(n).state for n in (RED, GREEN, BLUE)] == [1, 0, 0])

    for thread in threads:
        thread.stop()
    assert [pins.pin(n).state for n in (RED, GREEN, BLUE, BUZZER)] == [0, 0, 0, 0]


def test_the_keys_start_and_stop_a_check(desk: Desk, pins: Pins) -> None:
    where = ButtonPins(left=LEFT, ok=OK)
    keys = Opening(lambda: GpioButtons.open(where, pins, time.monotonic))
    (thread,) = panel_threads(Panel(keys=keys), desk, lambda: NOW_MS)
    thread.start()
    # It is there once the keys have been seen up: a stuck key starts nothing.
    until(desk.board, there(DeviceName.KEYS))

    for number, wanted in ((OK, ["confirm"]), (LEFT, ["confirm", "stop"])):
        desk.told.clear()
        pins.pin(number).drive_low()
        assert desk.told.wait(LONGEST_S)
        pins.pin(number).drive_high()
        assert desk.asked == wanted
    thread.stop()


def held_keys(desk: Desk, pins: Pins, now: list[float]) -> DeviceLife:
    """A wipe key that has been seen up, on a clock that the test moves."""
    where = ButtonPins(left=LEFT, ok=OK, wipe=WIPE)
    keys = Opening(lambda: GpioButtons.open(where, pins, lambda: now[0]))
    (thread,) = panel_threads(Panel(keys=keys), desk, lambda: NOW_MS)
    thread.start()
    until(desk.board, there(DeviceName.KEYS))
    return thread


def hold(desk: Desk, now: list[float], seconds: float) -> list[int | None]:
    """Let time pass as the key's sampling sees it; return what was left to hold, as shown."""
    shown: list[int | None] = []
    ends_at = now[0] + seconds
    while now[0] < ends_at and "wipe" not in desk.asked:
        now[0] += 0.02
        threading.Event().wait(0.025)
        left = desk.board.state().wipe_left_s
        if not shown or shown[-1] != left:
            shown.append(left)
    return shown


def test_holding_the_wipe_key_counts_down_and_wipes(desk: Desk, pins: Pins) -> None:
    now = [0.0]
    thread = held_keys(desk, pins, now)
    pins.pin(WIPE).drive_low()

    shown = hold(desk, now, 10.0)

    assert [left for left in shown if left is not None] in ([3, 2, 1], [3, 2, 1, 0])
    assert desk.asked == ["wipe"]
    assert 3.0 <= now[0] <= 4.0
    pins.pin(WIPE).drive_high()
    hold(desk, now, 0.1)
    assert desk.board.state().wipe_left_s == 0  # what was destroyed stays destroyed
    thread.stop()


def test_a_wipe_key_that_is_let_go_does_nothing(desk: Desk, pins: Pins) -> None:
    now = [0.0]
    thread = held_keys(desk, pins, now)
    pins.pin(WIPE).drive_low()
    assert hold(desk, now, 2.0)[-1] in {1, 2}
    assert WIPE_KEY_HELD in desk.board.state().notices

    pins.pin(WIPE).drive_high()
    assert eventually(lambda: desk.board.state().wipe_left_s is None)
    hold(desk, now, 4.0)

    assert (desk.asked, desk.board.state().notices) == ([], ())
    thread.stop()


def test_the_display_shows_the_board_and_comes_back_after_it_was_unplugged(desk: Desk) -> None:
    panel = OledPanel(Controller.SSD1306)
    display = Opening(lambda: Oled.open(Controller.SSD1306, bus=panel), policy=IMPATIENT)
    (thread,) = panel_threads(
        Panel(display=display, clock_trusted_ms=NOW_MS + 1), desk, lambda: NOW_MS
    )
    thread.start()

    def shows(*, screen: bool) -> bool:
        state = display_state(desk.board.state(), NOW_MS, screen=screen, clock_trusted=False)
        return panel.picture().tobytes() == draw(state).tobytes()

    assert eventually(lambda: shows(screen=True))
    desk.board.show_capture(Capture(Phase.READY, "Ready"))
    assert eventually(lambda: shows(screen=True))

    panel.plugged = False
    desk.board.show_capture(Capture(Phase.PLACE_FINGER, "Place the finger"))
    until(desk.board, missing(DeviceName.DISPLAY))
    panel.plugged = True
    until(desk.board, there(DeviceName.DISPLAY))
    assert eventually(lambda: shows(screen=True))
    thread.stop()
    assert not panel.on


def test_without_a_page_for_long_the_display_says_so(desk: Desk) -> None:
    panel = OledPanel(Controller.SSD1306)
    display = Opening(lambda: Oled.open(Controller.SSD1306, bus=panel), policy=IMPATIENT)
    now = [0.0]
    (thread,) = panel_threads(Panel(display=display), desk, lambda: NOW_MS, lambda: now[0])
    thread.start()
    desk.board.show_link(up=True, detail="")

    def shows(*, screen: bool) -> bool:
        state = display_state(desk.board.state(), NOW_MS, screen=screen, clock_trusted=True)
        return panel.picture().tobytes() == draw(state).tobytes()

    assert eventually(lambda: shows(screen=True))  # the browser may take a minute
    now[0] = 61.0
    assert eventually(lambda: shows(screen=False))
    with desk.board.page():
        assert eventually(lambda: shows(screen=True))
    now[0] = 100.0
    assert eventually(lambda: shows(screen=False))
    thread.stop()


def test_devices_that_cannot_be_had_are_named_and_the_others_work(desk: Desk, pins: Pins) -> None:
    def no_pins() -> Signalling:
        raise PortLostError("the pins of this board: gpiozero or lgpio is not installed here")

    buzzer = Opening(lambda: Signalling.open_buzzer(BUZZER, pins, time.monotonic))
    panel = Panel(lights=Opening(no_pins), buzzer=buzzer)
    threads = panel_threads(panel, desk, lambda: NOW_MS)
    for thread in threads:
        thread.start()
    until(desk.board, lambda s: missing(DeviceName.LIGHTS)(s) and there(DeviceName.BUZZER)(s))
    for thread in threads:
        thread.stop()


def test_a_kiosk_without_any_of_it_has_no_threads_for_it(desk: Desk) -> None:
    assert panel_threads(Panel(), desk, lambda: NOW_MS) == []
