"""The board: what the officer's page shows, in one place, changed by several threads.

It holds words and numbers only; pictures and templates never lie here.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

import msgspec

from greenline.firmware.board_checks import BoardChecks
from greenline.firmware.board_state import (
    FAULT_CODES,
    NEEDED,
    BoardState,
    Capture,
    Check,
    DeviceName,
    DeviceState,
    Phase,
    Progress,
)
from greenline.firmware.case_state import CaseChoices, CaseShown
from greenline.firmware.lead_state import LeadShown
from greenline.firmware.operators_shown import SessionState
from greenline.protocol.wording import WIPE_KEY_HELD

__all__ = [
    "FAULT_CODES",
    "NO_UPLINK",
    "Board",
    "BoardState",
    "Capture",
    "Check",
    "DeviceName",
    "DeviceState",
    "Phase",
    "Progress",
]

NO_UPLINK = "the uplink process is not running"


class Board:
    """The current state, and whom to wake when it changes."""

    def __init__(self, kiosk: str, minimum_quality: int, notices: tuple[str, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Callable[[], None]] = set()
        self._checks = BoardChecks()
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
            notices=notices,
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

    def show_refused(self, count: int) -> None:
        """Show how many answers were refused."""
        self._change(lambda state: msgspec.structs.replace(state, refused=count))

    def show_software(self, software: str) -> None:
        """Show which release runs."""
        self._change(lambda state: msgspec.structs.replace(state, software=software))

    def show_session(self, session: SessionState) -> None:
        """Show who is logged in."""
        self._change(lambda state: msgspec.structs.replace(state, session=session))

    def show_leads(self, leads: tuple[LeadShown, ...]) -> None:
        """Show the leads as whoever is logged in may see them."""
        if leads != self._state.leads:
            self._change(lambda state: msgspec.structs.replace(state, leads=leads))

    def show_case(self, case: CaseShown | None, ended: str = "") -> None:
        """Show the open case, or that there is none and how the last one ended."""
        self._change(lambda state: msgspec.structs.replace(state, case=case, case_ended=ended))

    def show_choices(self, choices: CaseChoices) -> None:
        """Show what may be chosen for a case."""
        if choices != self._state.choices:
            self._change(lambda state: msgspec.structs.replace(state, choices=choices))

    def show_wipe(self, left_s: int | None) -> None:
        """Show how long the wipe key must still be held; 0: it is done; None: nobody holds it."""
        if self._state.wipe_left_s == 0:
            return
        if left_s != self._state.wipe_left_s:
            self._change(lambda state: msgspec.structs.replace(state, wipe_left_s=left_s))
        self.show_notice(WIPE_KEY_HELD, shown=bool(left_s))

    def show_notice(self, notice: str, *, shown: bool) -> None:
        """Show what must be known of this kiosk, or do so no more."""

        def apply(state: BoardState) -> BoardState:
            others = tuple(each for each in state.notices if each != notice)
            notices = (*others, notice) if shown else others
            return msgspec.structs.replace(state, notices=notices)

        if shown != (notice in self._state.notices):
            self._change(apply)

    def show_device(self, name: DeviceName, missing: str = "") -> None:
        """Show that a device is there, or why it is missing."""
        code = FAULT_CODES[name] if missing else ""

        def apply(state: BoardState) -> BoardState:
            known = {device.name: device for device in state.devices}
            known[name] = DeviceState(name, missing, code, name in NEEDED)
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

    def show_taken(self, check: Check) -> None:
        """Add a check that was taken just now: the newest, whatever the clock says."""

        def apply(state: BoardState) -> BoardState:
            self._checks.put(check, taken=True)
            return self._with_checks(state)

        self._change(apply)

    def add_check(self, check: Check) -> None:
        """Add a check unless it is shown already."""
        self.change_check(check.request_id, lambda shown: shown or check)

    def remove_check(self, request_id: str) -> None:
        """Take a check off the board: its answer was deleted."""

        def apply(state: BoardState) -> BoardState:
            self._checks.remove(request_id)
            return self._with_checks(state)

        self._change(apply)

    def change_check(self, request_id: str, change: Callable[[Check | None], Check | None]) -> None:
        """Change one check by a function of what is shown now (None: not shown)."""

        def apply(state: BoardState) -> BoardState:
            changed = change(self._checks.get(request_id))
            if changed is None:
                return state
            self._checks.put(changed)
            return self._with_checks(state)

        self._change(apply)

    def _with_checks(self, state: BoardState) -> BoardState:
        return msgspec.structs.replace(
            state,
            checks=self._checks.shown(),
            pending=self._checks.waiting(),
            oldest_ms=self._checks.oldest_ms(),
        )

    def _change(self, change: Callable[[BoardState], BoardState]) -> None:
        with self._lock:
            changed = change(self._state)
            self._state = msgspec.structs.replace(changed, version=self._state.version + 1)
            listeners = list(self._listeners)
        for listener in listeners:
            listener()
