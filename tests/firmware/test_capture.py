"""The capture thread with the real serial driver: its sensor leaves, comes back, and shines."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from greenline.drivers.aura import aura_for
from greenline.drivers.sensor import Sensor
from greenline.drivers.signals import Signal
from greenline.drivers.simulation.faults import BadChecksum, OnPictures
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.firmware.board import Board, DeviceName, Phase
from greenline.firmware.capture import CaptureThread
from greenline.firmware.errors import StoreError, StoreFullError
from greenline.firmware.line import Case, Line
from greenline.firmware.reopening import Opening
from greenline.firmware.status import signal_of
from greenline.firmware.store import Pending, Store
from greenline.firmware.store_bounds import Bounds
from greenline.models.extraction import Extractor
from greenline.models.quality import judge
from greenline.models.training.synthesis import Conditions, as_sensor, make_finger, press
from greenline.prints.frame import Frame
from greenline.prints.template import Template
from greenline.protocol.keys import SigningKey
from greenline.protocol.wording import STORE_FULL
from tests.firmware.conftest import KIOSK, Parties
from tests.firmware.reporting import REQUEST, Reported, fingers
from tests.firmware.waiting import IMPATIENT, LONGEST_S, device, missing, there, until

CHECK = fingers(2, threshold=20)


@pytest.fixture(scope="module")
def finger() -> Frame:
    return as_sensor(press(make_finger(7_001), 2, conditions=Conditions()).frame, 1)


@dataclass(frozen=True)
class Failing:
    """An extraction that fails as the test says."""

    inner: Extractor
    fault: Callable[[], Exception | None]

    @property
    def model_id(self) -> str:
        return self.inner.model_id

    def extract(self, frame: Frame) -> Template:
        if (fault := self.fault()) is not None:
            raise fault
        return self.inner.extract(frame)


@dataclass
class Bench:
    """A capture thread and its module on a pseudo-terminal. lights: what the ring was told."""

    board: Board
    module: ZfmModule
    wire: Wire
    line: PtyLine
    thread: CaptureThread
    store: Store
    reported: Reported
    resets: list[int]
    on_open: Callable[[], object] = lambda: None
    on_reset: Callable[[], object] = lambda: None
    fault: Exception | None = None  # of the next extraction
    lights: list[tuple[int, int, int, int] | None] = field(default_factory=list)


@pytest.fixture
def bench(store: Store, parties: Parties) -> Iterator[Bench]:
    board, reported = Board(KIOSK, 20), Reported()
    module = ZfmModule(R503, baud=115200)
    signer = SigningKey.generate()

    def make_line(sensor: Sensor) -> Line:
        extraction = Failing(Extractor(), lambda: bench.fault)
        return Line(
            sensor, judge, extraction, 20, store, KIOSK, signer, parties.matcher, 1_000, "test"
        )

    resets: list[int] = []

    def reset() -> bool:
        resets.append(1)
        bench.on_reset()
        return True

    def open_it() -> Sensor:
        bench.on_open()
        return open_sensor(f"serial:{line.path}")

    with ExitStack() as stack:
        wire = Wire(module, paced=False)
        line = stack.enter_context(PtyLine(wire))
        opening = Opening(open_it, reset, policy=IMPATIENT)
        thread = CaptureThread(opening, make_line, board, reported, attempts=2)
        bench = Bench(board, module, wire, line, thread, store, reported, resets)

        def note() -> None:
            if not bench.lights or bench.lights[-1] != module.light:
                bench.lights.append(module.light)

        board.listen(note)
        thread.start()
        yield bench
        thread.stop()


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
    wanted = [Signal.READY, Signal.PUT_FINGER, Signal.HOLD_STILL, Signal.LIFT_FINGER, Signal.WAIT]
    shown = [light for light in [*bench.lights, bench.module.light] if light is not None]
    assert list(dict.fromkeys(shown)) == list(dict.fromkeys(map(ring, wanted)))
    bench.reported.took(1)


def test_between_two_persons_a_sensor_that_left_is_named_and_found_again(bench: Bench) -> None:
    ready(bench)
    bench.line.unplug()
    state = until(bench.board, lambda state: state.capture.phase is Phase.FAULT)
    lost = device(state, DeviceName.SENSOR)
    assert lost is not None
    assert lost.code == "E21"
    assert lost.missing
    assert not bench.thread.request(CHECK)
    bench.line.plug_in()
    until(bench.board, there(DeviceName.SENSOR))
    ready(bench)
    assert bench.resets == []


def test_after_three_failures_the_usb_device_is_reset(bench: Bench) -> None:
    ready(bench)
    tries: list[int] = []
    bench.on_open = lambda: tries.append(len(bench.resets))
    bench.line.unplug()
    thrice = threading.Event()
    bench.on_reset = thrice.set
    assert thrice.wait(LONGEST_S)
    bench.line.plug_in()
    ready(bench)
    # It failed in use, then to be opened twice; the reset comes before the next try.
    assert tries[:3] == [0, 0, 1]


def test_a_check_that_is_stopped_while_it_is_read_keeps_nothing(
    bench: Bench, finger: Frame
) -> None:
    ready(bench)
    assert bench.thread.request(CHECK)
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    stop = threading.Event()

    def cancel() -> None:
        if bench.board.state().capture.phase is Phase.READING and not stop.is_set():
            stop.set()
            bench.thread.cancel()

    bench.board.listen(cancel)
    bench.module.press(finger)
    stopped = until(bench.board, lambda state: state.capture.phase is Phase.STOPPED)
    assert stop.is_set()
    assert stopped.capture.instruction == "Stopped"
    assert bench.reported.taken == []


def test_a_check_that_was_asked_for_when_the_sensor_left_does_not_begin_later(
    bench: Bench,
) -> None:
    ready(bench)
    bench.line.unplug()
    asked: list[bool] = []
    phases: list[Phase] = []

    def ask() -> None:
        state = bench.board.state()
        phases.append(state.capture.phase)
        # The last moment in which the kiosk still calls itself ready.
        if missing(DeviceName.SENSOR)(state) and not asked:
            asked.append(bench.thread.request(CHECK))

    bench.board.listen(ask)
    until(bench.board, lambda state: state.capture.phase is Phase.FAULT)
    bench.line.plug_in()
    until(bench.board, there(DeviceName.SENSOR))
    ready(bench)
    assert asked == [True]
    assert bench.thread.request(CHECK)  # the officer asks anew, and only that is done
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    assert phases.count(Phase.PLACE_FINGER) == 1


def test_a_fault_of_the_program_is_told_and_the_sensor_kept(bench: Bench, finger: Frame) -> None:
    ready(bench)
    bench.fault = ZeroDivisionError("in the network")
    assert bench.thread.request(CHECK)
    bench.module.press(finger)
    stopped = until(bench.board, lambda state: state.capture.phase is Phase.STOPPED)
    assert stopped.capture.instruction == (
        "A fault in the kiosk itself (ZeroDivisionError). Start again"
    )
    assert there(DeviceName.SENSOR)(stopped)
    assert bench.resets == []


def fill(store: Store) -> None:
    """Take every page that the store has."""
    pages = store._file.db.execute("PRAGMA page_count").fetchone()[0]
    store._file.db.execute(
        f"PRAGMA max_page_count = {pages + 2}"
    )  # SQLite's way to meet a full disk
    with pytest.raises(StoreFullError):
        add_many(store)


def add_many(store: Store) -> None:
    for number in range(1000):
        request_id = number.to_bytes(16, "big")
        store.add_request(Pending(request_id, 0, 1, 10_000_000_000_000), bytes(400))


def test_a_full_store_is_named_until_something_can_be_kept_again(
    bench: Bench, finger: Frame
) -> None:
    case = Case("test", ("watch",), request_id=REQUEST)
    with pytest.raises(StoreError, match="no sensor"):
        CaptureThread(
            Opening(lambda: pytest.fail("opened"), lambda: True), lambda _: pytest.fail("made"),
            bench.board, bench.reported, 2,
        ).submit(case)  # fmt: skip
    ready(bench)
    fill(bench.store)
    with pytest.raises(StoreFullError):
        bench.thread.submit(case)
    full = device(bench.board.state(), DeviceName.STORE)
    assert full is not None
    assert full.code == "E61"
    assert "full" in full.missing
    bench.store._file.db.execute("PRAGMA max_page_count = 1000000")
    assert bench.thread.submit(case).pending.request_id == REQUEST
    assert there(DeviceName.STORE)(bench.board.state())


@pytest.mark.parametrize("bounds", [Bounds(most_requests=20)])
def test_near_its_bound_nobody_is_asked_for_a_finger_until_something_has_left(
    bench: Bench, bounds: Bounds
) -> None:
    ready(bench)
    for number in range(bounds.most_requests - 1):
        bench.store.add_request(Pending(number.to_bytes(16), 0, 1, 10_000_000), b"sealed")

    assert bench.thread.request(CHECK)
    state = until(bench.board, lambda state: state.capture.phase is Phase.REFUSED)

    assert state.capture.instruction == STORE_FULL
    assert missing(DeviceName.STORE)(state)
    assert signal_of(Phase.REFUSED) is Signal.OUT_OF_ORDER
    bench.store.add_answer(bytes(16), b"answer", final=True, arrived_ms=1, expires_ms=100)
    state = until(bench.board, lambda state: state.capture.phase is Phase.READY)
    assert not missing(DeviceName.STORE)(state)


def test_the_ring_goes_dark_with_the_kiosk(bench: Bench) -> None:
    ready(bench)
    bench.thread.stop()
    assert bench.module.light == ring(Signal.WAIT)


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
    assert bench.reported.taken == []


def test_a_picture_that_arrives_damaged_is_asked_for_again_and_the_sensor_kept(
    bench: Bench, finger: Frame
) -> None:
    ready(bench)
    assert bench.thread.request(CHECK)
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    bench.wire.faults.append(OnPictures(BadChecksum()))
    bench.module.press(finger)
    again = until(bench.board, lambda state: state.capture.phase is Phase.AGAIN)
    assert again.capture.instruction.startswith("The picture did not arrive whole")
    bench.wire.faults.clear()
    bench.module.lift()
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    bench.module.press(finger)
    until(bench.board, lambda state: state.capture.phase is Phase.LIFT_FINGER)
    bench.reported.took(1)


def test_a_line_that_stays_bad_is_a_fault_of_the_sensor(bench: Bench, finger: Frame) -> None:
    ready(bench)
    assert bench.thread.request(CHECK)
    bench.wire.faults.append(OnPictures(BadChecksum()))
    bench.module.press(finger)
    until(bench.board, lambda state: state.capture.phase is Phase.AGAIN)
    bench.module.lift()
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    bench.module.press(finger)
    until(bench.board, missing(DeviceName.SENSOR))
    bench.wire.faults.clear()
    ready(bench)
    assert bench.reported.taken == []


def test_a_kiosk_that_ends_with_a_check_just_asked_for_ends_all_the_same(bench: Bench) -> None:
    ready(bench)
    assert bench.thread.request(CHECK)
    bench.thread.stop()
    assert "capture" not in {thread.name for thread in threading.enumerate()}
