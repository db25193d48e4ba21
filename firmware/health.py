"""What the update needs to know of the kiosk: a health file, and a lock while it is in use.

The update (greenline.ota) runs in processes of its own and imports nothing of ours, so the contract
is two files; docs/updates.md, "Health", has their formats. Without them no release that is on trial
is confirmed, so the file is written by a thread that also says so when the kiosk is unwell. It is
lost at a restart, on purpose: a health file of an earlier start is no health.
"""

import contextlib
import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from greenline.firmware.board import Board, BoardState, DeviceName, Phase
from greenline.firmware.lateness import LATE_AFTER_S
from greenline.firmware.occupied import Occupied

log = logging.getLogger(__name__)

WRITTEN_EVERY_S: Final = 2.0
START_VARIABLE: Final = "GREENLINE_START"
"""In it a launcher names this start; without one it is the system's own."""

_TRIES: Final = 8
_BETWEEN_TRIES_S: Final = 0.05
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_NOT_ATTACHED: Final = ("it is not there", "unplugged")  # as the ports' sentences have it


def start_name() -> str:
    """Return a name of this start: the launcher's, or that of the system."""
    return os.environ.get(START_VARIABLE) or _BOOT_ID.read_text("ascii").strip()


@dataclass(frozen=True)
class HealthParts:
    """file, busy: paths of the two files. software: this release's name. page_up: its page answers.

    clock_trusted: as Clock.trusted(). late_after_s: see Occupied.
    """

    file: Path
    busy: Path
    software: str
    page_up: Callable[[], bool]
    clock_trusted: Callable[[], bool]
    start: str = field(default_factory=start_name)
    late_after_s: float = LATE_AFTER_S


class HealthReport:
    """Writes the file again and again, and holds the lock while somebody stands at the kiosk.

    clock: monotonic seconds, for the lock alone. wait: seconds.
    """

    def __init__(
        self,
        parts: HealthParts,
        board: Board,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._parts = parts
        self._board = board
        self._clock = clock
        self._wait = wait
        self._occupied = self._occupied_now()
        self._told = ""
        self._changed = threading.Event()
        self._stopping = False
        self._mutex = threading.Lock()
        self._lock = -1
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._end_listening: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to report. What the board shows by now is of an earlier run."""
        self._occupied = self._occupied_now()
        self._end_listening = self._board.listen(self._board_changed)
        self._thread.start()

    def stop(self) -> None:
        """End, and take the file away: who is not there is not well."""
        self._stopping = True
        self._end_listening()
        self._changed.set()
        self._thread.join(timeout=10)
        try:
            self._parts.file.unlink(missing_ok=True)
        except OSError as fault:
            self._tell(fault)  # it grows old by itself

    def may_begin(self) -> bool:
        """Take the lock for a check that is asked for; False: an update restarts us now."""
        with self._mutex:
            self._occupied.begins()
        for _ in range(_TRIES):
            try:
                self._look()
            except BlockingIOError:
                # Also an update that only looks whether somebody is here has it for a moment.
                self._wait(_BETWEEN_TRIES_S)
                continue
            except OSError as fault:
                self._tell(fault)  # no folder, no lock: no reason to check nobody
            return True
        return False

    def _occupied_now(self) -> Occupied:
        return Occupied(self._board.state(), self._clock, self._parts.late_after_s)

    def _board_changed(self) -> None:
        """Take the lock on the thread that begins a capture, before it goes on."""
        with contextlib.suppress(OSError):  # tried again, and told, by the other thread
            self._look()
        self._changed.set()

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._write()
                self._look()
                self._told = ""
            except OSError as fault:
                # What reads it takes an old file for ill health, which is right.
                self._tell(fault)
            self._changed.wait(WRITTEN_EVERY_S)
            self._changed.clear()
        with self._mutex:
            self._let_go()

    def _tell(self, fault: OSError) -> None:
        """Log a fault once, not every two seconds."""
        told, self._told = self._told, str(fault)
        if told != self._told:
            log.warning("health not reported", extra={"reason": self._told})

    def _write(self) -> None:
        parts, state = self._parts, self._board.state()
        told = {
            "format": 1,
            "boot": parts.start,
            "monotonic_ms": int(time.monotonic() * 1000),
            "sensor": sensor_health(state),
            "store": "failed" if _missing(state, DeviceName.STORE) else "ok",
            "page": "ok" if parts.page_up() else "failed",
            "clock": "sane" if parts.clock_trusted() else "unknown",
            "software": parts.software,
        }
        unfinished = parts.file.with_name(f"{parts.file.name}.new")
        unfinished.write_text(json.dumps(told), encoding="ascii")
        unfinished.replace(parts.file)  # not flushed: it need not outlive a power cut

    def _look(self) -> None:
        """Hold the lock while somebody is here. Raises OSError: also when an update has it."""
        with self._mutex:
            if self._occupied.look(self._board.state()):
                self._hold()
            else:
                self._let_go()

    def _hold(self) -> None:
        if self._lock >= 0 or self._stopping:
            return
        lock = os.open(self._parts.busy, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _let_go(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sensor_health(state: BoardState) -> str:
    """Return "ok", "absent" (none is attached) or "failed" (one is, and does not work)."""
    missing = _missing(state, DeviceName.SENSOR)
    if not missing:
        return "failed" if state.capture.phase in {Phase.STARTING, Phase.FAULT} else "ok"
    return "absent" if any(words in missing for words in _NOT_ATTACHED) else "failed"


def _missing(state: BoardState, name: DeviceName) -> str:
    return next((device.missing for device in state.devices if device.name is name), "")
