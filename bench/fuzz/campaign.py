"""Runs a target over its inputs and counts what came out; the oracle is here.

A failure is: an exception outside the target's error tree, or one of it that hides a MemoryError;
a promise broken by what was accepted; too much CPU time (three times in a row, since a machine has
other things to do) or memory for one input; no end.
"""

import ctypes
import gc
import hashlib
import logging
import os
import resource
import signal
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from bench.fuzz.mutation import Mutator
from bench.fuzz.target import BrokenError, Target

HUNG_S = 20.0

_LOOK_EVERY = 64
_TRACE_EVERY = 500
_MOST_PLACES = 5000
_TRIES = 3
_ENDLESS = ("", 0, "endless")
_NO_DIGITS = str.maketrans("", "", "0123456789")


class HungError(BaseException):
    """Raised into a decoder that does not end; nothing on the way may catch it."""


@dataclass
class Tally:
    """What came out. refused: by exception class. places: where it was refused, in how many lines.

    slowest_ms: CPU of one input. largest_mb: memory of one input, by tracemalloc for one input in
    500 and by what the process grew for all. failures: first line of each kind, how often; files:
    the first input of each kind.
    """

    target: str
    inputs: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    places: int = 0
    slowest_ms: float = 0.0
    largest_mb: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    files: dict[str, Path] = field(default_factory=dict)
    seconds: float = 0.0


class Campaign:
    """One target, one seed. folder: where failing inputs are written.

    hung_s: CPU time after which an input counts as one that does not end.
    """

    def __init__(self, target: Target, seed: int, folder: Path, *, hung_s: float = HUNG_S) -> None:
        self._hung_s = hung_s
        self._target = target
        self._folder = folder
        self._prepared = target.prepare()
        self._mutator = Mutator(self._prepared, target.most_bytes, f"{seed}:{target.name}")
        self._seen: set[object] = set()
        self._grown_kb = 0
        self.tally = Tally(target.name)

    def run(self, inputs: int) -> Tally:
        """Try the valid inputs as they are, which must be accepted, then so many changed ones."""
        began = time.process_time()
        with _calm(), _watched(self._hung_s):
            for number, data in enumerate(self._prepared.seeds):
                if not self._one(data):
                    self._fail(f"valid input {number} is refused", data)
            for number in range(inputs):
                if number % _LOOK_EVERY == 0:
                    self._arm()
                data = self._mutator.next()
                if number % _TRACE_EVERY == 0:
                    self._traced(data)
                else:
                    self._one(data)
        self.tally.seconds = time.process_time() - began
        self.tally.places = sum(isinstance(each, tuple) for each in self._seen)
        return self.tally

    def replay(self, data: bytes) -> Tally:
        """Try one input."""
        with _calm(), _watched(self._hung_s):
            self._traced(data)
        return self.tally

    def _arm(self) -> None:
        """Give what comes now its time to end."""
        signal.setitimer(signal.ITIMER_VIRTUAL, self._hung_s)

    def _traced(self, data: bytes) -> None:
        tracemalloc.start()
        try:
            self._one(data, timed=False)
            largest = tracemalloc.get_traced_memory()[1] / 1e6
        finally:
            tracemalloc.stop()
        self._weigh(largest, data)

    def _one(self, data: bytes, *, timed: bool = True) -> bool:
        """Try an input; return whether it was accepted."""
        self.tally.inputs += 1
        began = time.perf_counter_ns()
        place, accepted = self._judge(data)
        took_ms = (time.perf_counter_ns() - began) / 1e6
        if timed and took_ms > self.tally.slowest_ms and place is not _ENDLESS:
            self._clock(data)
        self._look_at_growth(data)
        if place not in self._seen and len(self._seen) < _MOST_PLACES:
            self._seen.add(place)
            self._mutator.keep(data)
        return accepted

    def _judge(self, data: bytes) -> tuple[object, bool]:
        """Return where the input was refused, or how long it is when it was not; and whether."""
        try:
            found = self._prepared.decode(data)
        except self._target.refusals as fault:
            self.tally.refused[type(fault).__name__] += 1
            if isinstance(fault.__cause__ or fault.__context__, MemoryError):
                self._fail("MemoryError behind a refusal", data)
            return _place(fault), False
        except HungError:
            self._fail(f"does not end within {self._hung_s:g} s", data)
            self._arm()
            return _ENDLESS, False
        except Exception as fault:  # noqa: BLE001 - this is what is looked for
            self._fail(_described(fault), data)
            return _place(fault), False
        self.tally.accepted += 1
        self._demand_promise(data, found)
        return len(data), True

    def _demand_promise(self, data: bytes, found: object) -> None:
        if self._prepared.holds is None:
            return
        try:
            self._prepared.holds(data, found)
        except BrokenError as fault:
            self._fail(f"accepted, but {fault}", data)
        except Exception as fault:  # noqa: BLE001
            self._fail(f"accepted, but then {_described(fault)}", data)

    def _clock(self, data: bytes) -> None:
        """Note the slowest input, by the CPU time (whose clock is slow itself) of the best try."""
        took_ms = float("inf")
        for _ in range(_TRIES):
            began = time.thread_time_ns()
            with suppress(Exception):  # it was judged already
                self._prepared.decode(data)
            took_ms = min(took_ms, (time.thread_time_ns() - began) / 1e6)
        self.tally.slowest_ms = max(self.tally.slowest_ms, took_ms)
        if took_ms > self._target.most_ms:
            self._fail(f"slower than {self._target.most_ms:g} ms", data)

    def _look_at_growth(self, data: bytes) -> None:
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if self._grown_kb and grown > self._grown_kb:
            megabytes = (grown - self._grown_kb) * 1024 / 1e6
            if megabytes > self._target.most_mb:
                megabytes = self._grown_again(data)
            self._weigh(megabytes, data)
        self._grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def _grown_again(self, data: bytes) -> float:
        """Return what an input alone takes, MB: the process may have grown by its own lists."""
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
        before = _status_kb("VmRSS")
        with suppress(Exception):  # it was judged already
            self._prepared.decode(data)
        return (_status_kb("VmHWM") - before) * 1024 / 1e6

    def _weigh(self, megabytes: float, data: bytes) -> None:
        self.tally.largest_mb = max(self.tally.largest_mb, megabytes)
        if megabytes > self._target.most_mb:
            self._fail(f"more than {self._target.most_mb:g} MB", data)

    def _fail(self, what: str, data: bytes) -> None:
        self.tally.failures[what] += 1
        if what in self.tally.files:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"{self._target.name}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
        self.tally.files[what] = self._folder / name
        self.tally.files[what].write_bytes(data)


def _status_kb(name: str) -> int:
    """Return a figure of this process's memory."""
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0])


def _place(fault: BaseException) -> tuple[str, int, str]:
    """Return where a fault was raised (file and line in Python), and the library's words if any."""
    trace, line = fault.__traceback__, 0
    while trace is not None and trace.tb_next is not None:
        line, trace = trace.tb_lineno, trace.tb_next
    words = "" if fault.__cause__ is None else str(fault.__cause__)[:80].translate(_NO_DIGITS)
    if trace is None:
        return "", 0, words
    # With the line before it: many a decoder raises in one small function of its own.
    return trace.tb_frame.f_code.co_filename, trace.tb_lineno << 16 | line, words


def _described(fault: BaseException) -> str:
    file, line, _ = _place(fault)
    return f"{type(fault).__name__} at {Path(file).name}:{line >> 16}"


@contextmanager
def _watched(hung_s: float) -> Iterator[None]:
    """Raise HungError in what runs for so long, CPU time in seconds."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise HungError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, hung_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _calm() -> Iterator[None]:
    """Keep logs, warnings, and what C libraries write to standard error, out of the way."""
    gc.collect()
    gc.freeze()
    logging.disable()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
        logging.disable(logging.NOTSET)
        gc.unfreeze()
