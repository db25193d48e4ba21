"""The board: what the officer's page shows, in one place, changed by several threads.

It holds words and numbers only; pictures and templates never lie here.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from enum import StrEnum

import msgspec

from greenline.protocol.messages import Candidate, SearchedList

NO_UPLINK = "the uplink process is not running"

_MOST_CHECKS = 50


class Phase(StrEnum):
    """What the capture asks of the person, or is doing."""

    STARTING = "starting"
    READY = "ready"
    PLACE_FINGER = "place_finger"
    READING = "reading"
    JUDGING = "judging"
    AGAIN = "again"
    TAKEN = "taken"
    LIFT_FINGER = "lift_finger"
    STOPPED = "stopped"
    FAULT = "fault"


class Progress(StrEnum):
    """How far one check has come."""

    QUEUED = "queued"
    PUBLISHED = "published"
    ANSWERED = "answered"
    EXPIRED = "expired"


class DeviceName(StrEnum):
    """What can be missing at a kiosk, the gravest first."""

    SENSOR = "sensor"
    STORE = "store"
    UPLINK = "uplink"
    CAMERA = "camera"
    LIGHTS = "lights"
    BUZZER = "buzzer"
    KEYS = "keys"
    DISPLAY = "display"


FAULT_CODES = {
    DeviceName.SENSOR: "E21",
    DeviceName.CAMERA: "E31",
    DeviceName.LIGHTS: "E32",
    DeviceName.BUZZER: "E33",
    DeviceName.KEYS: "E34",
    DeviceName.DISPLAY: "E35",
    DeviceName.UPLINK: "E51",
    DeviceName.STORE: "E61",
}
"""What stands for each on the status display and in docs/configuration.md."""

_NEEDED = frozenset({DeviceName.SENSOR, DeviceName.STORE, DeviceName.UPLINK})


class DeviceState(msgspec.Struct, frozen=True):
    """Whether a device is there. missing: why it is not, empty when it is; code: its fault code.

    needed: without it no check comes to its end.
    """

    name: DeviceName
    missing: str = ""
    code: str = ""
    needed: bool = False


class Capture(msgspec.Struct, frozen=True):
    """The capture that is going on. share: 0-1 of the picture read; quality: 0-100 or None."""

    phase: Phase
    instruction: str
    share: float = 0.0
    quality: int | None = None
    attempt: int = 0


class Check(msgspec.Struct, frozen=True):
    """One request and what became of it. Times: Unix milliseconds; steps_ms: by step."""

    request_id: str
    created_ms: int
    progress: Progress
    words: str
    outcome: str = ""
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    searched: tuple[SearchedList, ...] = ()
    answered_ms: int = 0
    steps_ms: dict[str, float] = {}


class BoardState(msgspec.Struct, frozen=True):
    """Everything the page draws. link: broker there. devices: those of this kiosk, in order.

    pending: requests without a final answer; oldest_ms: when the oldest of them was made, 0 without
    any.
    """

    version: int
    kiosk: str
    capture: Capture
    link: bool
    link_detail: str
    pending: int
    minimum_quality: int
    checks: tuple[Check, ...]
    oldest_ms: int = 0
    devices: tuple[DeviceState, ...] = ()


class Board:
    """The current state, and whom to wake when it changes."""

    def __init__(self, kiosk: str, minimum_quality: int) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()
        self._checks: dict[str, Check] = {}
        self._pages = 0
        self._state = BoardState(
            version=0,
            kiosk=kiosk,
            capture=Capture(Phase.STARTING, "Starting"),
            link=False,
            link_detail=NO_UPLINK,
            pending=0,
            minimum_quality=minimum_quality,
            checks=(),
            devices=(DeviceState(DeviceName.UPLINK, NO_UPLINK, "E51", needed=True),),
        )

    def state(self) -> BoardState:
        """Return the state as it is now."""
        return self._state

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call listener, on the changing thread, after each change; returns how to stop it."""
        with self._lock:
            self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def show_capture(self, capture: Capture) -> None:
        """Show where the capture stands."""
        self._change(lambda state: msgspec.structs.replace(state, capture=capture))

    def show_link(self, *, up: bool, detail: str) -> None:
        """Show whether a broker can be reached, and if not why."""
        self._change(lambda state: msgspec.structs.replace(state, link=up, link_detail=detail))

    def show_device(self, name: DeviceName, missing: str = "") -> None:
        """Show that a device is there, or why it is missing."""
        code = FAULT_CODES[name] if missing else ""

        def apply(state: BoardState) -> BoardState:
            known = {device.name: device for device in state.devices}
            known[name] = DeviceState(name, missing, code, name in _NEEDED)
            devices = tuple(known[each] for each in DeviceName if each in known)
            return msgspec.structs.replace(state, devices=devices)

        self._change(apply)

    @contextlib.contextmanager
    def page(self) -> Iterator[None]:
        """Count a screen that follows the board, as long as it does."""
        with self._lock:
            self._pages += 1
        try:
            yield
        finally:
            with self._lock:
                self._pages -= 1

    def pages(self) -> int:
        """Return how many screens follow the board now."""
        return self._pages

    def show_check(self, check: Check) -> None:
        """Add a check, or put it in the place of its earlier state."""
        self.change_check(check.request_id, lambda _: check)

    def add_check(self, check: Check) -> None:
        """Add a check unless it is shown already."""
        self.change_check(check.request_id, lambda shown: shown or check)

    def remove_check(self, request_id: str) -> None:
        """Take a check off the board: its answer was deleted."""

        def apply(state: BoardState) -> BoardState:
            self._checks.pop(request_id, None)
            return self._with_checks(state)

        self._change(apply)

    def change_check(self, request_id: str, change: Callable[[Check | None], Check | None]) -> None:
        """Change one check by a function of what is shown now (None: not shown)."""

        def apply(state: BoardState) -> BoardState:
            changed = change(self._checks.get(request_id))
            if changed is None:
                return state
            self._checks[request_id] = changed
            return self._with_checks(state)

        self._change(apply)

    def _with_checks(self, state: BoardState) -> BoardState:
        newest = sorted(self._checks.values(), key=lambda check: -check.created_ms)
        waiting = [c for c in newest if c.progress not in {Progress.ANSWERED, Progress.EXPIRED}]
        for check in newest[_MOST_CHECKS:]:
            if check not in waiting:
                del self._checks[check.request_id]
        return msgspec.structs.replace(
            state,
            checks=tuple(newest[:_MOST_CHECKS]),
            pending=len(waiting),
            oldest_ms=waiting[-1].created_ms if waiting else 0,
        )

    def _change(self, change: Callable[[BoardState], BoardState]) -> None:
        with self._lock:
            changed = change(self._state)
            self._state = msgspec.structs.replace(changed, version=self._state.version + 1)
            listeners = list(self._listeners)
        for listener in listeners:
            listener()
