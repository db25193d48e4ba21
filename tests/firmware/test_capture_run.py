"""The fingers of a case, one after the other, on a simulated module in virtual time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.firmware.attack_detection import attack_score
from greenline.firmware.board import Phase
from greenline.firmware.capture_reports import TakeFingers, Wanted
from greenline.firmware.capture_run import CaptureRun
from greenline.firmware.finger_view import FingerView
from greenline.firmware.line import Impression, Line
from greenline.firmware.residue import Glass
from greenline.firmware.store import Store
from greenline.models.errors import ModelsError
from greenline.models.extraction import Extractor
from greenline.models.quality import judge
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.prints.frame import Frame
from greenline.protocol.keys import SigningKey
from tests.firmware.conftest import KIOSK, Parties
from tests.firmware.reporting import REQUEST, Reported, fingers

NO_FINGER = Frame(np.full((288, 256), 240, np.uint8), 500.0)


@pytest.fixture(scope="module")
def prints() -> tuple[Frame, Frame]:
    one, other = (
        press(make_finger(number), 2, conditions=Conditions()).frame for number in (7_001, 2)
    )
    return one, other


def upper(finger: Frame, share: float) -> Frame:
    """The same finger with only its upper part on the sensor."""
    pixels = finger.pixels.copy()
    pixels[round(finger.height * share) :] = 245
    return Frame(pixels, finger.dpi)


@dataclass
class Post:
    """A sensor, its line, and a traveller. presses: what is laid on it, one after the other.

    seen: what happened in order: the phases, each once, and what the traveller did. stuck: the
    finger is not lifted when that is asked for.
    """

    module: ZfmModule
    line: Line
    glass: Glass
    reported: Reported = field(default_factory=Reported)
    presses: list[Frame] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    stuck: bool = False
    stopped: bool = False
    act: dict[Phase, Callable[[], None]] = field(default_factory=dict)

    def show(
        self,
        phase: Phase,
        instruction: str,
        *,
        share: float = 0.0,
        quality: int | None = None,
        attempt: int = 0,
    ) -> None:
        del instruction, share, quality, attempt
        if self.seen[-1:] != [phase.value]:
            self.seen.append(phase.value)
        self.act.get(phase, lambda: None)()
        if phase is Phase.PLACE_FINGER and self.presses:
            self.module.press(self.presses.pop(0))
        if phase in {Phase.AGAIN, Phase.LIFT_FINGER} and not self.stuck:
            self.seen.append("lifted")
            self.module.lift()

    def run(self, command: TakeFingers, attempts: int = 3) -> list[Impression]:
        """Take fingers; return them."""
        CaptureRun(
            self.line, self.show, lambda: self.stopped, lambda _: None, self.reported, attempts, 0
        ).take(command)
        return self.reported.taken

    def scores(self) -> list[int]:
        return [each.quality.score for each in self.reported.taken]


@pytest.fixture
def post(store: Store, parties: Parties) -> Post:
    module, glass = ZfmModule(R503), Glass(judge, 7)
    port = VirtualPort(Wire(module, paced=True))
    line = Line(
        Zfm.open(port, port.clock), judge, Extractor(model="greenline-1"), 10, store, KIOSK,
        SigningKey.generate(), parties.matcher, 1_000, "test", clock=port.clock, glass=glass,
    )  # fmt: skip
    return Post(module, line, glass)


def test_each_finger_is_lifted_before_the_next_is_asked_for(
    post: Post, prints: tuple[Frame, Frame]
) -> None:
    post.presses = [*prints]

    taken = post.run(fingers(2, 7))

    assert [each.finger for each in taken] == [2, 7]
    one = ["place_finger", "reading", "judging", "lift_finger", "lifted"]
    assert post.seen == [*one, *one, "ready"]
    assert post.reported.attempts == [(2, 1, post.scores()[0]), (7, 1, post.scores()[1])]


def test_a_finger_that_stays_is_not_taken_for_the_next_one(
    post: Post, prints: tuple[Frame, Frame]
) -> None:
    post.presses, post.stuck = [prints[0]], True
    assert [each.finger for each in post.run(fingers(2, 7))] == [2]
    assert post.reported.missed == [7]
    assert post.seen[-2:] == ["again", "stopped"]


def test_below_its_threshold_a_finger_is_asked_for_three_times_and_the_best_is_kept(
    post: Post, prints: tuple[Frame, Frame]
) -> None:
    finger = prints[0]
    post.presses = [upper(finger, 0.5), upper(finger, 0.8), upper(finger, 0.6)]
    line = replace(post.line, early_stop=False)
    post.line = line

    (taken,) = post.run(TakeFingers(REQUEST, (Wanted(2, 99),)))

    scores = [score or 0 for _, _, score in post.reported.attempts]
    assert [number for _, number, _ in post.reported.attempts] == [1, 2, 3]
    assert taken.quality.score == max(scores) == scores[1]
    assert post.seen[-1] == "ready"


def test_a_poor_finger_does_not_end_the_run(post: Post, prints: tuple[Frame, Frame]) -> None:
    post.presses = [upper(prints[0], 0.5), prints[1]]
    command = TakeFingers(REQUEST, (Wanted(2, 99), Wanted(7, 10)))
    assert [each.finger for each in post.run(command, attempts=1)] == [2, 7]
    assert post.scores()[0] < 99


def test_of_a_press_without_a_finger_nothing_is_kept(post: Post) -> None:
    post.presses = [NO_FINGER, NO_FINGER]
    assert post.run(fingers(2, 7, threshold=10), attempts=2) == []
    assert (post.reported.missed, post.reported.begun) == ([2], [2])
    assert post.seen[-1] == "stopped"


def test_each_finger_has_its_own_threshold(post: Post, prints: tuple[Frame, Frame]) -> None:
    post.presses = [*prints, prints[1]]
    post.run(TakeFingers(REQUEST, (Wanted(2, 1), Wanted(7, 99))), attempts=2)
    assert [(finger, number) for finger, number, _ in post.reported.attempts] == [
        (2, 1),
        (7, 1),
        (7, 2),
    ]


def test_the_run_rests_where_it_is_told_to(post: Post, prints: tuple[Frame, Frame]) -> None:
    post.presses, post.reported.rest_after = [*prints], {2}
    assert [each.finger for each in post.run(fingers(2, 7))] == [2]
    assert post.seen[-2:] == ["lifted", "stopped"]


def test_a_finger_that_is_not_wanted_any_more_is_passed_over(
    post: Post, prints: tuple[Frame, Frame]
) -> None:
    post.presses = [prints[0], prints[1]]
    post.act[Phase.READING] = lambda: post.reported.unwanted.add(2)
    assert [each.finger for each in post.run(fingers(2, 7))] == [7]
    assert post.reported.missed == []
    assert post.seen[-1] == "ready"


def test_what_is_stopped_leaves_nothing_behind(post: Post, prints: tuple[Frame, Frame]) -> None:
    def stop() -> None:
        post.stopped = True

    post.presses, post.act[Phase.JUDGING] = [*prints], stop
    assert post.run(fingers(2, 7)) == []
    assert post.seen[-1] == "stopped"
    assert not post.glass.pressed
    assert post.reported.attempts == []


def test_the_officer_sees_the_finger_while_it_is_taken_and_not_after(
    post: Post, prints: tuple[Frame, Frame]
) -> None:
    view = FingerView()
    blank, seen = view.newest(), list[bytes]()
    view.watch(lambda: seen.append(view.newest()))
    post.presses, post.line = [*prints], replace(post.line, view=view)

    post.run(fingers(2, 7))

    ends = [number for number, shown in enumerate(seen) if shown == blank]
    assert ends[-1] == len(seen) - 1
    assert len(ends) == 2  # once behind each finger
    assert ends[0] > 3  # as it arrived, part by part
    assert view.newest() == blank


@dataclass
class Detection:
    """Says a score; None: it cannot."""

    says: float | None
    name: str = "test 1"

    def score(self, frame: Frame) -> float:
        assert frame.pixels.size
        if self.says is None:
            raise ModelsError("no model")
        return self.says


@pytest.mark.parametrize(("says", "told"), [(0.25, 0.25), (7.0, 1.0), (-1.0, 0.0), (None, None)])
def test_a_detector_of_forged_fingers_is_asked_and_the_capture_goes_on(
    post: Post, prints: tuple[Frame, Frame], says: float | None, told: float | None
) -> None:
    post.presses, post.line = [prints[0]], replace(post.line, attacks=Detection(says))
    (taken,) = post.run(fingers(2))
    assert taken.attack == told
    assert attack_score(Detection(says), prints[0]) == told
