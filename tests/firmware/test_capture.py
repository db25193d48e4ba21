"""The capture thread with the real serial driver: its sensor leaves, comes back, and shines."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from greenline.drivers.aura import aura_for
from greenline.drivers.sensor import Sensor
from greenline.drivers.signals import Signal
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.firmware.board import Board, DeviceName, Phase
from greenline.firmware.capture import CaptureThread, StartCheck
from greenline.firmware.checks import Checks
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.gate import Gate
from greenline.firmware.inbox import Inbox
from greenline.firmware.line import Case, Line
from greenline.firmware.reopening import Opening
from greenline.firmware.store import Store
from greenline.models.extraction import Extractor
from greenline.models.quality import judge
from greenline.models.training.synthesis import Conditions, as_sensor, make_finger, press
from greenline.prints.frame import Frame
from greenline.protocol.keys import SigningKey
from tests.firmware.conftest import KIOSK, Parties
from tests.firmware.waiting import IMPATIENT, LONGEST_S, device, missing, there, until

CHECK = StartCheck(2, Case("test", ("watch",)))


@pytest.fixture(scope="module")
def finger() -> Frame:
    return as_sensor(press(make_finger(7_001), 2, conditions=Conditions()).frame, 1)


@dataclass
class Bench:
    """A capture thread and its module on a pseudo-terminal. lights: what the ring was told."""

    board: Board
    module: ZfmModule
    line: PtyLine
    thread: CaptureThread
    store: Store
    resets: list[int]
    lights: list[tuple[int, int, int, int] | None] = field(default_factory=list)


@pytest.fixture
def bench(
    store: Store, parties: Parties, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    board = Board(KIOSK, 20)
    inbox = Inbox(KIOSK, parties.kiosk_opener, parties.matcher, store, lambda: 100, 50)
    checks = Checks(board, store, inbox, lambda: 100)
    path = tmp_path_factory.mktemp("gate") / "uplink.sock"
    gate = Gate(path, store, checks, Dispatcher(lambda: 0.0), lambda: 100)
    module = ZfmModule(R503, baud=115200)
    extraction, signer = Extractor(), SigningKey.generate()

    def make_line(sensor: Sensor) -> Line:
        return Line(
            sensor, judge, extraction, 20, store, KIOSK, signer, parties.matcher, 1_000, "test"
        )

    resets: list[int] = []

    def reset() -> bool:
        resets.append(1)
        return True

    with ExitStack() as stack:
        line = stack.enter_context(PtyLine(Wire(module, paced=False)))
        opening = Opening(lambda: open_sensor(f"serial:{line.path}"), reset, IMPATIENT)
        thread = CaptureThread(opening, make_line, board, checks, gate, attempts=2)
        bench = Bench(board, module, line, thread, store, resets)

        def note() -> None:
            if not bench.lights or bench.lights[-1] != module.light:
                bench.lights.append(module.light)

        board.listen(note)
        gate.start()
        thread.start()
        yield bench
        thread.stop()
        gate.stop()


def ready(bench: Bench) -> None:
    until(bench.board, lambda state: state.capture.phase is Phase.READY)


def ring(signal: Signal) -> tuple[int, int, int, int]:
    control, speed, colour, times = aura_for(signal).encode()
    return control, speed, colour, times


def test_the_ring_shows_each_step_of_a_capture_that_ends_well(bench: Bench, finger: Frame) -> None:
    ready(bench)
    assert bench.thread.request(CHECK)
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    bench.module.press(finger)
    until(bench.board, lambda state: state.capture.phase is Phase.LIFT_FINGER)
    bench.module.lift()
    ready(bench)
    bench.thread.stop()
    wanted = [Signal.READY, Signal.PUT_FINGER, Signal.HOLD_STILL, Signal.LIFT_FINGER, Signal.READY]
    shown = [light for light in [*bench.lights, bench.module.light] if light is not None]
    assert list(dict.fromkeys(shown)) == list(dict.fromkeys(map(ring, wanted)))
    assert len(bench.store.pending()) == 1


def test_between_two_persons_a_sensor_that_left_is_named_and_found_again(bench: Bench) -> None:
    ready(bench)
    bench.line.unplug()
    state = until(bench.board, missing(DeviceName.SENSOR))
    lost = device(state, DeviceName.SENSOR)
    assert lost is not None
    assert lost.code == "E21"
    assert not bench.thread.request(CHECK)
    bench.line.plug_in()
    until(bench.board, there(DeviceName.SENSOR))
    ready(bench)
    assert bench.resets == []


def test_after_three_failures_the_usb_device_is_reset(bench: Bench) -> None:
    ready(bench)
    bench.line.unplug()
    lost: list[str] = []
    thrice = threading.Event()

    def count() -> None:
        lost.append(bench.board.state().capture.phase)
        if bench.resets:
            thrice.set()

    bench.board.listen(count)
    assert thrice.wait(LONGEST_S)
    bench.line.plug_in()
    ready(bench)


def test_a_poor_press_is_asked_for_again_until_it_is_stopped(bench: Bench, finger: Frame) -> None:
    ready(bench)
    assert bench.thread.request(CHECK)
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    blank = finger.pixels.copy()
    blank[:] = 240
    bench.module.press(Frame(blank, finger.dpi))
    again = until(bench.board, lambda state: state.capture.phase is Phase.AGAIN)
    assert again.capture.instruction.endswith("Lift the finger")
    bench.module.lift()
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    bench.thread.cancel()
    stopped = until(bench.board, lambda state: state.capture.phase is Phase.STOPPED)
    assert stopped.capture.instruction == "Stopped"
    assert bench.store.pending() == []
