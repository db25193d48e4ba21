"""Builds crash_shim.c, runs a row in a process that has it loaded, and arms it from there."""

import ctypes
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

from bench.faults.row import Campaign, Row, UnavailableError
from greenline.cli.children import signals_held_back

_SOURCE = Path(__file__).with_name("crash_shim.c")
_ROOT = Path(__file__).resolve().parents[2]


class Mode(IntEnum):
    """What happens at a call: the shim's own numbers."""

    PASS = 0
    KILL_BEFORE = 1
    KILL_TORN = 2
    FAIL_ONCE = 3
    FAIL_FROM = 4
    HOLD_FLUSHES = 5


class Shim:
    """The shim that is loaded in this process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.shim_calls.restype = ctypes.c_long

    def arm(self, folder: Path, mode: Mode = Mode.PASS, at: int = 0, error: int = 0) -> None:
        """Watch a folder and count anew. at: the number of the call; microseconds to hold."""
        where = os.fsencode(folder.resolve())
        self._library.shim_arm(where, int(mode), ctypes.c_long(at), error)

    def disarm(self) -> None:
        """Watch nothing."""
        self._library.shim_arm(b"", 0, ctypes.c_long(0), 0)

    @property
    def calls(self) -> int:
        """How many calls there were since it was armed."""
        return int(self._library.shim_calls())

    def log(self, file: int) -> None:
        """Log every change below the folder into an open file; -1: no more."""
        self._library.shim_log(file)

    def note(self, data: bytes) -> None:
        """Put a note of our own between the changes."""
        self._library.shim_note(data, ctypes.c_size_t(len(data)))


def build(folder: Path) -> Path:
    """Compile the shim into a folder. Raises UnavailableError."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        raise UnavailableError("gcc is missing: apt-get install gcc libc6-dev")
    built = folder / "crash_shim.so"
    command = [
        compiler,
        "-O2",
        "-shared",
        "-fPIC",
        "-o",
        str(built),
        str(_SOURCE),
        "-ldl",
        "-lpthread",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"the shim cannot be built: {done.stderr.strip()[:200]}")
    return built


def run_shimmed(campaign: Campaign, row: str, subject: str) -> Row:
    """Run a row of bench.faults.shimmed in a process that has the shim. Raises UnavailableError."""
    library = build(campaign.folder)
    told = campaign.folder / "row.json"
    folder = campaign.folder / "work"
    folder.mkdir()
    arguments = [row, subject, str(campaign.runs), str(campaign.seed), str(folder), str(told)]
    command = [sys.executable, "-m", "bench.faults.shimmed", *arguments]
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    with subprocess.Popen(command, env=environment, cwd=_ROOT) as process:
        try:
            status = process.wait()
        except BaseException:
            with signals_held_back():
                process.terminate()  # it ends its own children, and is waited for
                process.wait()
            raise
    if status:
        raise RuntimeError(f"{' '.join(command[1:5])} ended with status {status}")
    return Row(**json.loads(told.read_text()))


def tell(row: Row, path: Path) -> None:
    """Write a row for the process that asked."""
    path.write_text(json.dumps(dataclasses.asdict(row)))
