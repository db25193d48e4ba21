"""One device of the kiosk on a thread of its own: it may leave and come back at any time.

For lights, buzzer, keys and status display. What goes wrong here is named on the board and never
stops a capture.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic

from greenline.drivers.errors import DriverError
from greenline.drivers.port import Clock
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.reopening import Device, Opening, Reopener, close_quietly

log = logging.getLogger(__name__)


class DeviceThread(Generic[Device]):
    """Opens a device and works with it. work: one step, returns seconds until the next."""

    def __init__(
        self,
        name: DeviceName,
        opening: Opening[Device],
        work: Callable[[Device], float],
        board: Board,
        clock: Clock = time.monotonic,
    ) -> None:
        self._name = name
        self._work = work
        self._board = board
        self._stopping = threading.Event()
        self._reopener = Reopener(opening, self._stopping.wait, clock)
        self._device: Device | None = None
        self._thread = threading.Thread(target=self._run, name=name.value, daemon=True)
        self._told: str | None = None

    def start(self) -> None:
        """Begin; the device is opened on the thread."""
        # Should it hang while it is opened, this is what is left to be read.
        self._tell("it does not answer yet")
        self._thread.start()

    def end(self) -> None:
        """Begin to end, without waiting for it."""
        self._stopping.set()

    def stop(self) -> None:
        """Let go of the device and end."""
        self.end()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except DriverError as fault:
                self._lose(fault, str(fault))
            except Exception as fault:
                # The last resort of this thread: the fault is named, the thread goes on.
                log.exception("device failed", extra={"device": self._name.value})
                self._lose(fault, f"a fault in the kiosk itself ({type(fault).__name__})")
        self._close()

    def _turn(self) -> None:
        if self._device is None:
            self._device = self._reopener.next_step()
            return
        pause_s = self._work(self._device)
        self._tell("")
        self._stopping.wait(pause_s)

    def _lose(self, fault: Exception, reason: str) -> None:
        self._reopener.failed(fault)
        self._tell(reason)
        self._close()

    def _tell(self, missing: str) -> None:
        """Say whether the device is there, once for each change."""
        if missing == self._told:
            return
        self._told = missing
        self._board.show_device(self._name, missing=missing)
        log.info("device", extra={"device": self._name.value, "missing": missing})

    def _close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            close_quietly(device)
