"""A desk of cases with a sensor that a test plays itself: it asks, and the test reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from greenline.firmware.board import Board
from greenline.firmware.capture_reports import TakeFingers
from greenline.firmware.case_counts import CaseCounts
from greenline.firmware.case_desk import CaseDesk
from greenline.firmware.case_held import CaseParts
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_rules import CaseRules, Purpose, Thresholds
from greenline.firmware.case_state import CaseShown
from greenline.firmware.errors import StoreError
from greenline.firmware.impressions import Case, Impression
from greenline.models.quality import Quality
from greenline.prints import fmr
from greenline.prints.template import Template
from greenline.protocol.audit import Event
from tests.firmware.conftest import KIOSK

ANSWERED = Thresholds(thumb=30, index=40, middle=40, ring=50, little=60)
PURPOSE = Purpose("border-check", "law-1", 2, ("watch",), ANSWERED)
RULES = CaseRules((PURPOSE,), "gate-1", attempts=3, per_hour=3, timeout_s=100.0)
WHO = "4711"


@cache
def record(finger: int) -> bytes:
    """An ISO record of a print that no other finger has."""
    draw, count = np.random.default_rng(finger), 12
    return fmr.from_template(
        Template(
            width=300,
            height=400,
            dpi=500.0,
            x=draw.uniform(20, 280, count).astype(np.float32),
            y=draw.uniform(20, 380, count).astype(np.float32),
            direction=draw.uniform(0, 6.28, count).astype(np.float32),
            kind=np.full(count, 1, np.uint8),
            quality=np.full(count, 50, np.uint8),
        ),
        finger_position=finger,
        quality=50,
    )


def impression(
    finger: int, score: int = 70, *, of: int | None = None, attack: float | None = None
) -> Impression:
    """A picture at a position. of: the finger that was really pressed."""
    quality = Quality(score, (), "test")
    return Impression(finger, record(of or finger), quality, "greenline-1", {"scan": 1.0}, attack)


@dataclass
class Sensor:
    """Notes what it is asked for. ready: False while it is not there."""

    ready: bool = True
    asked: list[TakeFingers] = field(default_factory=list)
    cancelled: int = 0

    def request(self, command: TakeFingers) -> bool:
        if self.ready:
            self.asked.append(command)
        return self.ready

    def cancel(self) -> None:
        self.cancelled += 1


@dataclass
class Log:
    """An audit log in memory. fails: nothing can be noted."""

    events: list[Event] = field(default_factory=list)
    fails: bool = False

    def note(self, *events: Event) -> None:
        if self.fails:
            raise StoreError("the card is full")
        self.events += events

    def told(self) -> list[str]:
        return [f"{e.kind}: {e.details.get('what', '')}".rstrip(": ") for e in self.events]


class World:
    """A desk, and everything around it that a test moves."""

    def __init__(self, folder: Path, rules: CaseRules = RULES) -> None:
        self.board = Board(KIOSK, 20)
        self.sensor, self.log = Sensor(), Log()
        self.counts = CaseCounts(folder / "cases")
        self.now_s = 0.0
        self.sent: list[Case] = []
        self.keep_fails = False
        self.drawn = 0
        parts = CaseParts(
            rules,
            self.board,
            self.log,
            self.counts,
            Case("", (), target_fpir=0.01),
            lambda: 1_800_000_000_000,
            lambda: self.now_s,
            self._draw,
        )
        self.desk = CaseDesk(parts)
        self.desk.connect(self.sensor, self._keep)

    def _draw(self) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(16)

    def _keep(self, case: Case) -> None:
        if self.keep_fails:
            raise StoreError("the card is full")
        self.sent.append(case)

    @property
    def case(self) -> CaseShown:
        shown = self.board.state().case
        assert shown is not None
        return shown

    @property
    def held(self) -> dict[int, Impression]:
        """What there is of the person's fingers in this process."""
        return self.desk._held.impressions

    def begin(self, count: int = 2, missing: dict[int, str] | None = None) -> None:
        """Open a case and go on to its capture."""
        self.desk.open("border-check", WHO, supervisor=False)
        self.desk.adult(is_adult=True)
        self.desk.notice("fr")
        self.desk.plan(count, missing or {})

    def press(self, found: Impression, attempts: int = 1) -> bool:
        """Let the sensor take a finger that the case waits for; return whether it goes on."""
        return self._press(found.finger, [found.quality.score] * attempts, found)

    def press_nothing(self, finger: int, attempts: int = RULES.attempts) -> bool:
        """Let the sensor ask for a finger of which no picture can be used."""
        return self._press(finger, [None] * attempts, None)

    def _press(self, finger: int, scores: Sequence[int | None], found: Impression | None) -> bool:
        """Report as the capture thread does, which nothing but its own end may stop."""
        request_id = self.sensor.asked[-1].request_id
        reports = self.desk.reports
        try:
            if not reports.begins(request_id, finger):
                return True
            for number, score in enumerate(scores, 1):
                reports.attempted(request_id, finger, number, score)
            return reports.came(request_id, finger, found)
        except NotNowError as fault:
            raise AssertionError("a report was refused") from fault

    def rest(self) -> None:
        self.desk.reports.rested(self.sensor.asked[-1].request_id)

    def take(self, *found: Impression) -> None:
        """Order the first of these fingers, and let the sensor take them all."""
        self.desk.capture(found[0].finger)
        for each in found:
            if not self.press(each):
                break
        self.rest()
