"""A test capture uses the real sensor, tells how good the picture is, and keeps nothing."""

import gc
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenline.drivers.sensor import Sensor
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.firmware.board import Board, Phase
from greenline.firmware.capture import CaptureThread
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_state import CaseShown, CaseStage
from greenline.firmware.errors import StoreError
from greenline.firmware.impressions import Impression
from greenline.firmware.line import Line
from greenline.firmware.reopening import Opening
from greenline.firmware.store import Store
from greenline.firmware.trial import Trial, TrialCapture
from greenline.models.extraction import Extractor
from greenline.models.quality import judge
from greenline.models.training.synthesis import Conditions, as_sensor, make_finger, press
from greenline.prints.frame import Frame
from greenline.protocol.audit import Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.keys import SigningKey
from tests.firmware.conftest import KIOSK, Parties
from tests.firmware.reporting import Reported, fingers
from tests.firmware.waiting import IMPATIENT, LONGEST_S, until
from tests.line.canary import canaries, found_under

WHO = "4714"


class Log:
    """An audit log in memory. full: it takes nothing."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False

    def note(self, *events: Event) -> None:
        if self.full:
            raise StoreError("the card is full")
        self.events += events


class Capturing:
    """The thread as the test capture uses it; whoever waits looks again when it is let go."""

    def __init__(self, thread: CaptureThread) -> None:
        self.request = thread.request
        self.changed = threading.Condition()
        self._thread = thread

    def cancel(self) -> None:
        self._thread.cancel()
        with self.changed:
            self.changed.notify_all()


@dataclass
class Bench:
    """A capture thread, its module on a pseudo-terminal, and the test between thread and desk."""

    board: Board
    module: ZfmModule
    thread: CaptureThread
    capturing: Capturing
    trial: TrialCapture
    cases: Reported
    log: Log

    def ready(self) -> None:
        until(self.board, lambda state: state.capture.phase is Phase.READY)

    def over(self) -> Trial:
        with self.capturing.changed:
            assert self.capturing.changed.wait_for(lambda: not self.trial.told().going, LONGEST_S)
        return self.trial.told()

    def press(self, frame: Frame) -> None:
        until(self.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
        self.module.press(frame)
        until(self.board, lambda state: state.capture.phase in {Phase.LIFT_FINGER, Phase.AGAIN})
        self.module.lift()


@pytest.fixture(scope="module")
def finger() -> Frame:
    return as_sensor(press(make_finger(7_002), 2, conditions=Conditions()).frame, 1)


@pytest.fixture
def bench(store: Store, parties: Parties) -> Iterator[Bench]:
    board, cases, log = Board(KIOSK, 20), Reported(), Log()
    module, signer = ZfmModule(R503, baud=115200), SigningKey.generate()
    trial = TrialCapture(cases, board, log, 20)

    def make_line(sensor: Sensor) -> Line:
        return Line(
            sensor, judge, Extractor(), 20, store, KIOSK, signer, parties.matcher, 1_000, "test"
        )

    with ExitStack() as stack:
        line = stack.enter_context(PtyLine(Wire(module, paced=False)))
        opening = Opening(lambda: open_sensor(f"serial:{line.path}"), policy=IMPATIENT)
        thread = CaptureThread(opening, make_line, board, trial, attempts=2)
        capturing = Capturing(thread)
        trial.connect(capturing)
        thread.start()
        yield Bench(board, module, thread, capturing, trial, cases, log)
        thread.stop()


def test_it_tells_how_good_the_picture_is_and_keeps_nothing_of_it(
    bench: Bench, finger: Frame, store: Store, tmp_path: Path
) -> None:
    bench.ready()
    bench.trial.begin(WHO)
    bench.press(finger)
    told = bench.over()

    assert (told.presses, told.threshold, told.words) == (1, 20, "Good")
    assert told.quality is not None
    assert told.quality >= 20
    assert {"quality", "template"} <= set(told.steps_ms)
    assert bench.log.events == [Event(Kind.CASE, WHO, details={"what": "test capture"})]
    assert (bench.cases.begun, bench.cases.taken, bench.cases.rests) == ([], [], [])
    assert (store.pending(), store.answers(9)) == ([], [])
    bench.thread.stop()
    store.close()
    canary = canaries("the finger", finger, Extractor().extract(finger))
    assert found_under(tmp_path, canary) == []
    assert [each for each in gc.get_objects() if isinstance(each, Impression)] == []


def test_a_case_is_taken_as_ever_after_a_test(bench: Bench, finger: Frame) -> None:
    bench.ready()
    bench.trial.begin(WHO)
    bench.press(finger)
    bench.over()
    bench.ready()

    assert bench.thread.request(fingers(2, threshold=20))
    bench.press(finger)

    (impression,) = bench.cases.took(1)
    assert impression.finger == 2
    assert bench.trial.told().presses == 1


def test_while_a_case_is_open_nothing_is_tested(bench: Bench) -> None:
    bench.ready()
    bench.board.show_case(CaseShown(CaseStage.ADULT, "border-check", "law-1", "gate", "1", 1))
    with pytest.raises(NotNowError, match="A case is open"):
        bench.trial.begin(WHO)
    assert bench.log.events == []


def test_only_one_test_at_a_time_and_it_ends_with_who_asked_for_it(bench: Bench) -> None:
    bench.ready()
    bench.trial.begin(WHO)
    with pytest.raises(NotNowError, match="not ready"):
        bench.trial.begin(WHO)
    until(bench.board, lambda state: state.capture.phase is Phase.PLACE_FINGER)
    bench.trial.end()

    assert bench.over() == Trial(threshold=20, words="Stopped")
    bench.trial.end()  # harmless


def test_what_cannot_be_noted_is_not_tested(bench: Bench) -> None:
    bench.ready()
    bench.log.full = True
    with pytest.raises(StoreError):
        bench.trial.begin(WHO)
    assert bench.board.state().capture.phase is Phase.READY
    assert not bench.trial.told().going
