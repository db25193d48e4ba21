"""A checkpoint for the page: a real board, and notes of what the page asked for."""

import io
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
from PIL import Image

from greenline.firmware.board import Board, Capture, Check, DeviceName, Phase, Progress
from greenline.firmware.case_orders import CaseOrder
from greenline.firmware.lead_state import LeadShown
from greenline.firmware.operators_absent import NoLogin
from greenline.firmware.page.guard import Access
from greenline.protocol.messages import Candidate, Outcome, SearchedList
from greenline.protocol.wording import LEAD_WORDS, NOT_CHECKED, RESULT_WORDS

MINIMUM_QUALITY = 20
NOON_MS = 1_790_000_000_000  # an afternoon in September 2026
MINUTE_MS = 60_000

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""What every answer of the page carries."""

LIST = SearchedList("border-list", 12_345, NOON_MS - 90_000_000)
LEAD = Candidate("case-2026-0117", "border-list", 9.432, 2, fingers=2, relabelled=True)


def jpeg(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(file, "JPEG")
    return file.getvalue()


class Lens:
    """A camera for the page. Gives a picture whenever put() is called."""

    def __init__(self) -> None:
        self._watchers: set[Callable[[], None]] = set()
        self._newest: bytes | None = None
        self._changed = threading.Condition()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        with self._changed:
            self._watchers.add(watcher)
            self._changed.notify_all()
        return lambda: self._forget(watcher)

    def newest(self) -> bytes | None:
        return self._newest

    def put(self, picture: bytes | None) -> None:
        self._newest = picture
        with self._changed:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher()

    def watched_by(self, number: int) -> bool:
        """Say whether so many come to watch."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._watchers) == number, timeout=5)

    def _forget(self, watcher: Callable[[], None]) -> None:
        with self._changed:
            self._watchers.discard(watcher)
            self._changed.notify_all()


class Desk:
    """What the page needs of a kiosk (its Checkpoint protocol), but for leads and office.

    asked: what was ordered. refusal: raised for each order, noted or not.
    """

    def __init__(self) -> None:
        self.board: Board = Board("kiosk-07", MINIMUM_QUALITY)
        self.board.show_device(DeviceName.UPLINK)
        self.refusal: Exception | None = None
        self.camera: Lens | None = None
        self.finger = Lens()
        self.finger = Lens()
        self.access: Access = NoLogin()
        self.started_ms = time.time_ns() // 1_000_000
        self.asked: list[CaseOrder] = []
        self._told = threading.Condition()

    def now_ms(self) -> int:
        return self.started_ms

    def metrics(self) -> bytes:
        return b"greenline_resends_total 0.0\n"

    def order_case(self, order: CaseOrder) -> None:
        if self.refusal is not None:
            raise self.refusal
        self._note(order)

    def wait_until_asked(self, times: int) -> list[CaseOrder]:
        """Return what was ordered, once it was so often; less when that does not come."""
        with self._told:
            self._told.wait_for(lambda: len(self.asked) >= times, timeout=5)
            return list(self.asked)

    def _note(self, order: CaseOrder) -> None:
        with self._told:
            self.asked.append(order)
            self._told.notify_all()


def drawn(desk: Desk) -> dict[str, Any]:
    """Return the board's state as a browser gets it."""
    found: dict[str, Any] = json.loads(
        msgspec.json.encode(msgspec.structs.replace(desk.board.state(), now_ms=desk.now_ms()))
    )
    return found


def capture(phase: Phase, words: str, share: float = 0.0, quality: int | None = None) -> Capture:
    return Capture(phase, words, share, quality, attempt=1)


CAPTURES = {
    "starting": Capture(Phase.STARTING, "Starting"),
    "ready": Capture(Phase.READY, "Ready"),
    "place": capture(Phase.PLACE_FINGER, "Place the finger on the sensor"),
    "reading": capture(Phase.READING, "Reading: keep the finger still", 0.42),
    "judging": capture(Phase.JUDGING, "Looking at the picture", 1.0, 63),
    "again": capture(
        Phase.AGAIN, "Wipe the sensor and the finger, then place it again. Lift the finger", 0, 12
    ),
    "taken": capture(Phase.TAKEN, "Taken", 0, 63),
    "lift": capture(Phase.LIFT_FINGER, "Taken. Lift the finger", 1.0, 63),
    "stopped": Capture(
        Phase.STOPPED, "No usable picture. Clean finger and sensor, then start again"
    ),
    "fault": Capture(
        Phase.FAULT, "Sensor fault: /dev/fingerprint is not there: is the sensor plugged in?"
    ),
}


def waiting(name: str, created_ms: int, progress: Progress = Progress.QUEUED) -> Check:
    return Check(name, created_ms, progress, NOT_CHECKED)


def answered(name: str, created_ms: int, outcome: Outcome, reason: str = "") -> Check:
    found = outcome is Outcome.CANDIDATES
    return Check(
        name,
        created_ms,
        Progress.PUBLISHED if outcome is Outcome.INCOMPLETE else Progress.ANSWERED,
        RESULT_WORDS[outcome],
        outcome,
        reason,
        (LEAD,) if found else (),
        (LIST,),
        created_ms + 900,
        dict(
            zip(
                ("transfer", "quality", "template", "durable", "broker", "search", "reply"),
                (7021.4, 8.1, 301.0, 75.2, 47.0, 88.5, 161.0),
                strict=True,
            )
        ),
    )


def lead(name: str) -> LeadShown:
    """Return what the second screen has of a possible match before somebody has looked."""
    return LeadShown(name, "lead", LEAD_WORDS["lead"], 1, can=("view",))
