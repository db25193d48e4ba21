"""The capture thread while a picture is taken: given up early, settled, stopped, pulled out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
import pytest

from greenline.drivers.sensor import Sensor
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.uru4500_reader import URU4500, UruReader
from greenline.drivers.simulation.usb_bus import UsbBus
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.firmware.advice import advice
from greenline.firmware.board import Board, Capture, DeviceName, Phase
from greenline.firmware.capture import CaptureThread
from greenline.firmware.line import Line, Unusable
from greenline.firmware.reopening import Opening
from greenline.firmware.residue import Glass
from greenline.firmware.status import signal_of
from greenline.firmware.store import Store
from greenline.firmware.trigger import Settling
from greenline.models.extraction import Extractor
from greenline.models.quality import Quality, Reason, judge
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.prints.frame import Frame
from greenline.protocol.keys import SigningKey
from tests.firmware.conftest import KIOSK, Parties
from tests.firmware.reporting import Reported, fingers
from tests.firmware.waiting import IMPATIENT, missing, there, until

CHECK = fingers(2, threshold=20)
QUICK = Settling(good_quality=20, settle_s=0.05, preview_s=3.0)
ENDLESS = Settling(good_quality=100, settle_s=0.0, preview_s=20.0)


@pytest.fixture(scope="module")
def finger() -> Frame:
    return press(make_finger(7_001), 2, conditions=Conditions()).frame


def upper(finger: Frame, share: float) -> Frame:
    """The same finger with only its upper part on the sensor."""
    pixels = finger.pixels.copy()
    pixels[round(finger.height * share) :] = 245
    return Frame(pixels, finger.dpi)


@dataclass
class Kiosk:
    """A capture thread with its board and desk. shown: what the board has shown, in order."""

    board: Board
    thread: CaptureThread
    reported: Reported
    shown: list[Capture] = field(default_factory=list)

    def wait(self, phase: Phase) -> Capture:
        return until(self.board, lambda state: state.capture.phase is phase).capture

    def begin(self) -> None:
        """Ask for a check and wait for the prompt."""
        until(self.board, lambda state: state.capture.phase in {Phase.READY, Phase.STOPPED})
        assert self.thread.request(CHECK)
        self.wait(Phase.PLACE_FINGER)

    def on_reading(self, act: Callable[[], None]) -> None:
        """Do something once, as soon as something of the picture is known."""
        done: list[bool] = []

        def look() -> None:
            capture = self.board.state().capture
            known = capture.share > 0 or capture.quality is not None
            if capture.phase is Phase.READING and known and not done:
                done.append(True)
                act()

        self.board.listen(look)


MakeKiosk = Callable[..., Kiosk]


@pytest.fixture
def make_kiosk(store: Store, parties: Parties) -> Iterator[MakeKiosk]:
    with ExitStack() as stack:

        def make(
            open_it: Callable[[], Sensor],
            settling: Settling = QUICK,
            minimum: int = 20,
            rescan_below: int = 0,
        ) -> Kiosk:
            board, reported = Board(KIOSK, minimum), Reported()
            signer, extraction = SigningKey.generate(), Extractor(model="greenline-1")

            def make_line(sensor: Sensor) -> Line:
                return Line(
                    sensor, judge, extraction, minimum, store, KIOSK, signer, parties.matcher,
                    1_000, "test", settling=settling, glass=Glass(judge, 7),
                )  # fmt: skip

            opening = Opening(open_it, lambda: True, policy=IMPATIENT)
            thread = CaptureThread(
                opening, make_line, board, reported, attempts=2, rescan_below=rescan_below
            )
            kiosk = Kiosk(board, thread, reported)

            def note() -> None:
                capture = board.state().capture
                if not kiosk.shown or kiosk.shown[-1] != capture:
                    kiosk.shown.append(capture)

            board.listen(note)
            thread.start()
            stack.callback(thread.stop)
            return kiosk

        yield make


@dataclass
class Serial:
    """An R503 on a pseudo-terminal."""

    module: ZfmModule
    line: PtyLine

    def open(self) -> Sensor:
        return open_sensor(f"serial:{self.line.path}")


@pytest.fixture
def paced() -> Iterator[Serial]:
    """At the pace of a real line: 1.7 s a picture."""
    module = ZfmModule(R503, baud=115200)
    with PtyLine(Wire(module, paced=True)) as line:
        yield Serial(module, line)


@pytest.fixture
def bus() -> UsbBus:
    return UsbBus(UruReader(URU4500))


def opener(bus: UsbBus) -> Callable[[], Sensor]:
    url = f"usb:{URU4500.vendor:04x}:{URU4500.product:04x}"
    return lambda: open_sensor(url, usb_backend=bus)


def test_a_hopeless_press_is_told_before_it_has_arrived_and_the_next_one_is_taken(
    make_kiosk: MakeKiosk, paced: Serial, finger: Frame
) -> None:
    kiosk = make_kiosk(paced.open)
    kiosk.begin()
    paced.module.press(upper(finger, 0.3))
    again = kiosk.wait(Phase.AGAIN)
    words = advice(Unusable(Quality(0, (Reason.TOO_LITTLE_AREA,))))
    assert again.instruction == f"{words}. Lift the finger"
    assert Phase.JUDGING not in {capture.phase for capture in kiosk.shown}
    assert max(capture.share for capture in kiosk.shown) < 1.0
    paced.module.lift()
    kiosk.wait(Phase.PLACE_FINGER)
    paced.module.press(finger)
    kiosk.wait(Phase.LIFT_FINGER)
    kiosk.reported.took(1)


def test_a_check_that_is_stopped_in_mid_transfer_ends_without_waiting_for_it(
    make_kiosk: MakeKiosk, paced: Serial, finger: Frame
) -> None:
    kiosk = make_kiosk(paced.open)
    kiosk.begin()
    kiosk.on_reading(kiosk.thread.cancel)
    paced.module.press(finger)
    assert kiosk.wait(Phase.STOPPED).instruction == "Stopped"
    assert max(capture.share for capture in kiosk.shown) < 0.5
    assert kiosk.reported.taken == []
    paced.module.lift()
    assert kiosk.thread.request(CHECK)
    kiosk.wait(Phase.PLACE_FINGER)
    paced.module.press(finger)
    kiosk.wait(Phase.LIFT_FINGER)
    kiosk.reported.took(1)


def test_a_sensor_that_is_pulled_while_the_rest_arrives_is_named(
    make_kiosk: MakeKiosk, paced: Serial, finger: Frame
) -> None:
    kiosk = make_kiosk(paced.open)
    kiosk.begin()
    paced.module.press(upper(finger, 0.2))
    kiosk.wait(Phase.AGAIN)
    paced.line.unplug()
    until(kiosk.board, missing(DeviceName.SENSOR))
    paced.line.plug_in()
    until(kiosk.board, there(DeviceName.SENSOR))
    assert kiosk.reported.taken == []


def test_a_live_reader_takes_the_finger_by_itself(
    make_kiosk: MakeKiosk, bus: UsbBus, finger: Frame
) -> None:
    kiosk = make_kiosk(opener(bus))
    kiosk.begin()
    bus.press(finger)
    kiosk.wait(Phase.LIFT_FINGER)
    kiosk.reported.took(1)
    live = [c.quality for c in kiosk.shown if c.phase is Phase.READING and c.quality is not None]
    (taken,) = (each.quality.score for each in kiosk.reported.taken)
    assert taken == max(live)


def test_while_a_finger_settles_the_person_sees_one_signal_only(
    make_kiosk: MakeKiosk, bus: UsbBus, finger: Frame
) -> None:
    kiosk = make_kiosk(opener(bus))
    kiosk.begin()
    bus.press(upper(finger, 0.3))
    kiosk.on_reading(lambda: bus.press(finger))
    kiosk.wait(Phase.LIFT_FINGER)
    reading = [capture for capture in kiosk.shown if capture.phase is Phase.READING]
    assert len({capture.instruction for capture in reading}) >= 2
    assert len({signal_of(capture.phase) for capture in reading}) == 1


def test_a_finger_that_lies_there_already_is_not_taken(
    make_kiosk: MakeKiosk, bus: UsbBus, finger: Frame
) -> None:
    bus.press(finger)
    kiosk = make_kiosk(opener(bus))
    kiosk.wait(Phase.READY)
    assert kiosk.thread.request(CHECK)
    assert kiosk.wait(Phase.AGAIN).instruction.startswith("Lift the finger")
    assert kiosk.reported.taken == []
    bus.lift()
    kiosk.wait(Phase.PLACE_FINGER)
    bus.press(finger)
    kiosk.wait(Phase.LIFT_FINGER)
    kiosk.reported.took(1)


def faded(finger: Frame) -> Frame:
    """What a finger leaves on the glass: its ridges at the same place, fainter."""
    return Frame((245 - 0.35 * (245.0 - finger.pixels)).clip(0, 255).astype(np.uint8), finger.dpi)


def test_what_the_finger_before_has_left_is_not_taken(
    make_kiosk: MakeKiosk, bus: UsbBus, finger: Frame
) -> None:
    kiosk = make_kiosk(opener(bus))
    for _ in range(2):  # the same finger at full contrast is a finger
        kiosk.begin()
        bus.press(finger)
        kiosk.wait(Phase.LIFT_FINGER)
        bus.lift()
    assert judge(faded(finger)).score >= 20
    kiosk.begin()
    bus.press(faded(finger))
    words = advice(Unusable(Quality(0, (Reason.RESIDUE,))))
    assert kiosk.wait(Phase.AGAIN).instruction == f"{words}. Lift the finger"
    kiosk.reported.took(2)


def test_a_check_that_is_stopped_in_mid_preview_keeps_nothing(
    make_kiosk: MakeKiosk, bus: UsbBus, finger: Frame
) -> None:
    kiosk = make_kiosk(opener(bus), ENDLESS)
    kiosk.begin()
    kiosk.on_reading(kiosk.thread.cancel)
    bus.press(finger)
    assert kiosk.wait(Phase.STOPPED).instruction == "Stopped"
    assert kiosk.reported.taken == []


def test_a_reader_that_is_pulled_in_mid_preview_is_named_and_nothing_is_kept(
    make_kiosk: MakeKiosk, bus: UsbBus, finger: Frame
) -> None:
    kiosk = make_kiosk(opener(bus), ENDLESS)
    kiosk.begin()
    kiosk.on_reading(bus.unplug)
    bus.press(finger)
    until(kiosk.board, missing(DeviceName.SENSOR))
    bus.plug_in()
    until(kiosk.board, there(DeviceName.SENSOR))
    assert kiosk.reported.taken == []


@pytest.mark.parametrize("better_first", [True, False])
def test_of_several_usable_pictures_the_best_is_used(
    make_kiosk: MakeKiosk, finger: Frame, better_first: bool
) -> None:
    module = ZfmModule(R503, baud=115200)
    shares = (1.0, 0.7) if better_first else (0.7, 1.0)
    with PtyLine(Wire(module, paced=False)) as line:
        kiosk = make_kiosk(Serial(module, line).open, minimum=5, rescan_below=100)
        kiosk.begin()
        module.press(upper(finger, shares[0]))
        kiosk.wait(Phase.AGAIN)
        module.lift()
        kiosk.wait(Phase.PLACE_FINGER)
        module.press(upper(finger, shares[1]))
        kiosk.wait(Phase.LIFT_FINGER)
        kiosk.thread.stop()
    judged = [c.quality for c in kiosk.shown if c.phase is Phase.JUDGING and c.quality is not None]
    assert len(judged) == 2
    assert (judged[0] > judged[1]) is better_first
    assert [each.quality.score for each in kiosk.reported.taken] == [max(judged)]
