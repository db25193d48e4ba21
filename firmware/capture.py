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
from greenline.drivers.errors import DriverError
from greenline.drivers.sensor import Sensor
from greenline.drivers.signals import Signal
from greenline.firmware import audit_events
from greenline.firmware.audit_events import UNLOGGED, Audit
from greenline.firmware.board import Board, Capture, DeviceName, Phase
from greenline.firmware.checks import Checks
from greenline.firmware.errors import StoreError
from greenline.firmware.gate import Gate
from greenline.firmware.line import Case, Impression, Line, Submitted
from greenline.firmware.reopening import Opening, Reopener, close_quietly
from greenline.firmware.status import signal_of
from greenline.firmware.store_bounds import Room
from greenline.firmware.taking import Taking
from greenline.protocol.wording import STORE_FULL

log = logging.getLogger(__name__)

_IDLE_LOOK_S = 2.0
_MAY_BEGIN = frozenset({Phase.READY, Phase.STOPPED, Phase.REFUSED})
_OUR_FAULT = "A fault in the kiosk itself"


@dataclass(frozen=True)
class StartCheck:
    """The officer opens a check. finger: ISO position 0-10; case: without impressions yet."""

    finger: int
    case: Case


class CaptureThread:
    """Runs checks one after another. line: everything but the sensor, which this thread opens.

    attempts, rescan_below: see Taking. audit: is told of checks that end without a capture.
    """

    def __init__(
        self,
        opening: Opening[Sensor],
        make_line: Callable[[Sensor], Line],
        board: Board,
        checks: Checks,
        gate: Gate,
        attempts: int,
        rescan_below: int = 0,
        *,
        audit: Audit = UNLOGGED,
    ) -> None:
        self._make_line = make_line
        self._board = board
        self._checks = checks
        self._gate = gate
        self._attempts = attempts
        self._rescan_below = rescan_below
        self._audit = audit
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
        if self._board.state().capture.phase not in _MAY_BEGIN:
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
            if self._line.glass is not None:
                self._line.glass.expire()
            self._line.sensor.still_there()
            self._look_at_store(self._line)
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
        taking = Taking(
            line,
            self._show,
            self._ended,
            self._cancelled.wait,
            self._attempts,
            self._rescan_below,
        )
        refusal = _refusal(line)
        if refusal:
            # Before anybody is asked for a finger: it could not be kept.
            self._refused(refusal)
            return
        impression = taking.take(command.finger)
        if isinstance(impression, str):
            self._stopped(impression, command.case)
            return
        try:
            submitted = line.submit(replace(command.case, impressions=(impression,)))
        except StoreError as fault:
            self._refused(str(fault))
            return
        self._board.show_device(DeviceName.STORE)
        self._taken(submitted, impression)
        score = impression.quality.score
        self._show(Phase.LIFT_FINGER, "Taken. Lift the finger", share=1.0, quality=score)
        taking.wait_lifted()
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

    def _refused(self, words: str) -> None:
        """Say aloud that the store takes nothing: on the page, the display and the lights."""
        log.warning("nothing taken", extra={"reason": words})
        self._board.show_device(DeviceName.STORE, missing=words)
        self._show(Phase.REFUSED, words)

    def _look_at_store(self, line: Line) -> None:
        """Be ready again once the store, which had refused, takes something again."""
        was_full = self._shown.phase is Phase.REFUSED and self._shown.instruction == STORE_FULL
        if was_full and not _refusal(line):
            self._board.show_device(DeviceName.STORE)
            self._show(Phase.READY, "Ready")

    def _ended(self) -> bool:
        return self._cancelled.is_set() or self._stopping.is_set()

    def _stopped(self, words: str, case: Case) -> None:
        try:
            self._audit.note(
                audit_events.stopped(case.purpose, by_person=self._ended(), who=case.operator)
            )
        except StoreError as fault:
            # Nothing was taken, so nothing has to be refused.
            log.warning("audit log failed", extra={"reason": str(fault)})
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


def _refusal(line: Line) -> str:
    """Return why the store takes no capture; empty: it does."""
    try:
        return STORE_FULL if line.store.room() is Room.NO_CAPTURES else ""
    except StoreError as fault:
        return str(fault)
