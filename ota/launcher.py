"""Runs the application out of the slot that DirectoryControl names: the bootloader's part.

For devices whose system is not ours, and for the demo. One supervisor: it starts the application,
judges a trial by its health, starts it anew when it ends or when an update asks for it (SIGHUP),
and ends with it on SIGTERM, in order (stopping.py). An application that ends by itself during a
trial is like a power cut.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from greenline.ota.directories import DirectoryControl
from greenline.ota.durable import replace_file
from greenline.ota.errors import OtaError
from greenline.ota.release_name import RELEASE_VARIABLE, release_variable
from greenline.ota.slots import Slot
from greenline.ota.starting import Course, Keeping, started
from greenline.ota.stopping import stopping
from greenline.ota.trial import Clocks, Outcome, Patience, watch

START_VARIABLE: Final = "GREENLINE_START"
"""The application's environment names its start here; its health file repeats it."""

_USUAL: Final = Patience()
_PID: Final = "launcher.pid"
_ENDING_S: Final = 20.0
_BREATH_S: Final = 1.0


class NoLauncherError(OtaError):
    """Nobody runs the application, so nobody can start it anew."""


class Launcher:
    """One supervisor. command: the application; "{tree}" in it stands for the unpacked slot."""

    def __init__(
        self,
        control: DirectoryControl,
        keeping: Keeping,
        command: Sequence[str],
        health_file: Path,
        folder: Path,
        patience: Patience = _USUAL,
    ) -> None:
        self._control = control
        self._keeping = keeping
        self._command = command
        self._health_file = health_file
        self._folder = folder
        self._patience = patience
        self._again = threading.Event()
        self._ending = threading.Event()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT. Call it on the main thread. Raises OtaError."""
        signal.signal(signal.SIGHUP, lambda *_: self._again.set())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._ending.set())
        replace_file(self._folder / _PID, f"{os.getpid()}\n".encode())
        while not self._ending.is_set():
            self._again.clear()
            slot = self._control.start()
            if started(self._keeping) is Course.RESTART:
                continue
            child = self._started(slot)
            try:
                self._attend(child)
                in_order = self._ending.is_set()  # also when systemd told both of us at once
            finally:
                _end(child)
            if in_order:
                stopping(self._keeping)
            self._ending.wait(_BREATH_S)

    def _started(self, slot: Slot) -> subprocess.Popen[bytes]:
        tree = self._control.tree(slot)
        named = {START_VARIABLE: self._control.start_id(), **release_variable(slot)}
        others = {name: value for name, value in os.environ.items() if name != RELEASE_VARIABLE}
        command = [part.replace("{tree}", str(tree)) for part in self._command]
        return subprocess.Popen(command, env={**others, **named})

    def _attend(self, child: subprocess.Popen[bytes]) -> None:
        """Return when the application ended, or is to be ended."""

        class _StopWatchingError(Exception):
            """The start that was watched is over."""

        def sleep(seconds: float) -> None:
            if self._over(child, seconds):
                raise _StopWatchingError

        try:
            clocks = Clocks(sleep_s=sleep)
            outcome = watch(self._keeping, self._health_file, self._patience, clocks)
        except _StopWatchingError:
            return
        while outcome is not Outcome.GIVEN_UP and not self._over(child, _BREATH_S):
            pass

    def _over(self, child: subprocess.Popen[bytes], seconds: float) -> bool:
        self._ending.wait(seconds)
        return self._ending.is_set() or self._again.is_set() or child.poll() is not None


def ask_to_restart(folder: Path) -> None:
    """Have the running launcher start the application anew. Raises NoLauncherError."""
    try:
        os.kill(int((folder / _PID).read_text("ascii")), signal.SIGHUP)
    except (OSError, ValueError) as fault:
        raise NoLauncherError("the application's launcher does not run: start it") from fault


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_ENDING_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
