"""A desk that a capture thread reports to, in place of a case's: it wants whatever it is told."""

import threading
from dataclasses import dataclass, field

from greenline.firmware.capture_reports import TakeFingers, Wanted
from greenline.firmware.impressions import Impression
from tests.firmware.waiting import LONGEST_S

REQUEST = bytes(range(16))


def fingers(*positions: int, threshold: int = 0) -> TakeFingers:
    """Ask for fingers; a threshold of 0: the first picture with a finger in it will do."""
    return TakeFingers(REQUEST, tuple(Wanted(each, threshold) for each in positions))


@dataclass
class Reported:
    """What was reported, in order.

    unwanted: fingers that are not to be taken (any more). rest_after: those that the run ends with.
    """

    begun: list[int] = field(default_factory=list)
    attempts: list[tuple[int, int, int | None]] = field(default_factory=list)
    taken: list[Impression] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    rests: list[bytes] = field(default_factory=list)
    unwanted: set[int] = field(default_factory=set)
    rest_after: set[int] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def took(self, count: int) -> list[Impression]:
        """Wait until so many fingers were taken; return them."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.taken) == count, LONGEST_S)
        return self.taken

    def begins(self, request_id: bytes, finger: int) -> bool:
        assert request_id == REQUEST
        if finger in self.unwanted:
            return False
        self.begun.append(finger)
        return True

    def wanted(self, request_id: bytes, finger: int) -> bool:
        assert request_id == REQUEST
        return finger not in self.unwanted

    def attempted(self, request_id: bytes, finger: int, number: int, quality: int | None) -> None:
        assert request_id == REQUEST
        self.attempts.append((finger, number, quality))

    def came(self, request_id: bytes, finger: int, impression: Impression | None) -> bool:
        assert request_id == REQUEST
        if impression is None:
            self.missed.append(finger)
            return False
        assert impression.finger == finger
        with self.changed:
            self.taken.append(impression)
            self.changed.notify_all()
        return finger not in self.rest_after

    def rested(self, request_id: bytes) -> None:
        self.rests.append(request_id)
