"""Child processes: started with a log file, waited for by what they log, ended in order.

A child says in its log (JSON lines on standard error) what it does; whoever started it waits for
such a line instead of sleeping.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from greenline.cli.errors import CommandError

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_END_S = 10.0

Event = dict[str, Any]


class Child:
    """One running child process. log_file: all that it writes goes there too."""

    def __init__(self, name: str, command: list[str], log_file: Path) -> None:
        self.name = name
        self.log_file = log_file
        self.events: list[Event] = []
        self._condition = threading.Condition()
        self._ended = False
        # A session of its own: Ctrl-C reaches the parent alone, which ends the children in order.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, name=f"log of {name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def wait_for(self, wanted: Callable[[Event], bool], what: str, timeout_s: float) -> Event:
        """Return the first event that is wanted, already logged or yet to come.

        Raises CommandError with the end of the log when it does not come or the child ends.
        """
        deadline = time.monotonic() + timeout_s
        seen = 0
        with self._condition:
            while True:
                for event in self.events[seen:]:
                    if wanted(event):
                        return event
                seen = len(self.events)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    raise CommandError(
                        f"the {self.name} did not come to {what!r}; its log ({self.log_file}) "
                        f"ends with: {self._last_words()}",
                        5,
                    )
                self._condition.wait(left)

    def wait_for_event(self, name: str, timeout_s: float = 60.0) -> Event:
        """Return the first event of this name."""
        return self.wait_for(lambda event: event.get("event") == name, name, timeout_s)

    def stop(self) -> int:
        """Ask the child to end, insist after a while; return its exit status."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        status = self._process.wait()
        self._reader.join(timeout=_END_S)
        return status

    def kill(self) -> None:
        """End the child without any warning, as a power cut does."""
        self._process.kill()
        self._process.wait()
        self._reader.join(timeout=_END_S)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return " | ".join(self.log_file.read_text(errors="replace").splitlines()[-3:])
        return "(no log)"

    def _read(self) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                self._keep(line)
                event = _event(line)
                with self._condition:
                    self.events.append(event)
                    self._condition.notify_all()
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def _keep(self, line: bytes) -> None:
        """Write a line to the log file; a full disk must not stop the reading, nor the child."""
        with contextlib.suppress(OSError), self.log_file.open("ab") as log:
            log.write(line)


def started(
    name: str,
    command: list[str],
    log_file: Path,
    ready: Callable[[Child], object],
    ending: contextlib.ExitStack | None = None,
) -> Child:
    """Start a child and wait until it is ready; one that does not come to it is ended.

    ending: is given the child's end. Raises what ready raises. A signal that raises, at whatever
    moment, leaves no process behind.
    """
    child: Child | None = None
    try:
        with signals_held_back():
            child = Child(name, command, log_file)
            if ending is not None:
                ending.callback(child.stop)
        ready(child)
    except BaseException:
        if child is not None:
            child.stop()
        raise
    return child


@contextlib.contextmanager
def signals_held_back() -> Iterator[None]:
    """Let a signal wait that would interrupt what must not be left half done."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    caught: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    # Not blocked: a child would inherit that, and could never be told to end.
    for number in ENDING_SIGNALS:
        signal.signal(number, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in caught:
            signal.raise_signal(late)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a termination and a closed terminal do what Ctrl-C does: raise KeyboardInterrupt."""
    before = {number: signal.signal(number, _interrupt) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def greenline(*arguments: str | Path) -> list[str]:
    """Return the command line of one of our own processes."""
    return [sys.executable, "-m", "greenline.cli", *map(str, arguments)]


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _event(line: bytes) -> Event:
    """Return a log line as an event; what is not JSON counts by its text."""
    try:
        found = json.loads(line)
    except ValueError:
        return {"event": line.decode(errors="replace").strip()}
    return found if isinstance(found, dict) else {"event": str(found)}
