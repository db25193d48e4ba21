"""The capture thread: waits for the officer's word, then for a finger, and runs the line.

The only thread that touches the sensor, its ring of light included. A sensor that goes away is
named on the board and opened again; the process goes on.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from greenline.drivers.aura import show_on_ring
from greenline.drivers.errors import BadTransferError, DriverError
from greenline.drivers.sensor import Retry, Sensor
from greenline.drivers.signals import Signal
from greenline.firmware.advice import advice
from greenline.firmware.board import Board, Capture, DeviceName, Phase
from greenline.firmware.checks import Checks
from greenline.firmware.errors import StoreError
from greenline.firmware.gate import Gate
from greenline.firmware.line import Case, Impression, Line, Submitted, Unusable
from greenline.firmware.reopening import Opening, Reopener, close_quietly
from greenline.firmware.status import signal_of
from greenline.models.errors import ModelsError
from greenline.models.quality import Quality
from greenline.prints.frame import Frame

log = logging.getLogger(__name__)

_POLL_S = 0.3
_IDLE_LOOK_S = 2.0
_FINGER_WAIT_S = 60.0
_LIFT_WAIT_S = 15.0
# How long "taken" and "again" stay at least, for the signal and its sound to be noticed.
_TOLD_S = 1.0
_STEP = 0.02
_OUR_FAULT = "A fault in the kiosk itself"


@dataclass(frozen=True)
class StartCheck:
    """The officer opens a check. finger: ISO position 0-10; case: without impressions yet."""

    finger: int
    case: Case


class CaptureThread:
    """Runs checks one after another. line: everything but the sensor, which this thread opens."""

    def __init__(
        self,
        opening: Opening[Sensor],
        make_line: Callable[[Sensor], Line],
        board: Board,
        checks: Checks,
        gate: Gate,
        attempts: int,
    ) -> None:
        self._make_line = make_line
        self._board = board
        self._checks = checks
        self._gate = gate
        self._attempts = attempts
        self._commands: queue.Queue[StartCheck | None] = queue.Queue(maxsize=1)
        self._cancelled = threading.Event()
        self._stopping = threading.Event()
        self._reopener = Reopener(opening, self._stopping.wait)
        self._line: Line | None = None
        self._reason = ""  # why the sensor is missing
        self._shown = Capture(Phase.STARTING, "Starting")
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Begin; the sensor is opened on the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Give the sensor back and end."""
        self.end()
        self._thread.join(timeout=10)

    def end(self) -> None:
        """Begin to end, without waiting for it."""
        self._stopping.set()
        self._cancelled.set()
        with contextlib.suppress(queue.Full):  # then there is one to wake it already
            self._commands.put_nowait(None)

    def request(self, command: StartCheck) -> bool:
        """Ask for a check; False when one is going on or the sensor is not ready. Any thread."""
        if self._board.state().capture.phase not in {Phase.READY, Phase.STOPPED}:
            return False
        self._cancelled.clear()
        try:
            self._commands.put_nowait(command)
        except queue.Full:
            return False
        return True

    def cancel(self) -> None:
        """End the check that is going on; nothing of it is kept. Any thread."""
        self._cancelled.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except DriverError as fault:
                self._lose_sensor(fault, str(fault))
            except Exception as fault:
                # The last resort of this thread: the officer is told, the thread goes on.
                log.exception("sensor failed")
                self._lose_sensor(fault, f"{_OUR_FAULT} ({type(fault).__name__})")
        self._ring(Signal.WAIT)
        self._close_sensor()

    def _turn(self) -> None:
        if self._line is None:
            sensor = self._reopener.next_step()
            if sensor is None:
                return
            self._line = self._make_line(sensor)
            self._reason = ""
            self._board.show_device(DeviceName.SENSOR)
            self._show(Phase.READY, "Ready")
        try:
            command = self._commands.get(timeout=_IDLE_LOOK_S)
        except queue.Empty:
            self._line.sensor.still_there()
            return
        if command is None or self._stopping.is_set():
            return
        try:
            self._check(self._line, command)
        except DriverError:
            raise
        except Exception as fault:
            # A fault of ours: the officer is told, and the sensor, which is well, is kept.
            log.exception("capture failed")
            self._show(Phase.STOPPED, f"{_OUR_FAULT} ({type(fault).__name__}). Start again")

    def _check(self, line: Line, command: StartCheck) -> None:
        impression = self._take(line, command.finger)
        if impression is None:
            return
        try:
            submitted = line.submit(replace(command.case, impressions=(impression,)))
        except StoreError as fault:
            self._board.show_device(DeviceName.STORE, missing=str(fault))
            self._show(Phase.STOPPED, str(fault))
            return
        self._board.show_device(DeviceName.STORE)
        self._taken(submitted, impression)
        score = impression.quality.score
        self._show(Phase.LIFT_FINGER, "Taken. Lift the finger", share=1.0, quality=score)
        self._wait_lifted(line)
        self._show(Phase.READY, "Ready")

    def _taken(self, submitted: Submitted, impression: Impression) -> None:
        self._show(Phase.TAKEN, "Taken", quality=impression.quality.score)
        self._checks.taken(submitted, impression.steps_ms)
        self._gate.offer(submitted.pending)
        log.info(
            "taken",
            extra={
                "request": submitted.pending.request_id.hex(),
                "quality": impression.quality.score,
                "durable_ms": round(submitted.durable_ms, 1),
            },
        )

    def _take(self, line: Line, finger: int) -> Impression | None:
        """Return an impression, or None after telling why there is none."""
        for attempt in range(1, self._attempts + 1):
            self._show(Phase.PLACE_FINGER, "Place the finger on the sensor", attempt=attempt)
            if not self._wait(line, present=True, seconds=_FINGER_WAIT_S):
                self._stopped("No finger was placed")
                return None
            try:
                found = self._scan(line, finger, attempt)
            except ModelsError as fault:
                self._stopped(str(fault))
                return None
            if self._ended():  # whatever was read: nothing of a check that was stopped is kept
                break
            if isinstance(found, Impression):
                return found
            self._ask_again(line, found, attempt)
            if self._ended():
                break
        self._stopped("No usable picture. Clean finger and sensor, then start again")
        return None

    def _scan(self, line: Line, finger: int, attempt: int) -> Impression | Retry | Unusable | None:
        """Scan once; None: the picture arrived damaged, and there is an attempt left."""
        self._show(Phase.READING, "Reading: keep the finger still", attempt=attempt)

        def progress(share: float) -> None:
            if not 0 < share - self._shown.share < _STEP:
                self._show(Phase.READING, self._shown.instruction, share=share, attempt=attempt)

        def judged(_frame: Frame, quality: Quality) -> None:
            self._show(
                Phase.JUDGING,
                "Looking at the picture",
                share=1.0,
                quality=quality.score,
                attempt=attempt,
            )

        try:
            return line.take(finger, progress, judged)
        except BadTransferError as fault:
            # Kept open: a driver that has seen a bad line reads more carefully from then on.
            if attempt == self._attempts:
                raise
            log.warning("picture damaged", extra={"reason": str(fault)})
            return None

    def _ask_again(self, line: Line, found: Retry | Unusable | None, attempt: int) -> None:
        score = found.quality.score if isinstance(found, Unusable) else None
        words = advice(found)
        self._show(Phase.AGAIN, f"{words}. Lift the finger", quality=score, attempt=attempt)
        self._wait_lifted(line)

    def _wait_lifted(self, line: Line) -> None:
        self._cancelled.wait(_TOLD_S)
        self._wait(line, present=False, seconds=_LIFT_WAIT_S)

    def _wait(self, line: Line, *, present: bool, seconds: float) -> bool:
        """Wait for a finger to come or go; False when it did not, or the check was cancelled."""
        for _ in range(int(seconds / _POLL_S)):
            if self._ended():
                return False
            if line.sensor.wait_finger(present=present, timeout_s=_POLL_S):
                return True
        return False

    def _ended(self) -> bool:
        return self._cancelled.is_set() or self._stopping.is_set()

    def _stopped(self, words: str) -> None:
        self._show(Phase.STOPPED, "Stopped" if self._ended() else words)

    def _show(
        self,
        phase: Phase,
        instruction: str,
        *,
        share: float = 0.0,
        quality: int | None = None,
        attempt: int = 0,
    ) -> None:
        before, self._shown = (
            self._shown,
            Capture(phase, instruction, round(share, 2), quality, attempt),
        )
        self._board.show_capture(self._shown)
        if signal_of(phase) is not signal_of(before.phase):
            self._ring(signal_of(phase))

    def _ring(self, signal: Signal) -> None:
        """Show a signal on the sensor's ring of light, if it has one."""
        if self._line is None:
            return
        try:
            show_on_ring(self._line.sensor, signal)
        except DriverError as fault:
            # A light is no reason to lose a capture; a sensor that is gone says so when next used.
            log.warning("ring of light failed", extra={"reason": str(fault)})

    def _lose_sensor(self, fault: Exception, reason: str) -> None:
        if reason != self._reason:
            log.warning("sensor lost", extra={"reason": reason})
        self._reason = reason
        self._reopener.failed(fault)
        self._board.show_device(DeviceName.SENSOR, missing=reason)
        self._close_sensor()
        self._show(Phase.FAULT, f"Sensor fault: {reason}")
        with contextlib.suppress(queue.Empty):  # nobody waits for a check that was asked for then
            self._commands.get_nowait()

    def _close_sensor(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            close_quietly(line.sensor)
