"""Greenline, pyfingerprint and adafruit-circuitpython-fingerprint side by side over one simulator.

    nice python bench/peers/compare.py [--each 4]        (make bench-sensor-peers; ten minutes)

Every case is a fresh module on a pseudo-terminal, paced at 115200 bit/s, and a fresh process of
one library. The line is spoilt for one answer (some kinds: for good) while the library takes one
picture; then the line is sound again and the library takes another one at once. All three get the
same faults, from the same seeds. A process that is not done within --limit seconds is killed.
"""

import argparse
import hashlib
import json
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.spoilers import SPOILERS, Shape, Spoilt
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.prints.frame import Frame

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("greenline", "pyfingerprint", "adafruit")
PEERS_PYTHON = ROOT / ".venv-peers" / "bin" / "python"

_BAUD = 115200
_OPEN_LIMIT_S = 40.0
_ORDINARY = {"Exception", "RuntimeError", "ValueError", "NoPictureError"}
_OURS = {"BadTransferError", "PortTimeoutError", "RefusedError", "PortLostError"}


@dataclass(frozen=True)
class Condition:
    """What one row of the table is about."""

    name: str
    kind: ModuleKind = AS608
    packet_size: int = 128
    spoil: Callable[[Random, Shape, int], Spoilt] | None = None


@dataclass(frozen=True)
class Result:
    """One case. first: how the picture over the spoilt line ended; second: the one after it."""

    first: str
    second: str
    took_s: float


CONDITIONS = [
    Condition("sound line, 256x288"),
    Condition("sound line, packets of 32 bytes", packet_size=32),
    Condition("sound line, R503 (192x192)", kind=R503),
    *(Condition(name, spoil=spoiler) for name, spoiler in SPOILERS.items()),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=4, help="cases of each kind and library")
    parser.add_argument("--limit", type=float, default=45.0, help="seconds for one picture")
    parser.add_argument("--jobs", type=int, default=6, help="cases at a time (they mostly wait)")
    options = parser.parse_args()
    if not PEERS_PYTHON.exists():
        raise SystemExit("make .venv-peers first: bench/peers/make-venv")
    print("| kind of fault |", " | ".join(LIBRARIES), "|")
    print("|---|" + "---|" * len(LIBRARIES))
    totals = {library: Counter[str]() for library in LIBRARIES}
    with ThreadPoolExecutor(options.jobs) as pool:
        rows = [_start(pool, condition, options.each, options.limit) for condition in CONDITIONS]
        for condition, row in zip(CONDITIONS, rows, strict=True):
            found = {name: [future.result() for future in row[name]] for name in LIBRARIES}
            for name, results in found.items():
                totals[name].update(_points(results))
            cells = (_cell(found[name]) for name in LIBRARIES)
            print("|", condition.name, "|", " | ".join(cells), "|", flush=True)
    print("| **all** |", " | ".join(_total(totals[name]) for name in LIBRARIES), "|")


def _start(
    pool: ThreadPoolExecutor, condition: Condition, each: int, limit_s: float
) -> dict[str, list[Any]]:
    return {
        library: [
            pool.submit(run_case, library, condition, number, limit_s) for number in range(each)
        ]
        for library in LIBRARIES
    }


def run_case(library: str, condition: Condition, number: int, limit_s: float) -> Result:
    """Run one case in a process of its own."""
    random = Random(f"{condition.name}/{number}")  # noqa: S311  # a repeatable choice, no secret
    module = ZfmModule(condition.kind, _BAUD, condition.packet_size)
    wanted = _press(module, random)
    with PtyLine(Wire(module, paced=True)) as line, Scanner(library, line.path) as scanner:
        if scanner.read(_OPEN_LIMIT_S) is None:
            return Result("cannot be opened", "-", 0.0)
        _spoil(line, condition, random)
        first = scanner.scan(limit_s)
        line.wire.faults.clear()
        line.wire.command_faults.clear()
        second = scanner.scan(limit_s) if first else None
        took_s = first["took_s"] if first else limit_s
        return Result(_ending(first, wanted), _ending(second, wanted), took_s)


class Scanner:
    """A child process of one library."""

    def __init__(self, library: str, port: Path) -> None:
        python = sys.executable if library == "greenline" else str(PEERS_PYTHON)
        script = str(Path(__file__).with_name("scanner.py"))
        self._process = subprocess.Popen(
            [python, script, library, str(port), str(_BAUD)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._collect, daemon=True).start()

    def scan(self, limit_s: float) -> dict[str, Any] | None:
        """Have it take a picture; None when it is not done in time or has died."""
        assert self._process.stdin is not None  # noqa: S101  # by PIPE above
        try:
            self._process.stdin.write("scan\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        text = self.read(limit_s)
        return json.loads(text) if text else None

    def read(self, limit_s: float) -> str | None:
        """Return its next line; None when none comes in time."""
        try:
            return self._lines.get(timeout=limit_s) or None
        except queue.Empty:
            return None

    def __enter__(self) -> "Scanner":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def _collect(self) -> None:
        for text in self._process.stdout or ():
            self._lines.put(text)
        self._lines.put("")


def _press(module: ZfmModule, random: Random) -> str:
    """Press a print; return the check sum of what a library should deliver."""
    shape = (module.kind.height, module.kind.width)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    waves = 127 + 90 * np.sin(np.hypot(rows - 40, columns - 60) / 1.4)
    noise = np.random.default_rng(random.getrandbits(32)).integers(-37, 38, shape)
    pressed = Frame((waves + noise).clip(0, 255).astype(np.uint8), module.kind.dpi)
    module.press(pressed)
    return hashlib.sha256((pressed.pixels >> 4) * np.uint8(17)).hexdigest()


def _spoil(line: PtyLine, condition: Condition, random: Random) -> None:
    if condition.spoil is None:
        return
    size = condition.kind.width * condition.kind.height // 2
    spoilt = condition.spoil(random, Shape(condition.packet_size, size), 1)
    line.wire.faults[:] = spoilt.answers
    line.wire.command_faults[:] = spoilt.commands
    if spoilt.restart_at is not None:
        # GenImg is done in a moment; then the picture takes its 3.5 s.
        threading.Timer(0.3 + 3.0 * spoilt.restart_at, line.restart_module).start()


def _ending(report: dict[str, Any] | None, wanted: str) -> str:
    if report is None:
        return "hung"
    if report["error"]:
        return str(report["error"])
    return "right" if report["sha256"] == wanted else "WRONG"


def _cell(results: Sequence[Result]) -> str:
    ends = Counter(result.first for result in results)
    text = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    longest = max(result.took_s for result in results)
    right = sum(result.second == "right" for result in results)
    return f"{text}; {longest:.0f} s; next right {right}/{len(results)}"


def _points(results: Sequence[Result]) -> Counter[str]:
    points: Counter[str] = Counter(cases=len(results))
    for result in results:
        known = {"right": "right", "WRONG": "wrong", "hung": "hung"}
        refused = result.first in _ORDINARY | _OURS
        points[known.get(result.first, "refused" if refused else "crashed")] += 1
        points["next right"] += result.second == "right"
    return points


def _total(points: Counter[str]) -> str:
    names = ("right", "refused", "WRONG", "crashed", "hung", "next right")
    return ", ".join(f"{name} {points[name.lower()]}" for name in names) + f" of {points['cases']}"


if __name__ == "__main__":
    main()
