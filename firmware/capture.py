"""The capture thread: waits for the desk's word, then for each finger, and runs the line.

The only thread that touches the sensor, its ring of light included. It keeps no picture and no
template: what it takes goes to the desk of the case at once. A sensor that goes away is named on
the board and opened again; the process goes on.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable

from greenline.drivers.aura import show_on_ring
from greenline.drivers.errors import DriverError
from greenline.drivers.sensor import Sensor
from greenline.drivers.signals import Signal
from greenline.firmware.board import Board, Capture, DeviceName, Phase
from greenline.firmware.capture_reports import Reports, TakeFingers
from greenline.firmware.capture_run import CaptureRun
from greenline.firmware.errors import StoreError
from greenline.firmware.impressions import Case, Submitted
from greenline.firmware.line import Line
from greenline.firmware.reopening import Opening, Reopener, close_quietly
from greenline.firmware.status import signal_of
from greenline.firmware.store_bounds import Room
from greenline.protocol.wording import STORE_FULL

log = logging.getLogger(__name__)

_IDLE_LOOK_S = 2.0
_MAY_BEGIN = frozenset({Phase.READY, Phase.STOPPED, Phase.REFUSED})
_OUR_FAULT = "A fault in the kiosk itself"


class CaptureThread:
    """Takes fingers. make_line: everything but the sensor, which this thread opens.

    attempts, rescan_below: see Taking.
    """

    def __init__(
        self,
        opening: Opening[Sensor],
        make_line: Callable[[Sensor], Line],
        board: Board,
        reports: Reports,
        attempts: int,
        rescan_below: int = 0,
    ) -> None:
        self._make_line = make_line
        self._board = board
        self._reports = reports
        self._attempts = attempts
        self._rescan_below = rescan_below
        self._commands: queue.Queue[TakeFingers | None] = queue.Queue(maxsize=2)
        self._cancelled = threading.Event()
        self._forgetting = threading.Event()
        self._stopping = threading.Event()
        self._reopener = Reopener(opening, self._stopping.wait)
        self._line: Line | None = None
        self._last_line: Line | None = None
        self._glass_of = b""
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
        self._wake()

    def request(self, command: TakeFingers) -> bool:
        """Ask for fingers; False when some are being taken or the sensor is not ready. Any thread.

        Once it was asked for, reports.rested() comes, whatever happens.
        """
        if self._board.state().capture.phase not in _MAY_BEGIN:
            return False
        self._cancelled.clear()
        try:
            self._commands.put_nowait(command)
        except queue.Full:
            return False
        return True

    def cancel(self) -> None:
        """End the capture that is going on; nothing of its case is kept. Any thread."""
        self._cancelled.set()
        self._forgetting.set()
        self._wake()

    def submit(self, case: Case) -> Submitted:
        """Make a case's request safe: the sensor is not needed, nor this thread. Any thread.

        Raises StoreError: then nothing was taken.
        """
        if self._last_line is None:
            raise StoreError("no sensor has ever been open")
        try:
            submitted = self._last_line.submit(case)
        except StoreError as fault:
            self._board.show_device(DeviceName.STORE, missing=str(fault))
            raise
        self._board.show_device(DeviceName.STORE)
        return submitted

    def _wake(self) -> None:
        with contextlib.suppress(queue.Full):  # then there is one to wake it already
            self._commands.put_nowait(None)

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
            self._line = self._last_line = self._make_line(sensor)
            self._reason = ""
            self._board.show_device(DeviceName.SENSOR)
            self._show(Phase.READY, "Ready")
        self._forget(self._line)
        try:
            command = self._commands.get(timeout=_IDLE_LOOK_S)
        except queue.Empty:
            if self._line.glass is not None:
                self._line.glass.expire()
            self._line.sensor.still_there()
            self._look_at_store(self._line)
            return
        if command is not None:
            self._obey(self._line, command)

    def _obey(self, line: Line, command: TakeFingers) -> None:
        try:
            if not self._stopping.is_set():
                self._take_fingers(line, command)
        except DriverError:
            raise
        except Exception as fault:
            # A fault of ours: the officer is told, and the sensor, which is well, is kept.
            log.exception("capture failed")
            self._show(Phase.STOPPED, f"{_OUR_FAULT} ({type(fault).__name__}). Start again")
        finally:
            self._reports.rested(command.request_id)

    def _forget(self, line: Line) -> None:
        """Let go of what a case that has ended has left on the glass."""
        if self._forgetting.is_set():
            self._forgetting.clear()
            if line.glass is not None:
                line.glass.forget()

    def _take_fingers(self, line: Line, command: TakeFingers) -> None:
        refusal = _refusal(line)
        if refusal:
            # Before anybody is asked for a finger: it could not be kept.
            self._refused(refusal)
            return
        if line.glass is not None and command.request_id != self._glass_of:
            line.glass.begin()
        self._glass_of = command.request_id
        CaptureRun(
            line,
            self._show,
            self._ended,
            self._cancelled.wait,
            self._reports,
            self._attempts,
            self._rescan_below,
        ).take(command)

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
        with contextlib.suppress(queue.Empty):  # nobody waits for what was asked for then
            while True:
                command = self._commands.get_nowait()
                if command is not None:
                    self._reports.rested(command.request_id)

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
