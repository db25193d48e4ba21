"""The attempts at one finger, on a simulated module in virtual time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.sensor import Retry
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.firmware.board import Phase
from greenline.firmware.line import Impression, Line, Unusable
from greenline.firmware.residue import Glass
from greenline.firmware.store import Store
from greenline.firmware.taking import Taking
from greenline.models.extraction import Extractor
from greenline.models.quality import Reason, judge
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.prints.frame import Frame
from greenline.protocol.keys import SigningKey
from tests.firmware.conftest import KIOSK, Parties

LIFT = "Lift the finger. If none is there, wipe the sensor"


@pytest.fixture(scope="module")
def finger() -> Frame:
    return press(make_finger(7_001), 2, conditions=Conditions()).frame


@dataclass
class Desk:
    """A sensor, its line and an officer. act: what happens when a phase is shown."""

    module: ZfmModule
    port: VirtualPort
    line: Line
    glass: Glass
    stopped: bool = False
    act: dict[Phase, Callable[[], None]] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)

    def show(
        self,
        phase: Phase,
        instruction: str,
        *,
        share: float = 0.0,
        quality: int | None = None,
        attempt: int = 0,
    ) -> None:
        del share, quality, attempt
        self.shown.append(instruction)
        self.act.get(phase, lambda: None)()

    def stop(self) -> None:
        self.stopped = True

    def check(self, rescan_below: int = 0) -> Impression | str:
        """Run one check of two attempts, and wait for the finger to leave as the kiosk does."""
        self.shown.clear()
        taking = Taking(self.line, self.show, lambda: self.stopped, lambda _: None, 2, rescan_below)
        found = taking.take(2)
        if isinstance(found, Impression):
            taking.wait_lifted()
        return found


@pytest.fixture
def desk(store: Store, parties: Parties) -> Desk:
    module, glass = ZfmModule(R503), Glass(judge, 7)
    port = VirtualPort(Wire(module, paced=True))
    line = Line(
        Zfm.open(port, port.clock), judge, Extractor(model="greenline-1"), 10, store, KIOSK,
        SigningKey.generate(), parties.matcher, 1_000, "test", clock=port.clock, glass=glass,
    )  # fmt: skip
    return Desk(module, port, line, glass)


def test_a_finger_that_never_left_is_not_taken_for_the_next_person(
    desk: Desk, finger: Frame
) -> None:
    desk.module.press(finger)
    assert isinstance(desk.check(), Impression)
    assert desk.check() == "The sensor was never free. Wipe it, then start again"
    assert desk.shown == [LIFT]
    desk.act = {
        Phase.AGAIN: desk.module.lift,
        Phase.PLACE_FINGER: lambda: desk.module.press(finger),
    }
    assert isinstance(desk.check(), Impression)
    assert desk.shown[:2] == [LIFT, "Place the finger on the sensor"]


def test_a_finger_that_lies_there_early_is_taken_by_a_slow_sensor(
    desk: Desk, finger: Frame
) -> None:
    desk.module.press(finger)
    assert isinstance(desk.check(), Impression)
    assert LIFT not in desk.shown


def test_without_a_finger_the_officer_is_told_so(desk: Desk) -> None:
    assert desk.check() == "No finger was placed"


def test_a_sensor_that_is_lost_in_the_second_attempt_leaves_the_first_picture(
    desk: Desk, finger: Frame
) -> None:
    desk.module.press(finger)
    desk.act = {Phase.AGAIN: desk.port.unplug}
    taking = Taking(desk.line, desk.show, lambda: False, lambda _: None, 2, rescan_below=100)
    assert isinstance(taking.take(2), Impression)
    with pytest.raises(PortLostError):
        taking.wait_lifted()


def test_a_sensor_that_is_lost_before_there_is_a_picture_is_named(
    desk: Desk, finger: Frame
) -> None:
    desk.module.press(finger)
    desk.act = {Phase.READING: desk.port.unplug}
    with pytest.raises(PortLostError):
        desk.check()


def test_of_a_check_that_is_stopped_no_picture_is_kept(desk: Desk, finger: Frame) -> None:
    desk.module.press(finger)
    desk.act = {Phase.AGAIN: desk.stop}
    assert desk.check(rescan_below=100) == "Stopped"
    assert not desk.glass.pressed


def test_a_stopped_check_whose_sensor_is_lost_too_leaves_no_picture(
    desk: Desk, finger: Frame
) -> None:
    def stop_and_pull() -> None:
        desk.stop()
        desk.port.unplug()

    def next_time() -> None:
        desk.act = {Phase.READING: stop_and_pull}

    desk.module.press(finger)
    desk.act = {Phase.AGAIN: next_time}
    with pytest.raises(PortLostError):
        desk.check(rescan_below=100)


def test_residue_is_refused_even_where_every_score_will_do(desk: Desk, finger: Frame) -> None:
    line = replace(desk.line, minimum_quality=0)
    desk.module.press(finger)
    assert isinstance(line.take(2), Impression)
    desk.glass.lifted()
    grey = 245 - 0.35 * (245.0 - finger.pixels)
    desk.module.press(Frame(grey.clip(0, 255).astype(np.uint8), finger.dpi))
    found = line.take(2)
    assert not isinstance(found, Retry | Impression)
    assert isinstance(found, Unusable)
    assert found.quality.reasons == (Reason.RESIDUE,)
