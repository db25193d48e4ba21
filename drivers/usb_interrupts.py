"""Keeps one read pending on a USB interrupt endpoint, in a thread of its own.

A read inside libusb cannot be called off, and a program that ends while a thread is in there is
aborted. So each read has a short limit, and stop() waits for the thread to come out.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    PortTimeoutError,
    StalledError,
)
from greenline.drivers.port import Clock

_MOST_WAITING = 256  # a device that chatters while nobody listens must not fill the memory
_FAILURES = 5  # in a row; a cable that is being pulled out gives some before it is known to be gone
_PAUSE_S = 0.02


@dataclass(frozen=True)
class Interrupt:
    """One interrupt packet. at: when it arrived, on the port's clock, seconds."""

    data: bytes
    at: float


class InterruptReader:
    """Queues what a device reports. read: one read; it raises PortTimeoutError when none came."""

    def __init__(self, read: Callable[[], bytes], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._news = threading.Condition()
        self._waiting: deque[Interrupt] = deque(maxlen=_MOST_WAITING)
        self._fault: DriverError | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="USB interrupts")

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def next(self, deadline: float) -> Interrupt | None:
        """Return the oldest packet; None when the deadline passes without one.

        Raises PortLostError or BadTransferError when no more will come.
        """
        with self._news:
            self._wait(deadline, lambda: bool(self._waiting) or self._fault is not None)
            if self._waiting:
                return self._waiting.popleft()
            self._demand_sound()
            return None

    def idle(self, deadline: float) -> None:
        """Let time pass, at most until the device fails. Raises as next() does."""
        with self._news:
            self._wait(deadline, lambda: self._fault is not None)
            self._demand_sound()

    def stop(self) -> None:
        """End the thread; takes as long as its present read. Harmless when it has ended."""
        with self._news:
            self._stopping = True
            self._news.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _wait(self, deadline: float, until: Callable[[], bool]) -> None:
        self._news.wait_for(until, max(0.0, deadline - self._clock()))

    def _demand_sound(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        failures = 0
        # A program that ends without closing its sensor must not hang here for ever.
        while not self._stopping and threading.main_thread().is_alive():
            try:
                data = self._read()
            except PortTimeoutError:
                continue
            except (BadTransferError, StalledError) as fault:
                failures += 1
                if failures >= _FAILURES:
                    self._end(BadTransferError(str(fault)))
                    return
                with self._news:
                    self._news.wait_for(lambda: self._stopping, _PAUSE_S)
            except DriverError as fault:
                self._end(fault)
                return
            else:
                failures = 0
                self._add(data)

    def _add(self, data: bytes) -> None:
        with self._news:
            self._waiting.append(Interrupt(data, self._clock()))
            self._news.notify_all()

    def _end(self, fault: DriverError) -> None:
        with self._news:
            self._fault = fault
            self._news.notify_all()
