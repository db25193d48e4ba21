"""Taking one picture with the real drivers: a slow sensor's is watched, a live one's settles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.sensor import Retry, Sensor
from greenline.drivers.simulation.uru4500_reader import URU4500, UruReader
from greenline.drivers.simulation.usb_bus import UsbBus
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.drivers.zfm import Zfm
from greenline.firmware.picture import Looking, Shot, take_settled, take_watched
from greenline.firmware.trigger import Settling
from greenline.models.early import Forecast
from greenline.models.quality import Quality, Reason, judge
from greenline.prints.frame import Frame
from tests.models.ridges import rings

SOON_S = 20.0
PATIENT = Settling(good_quality=100, settle_s=0.0, preview_s=0.5)
KEEN = Settling(good_quality=30, settle_s=0.0, preview_s=60.0)


def finger(share: float = 1.0) -> Frame:
    """A finger of which the upper share lies on the sensor."""
    pixels = rings(330, 330)
    pixels[round(330 * share) :] = 240
    return Frame(pixels, 500.0)


@dataclass
class Reader:
    """A U.are.U reader. frames: what lies on it at each look; None: nothing."""

    bus: UsbBus
    sensor: Sensor
    scores: list[int] = field(default_factory=list)
    now: float = 0.0

    def place(self, frame: Frame) -> None:
        self.bus.press(frame)
        assert self.sensor.wait_finger(present=True, timeout_s=SOON_S)

    def take(
        self,
        settling: Settling,
        then: Callable[[int], None] = lambda _: None,
        ended: Callable[[], bool] = lambda: False,
        keep_poor: bool = False,
    ) -> Shot | Retry:
        """Take a picture, a tenth of a second a frame. then: what happens after so many frames."""

        def seen(quality: Quality) -> None:
            self.scores.append(quality.score)
            self.now += 0.1
            then(len(self.scores))

        looking = Looking(judge, 20, settling=settling, seen=seen, ended=ended, keep_poor=keep_poor)
        return take_settled(self.sensor, looking, lambda: self.now)


@pytest.fixture
def reader() -> Iterator[Reader]:
    bus = UsbBus(UruReader(URU4500))
    url = f"usb:{URU4500.vendor:04x}:{URU4500.product:04x}"
    with open_sensor(url, usb_backend=bus) as sensor:
        yield Reader(bus, sensor)


def test_a_finger_is_taken_when_it_has_settled(reader: Reader) -> None:
    course = {1: finger(0.5), 2: finger(0.7), 3: finger()}
    reader.place(finger(0.3))
    taken = reader.take(
        Settling(30, settle_s=0.15, preview_s=60.0),
        lambda count: reader.bus.press(course[count]) if count in course else None,
    )
    assert isinstance(taken, Shot)
    assert reader.scores == sorted(reader.scores)
    assert len(reader.scores) == 6  # the fourth rose, and two more did not
    assert taken.quality.score == max(reader.scores)
    assert taken.quality == judge(taken.frame)


def test_the_best_frame_is_kept_when_the_finger_gets_worse(reader: Reader) -> None:
    reader.place(finger())
    taken = reader.take(PATIENT, lambda _: reader.bus.press(finger(0.3)))
    assert isinstance(taken, Shot)
    assert taken.quality.score == reader.scores[0] > reader.scores[1]


def test_when_the_time_is_up_the_best_frame_is_told_even_if_it_is_poor(reader: Reader) -> None:
    reader.place(Frame(np.full((330, 330), 240, np.uint8), 500.0))
    taken = reader.take(PATIENT)
    assert isinstance(taken, Shot)
    assert len(reader.scores) == 5
    assert Reason.NO_FINGER in taken.quality.reasons


def test_a_finger_that_is_lifted_leaves_its_best_frame(reader: Reader) -> None:
    reader.place(finger())
    taken = reader.take(PATIENT, lambda _: reader.bus.lift())
    assert isinstance(taken, Shot)
    assert taken.quality.score >= 20


def test_a_finger_that_is_lifted_too_early_leaves_nothing(reader: Reader) -> None:
    reader.place(finger(0.15))
    assert reader.take(PATIENT, lambda _: reader.bus.lift()) is Retry.NO_FINGER


def test_where_a_poor_picture_is_kept_a_lifted_finger_leaves_it(reader: Reader) -> None:
    reader.place(finger(0.2))
    taken = reader.take(PATIENT, lambda _: reader.bus.lift(), keep_poor=True)
    assert isinstance(taken, Shot)
    assert 0 < taken.quality.score < 20

    reader.place(Frame(np.full((330, 330), 240, np.uint8), 500.0))
    nothing = reader.take(PATIENT, lambda _: reader.bus.lift(), keep_poor=True)
    assert nothing is Retry.NO_FINGER


def test_without_a_finger_there_is_nothing_to_take(reader: Reader) -> None:
    assert reader.take(KEEN) is Retry.NO_FINGER
    assert reader.scores == []


def test_it_ends_between_two_frames_and_keeps_nothing(reader: Reader) -> None:
    reader.place(finger())
    assert reader.take(PATIENT, ended=lambda: len(reader.scores) >= 2) is Retry.STOPPED
    assert len(reader.scores) == 2


def test_a_reader_that_is_pulled_in_mid_preview_is_lost(reader: Reader) -> None:
    reader.place(finger())
    with pytest.raises(PortLostError):
        reader.take(PATIENT, lambda _: reader.bus.unplug())


@dataclass
class Module:
    """An R503 in virtual time."""

    module: ZfmModule
    port: VirtualPort
    sensor: Zfm
    whole_s: float
    seen: list[Quality] = field(default_factory=list)

    def take(
        self, *, early: bool = True, ended: Callable[[], bool] = lambda: False
    ) -> Frame | Retry | Forecast:
        looking = Looking(judge, 20, early=early, seen=self.seen.append, ended=ended)
        return take_watched(self.sensor, looking, None)


@pytest.fixture
def module() -> Module:
    simulated = ZfmModule(R503)
    port = VirtualPort(Wire(simulated, paced=True))
    sensor = Zfm.open(port, port.clock)
    simulated.press(finger())
    before = port.clock()
    assert isinstance(sensor.scan(), Frame)
    return Module(simulated, port, sensor, port.clock() - before)


def test_a_good_press_is_read_to_its_end_and_told_as_soon_as_it_is_good(module: Module) -> None:
    before = module.port.clock()
    taken = module.take()
    assert isinstance(taken, Frame)
    assert module.port.clock() - before == pytest.approx(module.whole_s)
    scores = [quality.score for quality in module.seen]
    assert scores == sorted(scores)
    assert 20 <= scores[0] < judge(taken).score


def test_a_hopeless_press_is_given_up_before_it_has_arrived(module: Module) -> None:
    module.module.press(finger(0.3))
    before = module.port.clock()
    taken = module.take()
    assert isinstance(taken, Forecast)
    assert taken.at_most < 20
    assert module.port.clock() - before < 0.9 * module.whole_s
    module.module.press(finger())
    assert isinstance(module.take(), Frame)


def test_who_wants_every_picture_gets_it(module: Module) -> None:
    module.module.press(finger(0.3))
    assert isinstance(module.take(early=False), Frame)


def test_a_check_that_was_ended_stops_within_an_eighth_of_the_picture(module: Module) -> None:
    before = module.port.clock()
    assert module.take(ended=lambda: True) is Retry.STOPPED
    assert module.port.clock() - before < 0.2 * module.whole_s


def test_a_picture_that_would_be_refused_does_not_end_the_preview(reader: Reader) -> None:
    reader.place(finger(0.18))
    taken = reader.take(Settling(good_quality=1, settle_s=0.0, preview_s=0.5))
    assert isinstance(taken, Shot)
    assert 1 <= taken.quality.score < 20
    assert len(reader.scores) == 5
