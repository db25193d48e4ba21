"""A script done in a process of its own, which reports each step and may be killed at any moment.

A fork of this process, so that it begins at once; what this process has open it must not use.
"""

import contextlib
import os
import select
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from bench.faults.script import Held, Step, another
from bench.faults.subjects import Opening, do
from greenline.cli.children import signals_held_back

Seen = TypeVar("Seen")

DONE = b"D"
_LONGEST_S = 120.0
_living: set[int] = set()


class Report(Protocol):
    """Says that a step is over, and how: one byte."""

    def __call__(self, mark: bytes = DONE, /) -> None: ...


@dataclass(frozen=True)
class Ended:
    """marks: one for each step that was reported. status: as os.waitpid gives it."""

    marks: bytes
    status: int

    @property
    def done(self) -> int:
        """How many steps were reported."""
        return len(self.marks)

    @property
    def killed(self) -> bool:
        """Whether it did not come to its end."""
        return os.WIFSIGNALED(self.status)

    @property
    def failed(self) -> bool:
        """Whether it ended by itself, but not as it should."""
        return os.WIFEXITED(self.status) and os.WEXITSTATUS(self.status) != 0


def in_child(work: Callable[[Report], None]) -> tuple[int, int]:
    """Fork a process that does work, which is given what reports a step; return pid and pipe."""
    reader, writer = os.pipe()
    with signals_held_back():
        pid = os.fork()
        if pid:
            _living.add(pid)
    if pid:
        os.close(writer)
        return pid, reader
    try:
        os.close(reader)
        work(lambda mark=DONE: _report(writer, mark))
    except BaseException:  # noqa: BLE001 - nothing of the parent may run on in a child
        traceback.print_exc()
        os._exit(3)
    os._exit(0)


def _report(writer: int, mark: bytes) -> None:
    os.write(writer, mark)


def ended(
    pid: int, reader: int, kill_after_s: float | None = None, longest_s: float = _LONGEST_S
) -> Ended:
    """Wait for a child's end, or kill it after a while; return how far it has come."""
    deadline = time.monotonic() + (longest_s if kill_after_s is None else kill_after_s)
    marks, killed = b"", False
    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 and not killed:
                os.kill(pid, signal.SIGKILL)
                killed = True
            if not select.select([reader], [], [], max(0.0, left) if not killed else None)[0]:
                continue
            data = os.read(reader, 4096)
            if not data:
                break
            marks += data
    except BaseException:  # nobody waits for it any more
        end_child(pid)
        raise
    finally:
        os.close(reader)
    _, status = os.waitpid(pid, 0)
    _living.discard(pid)
    if killed and kill_after_s is None:
        raise TimeoutError(f"a script did not end within {longest_s:g} s")
    return Ended(marks, status)


def end_child(pid: int) -> None:
    """Kill a child, unless somebody has seen its end already."""
    with signals_held_back(), contextlib.suppress(ProcessLookupError, ChildProcessError):
        _living.discard(pid)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def end_children() -> None:
    """End all children that nobody waits for any more, since something came in between."""
    for pid in [*_living]:
        end_child(pid)


def do_script(
    opening: Opening,
    folder: Path,
    steps: list[Step],
    report: Report,
    *,
    close: bool = True,
) -> None:
    """Open the subject and do all steps, with a word after each; then close it."""
    subject = opening(folder)
    for step in steps:
        subject = do(subject, step, lambda: opening(folder))
        report()
    if close:
        subject.close()


def held_in(opening: Opening, folder: Path, why: Counter[str]) -> Held | None:
    """Open what a fault has left, in this process, and see whether it takes another capture.

    None: it does not, and why is counted.
    """

    def look() -> Held:
        subject = opening(folder)
        try:
            found = subject.held()
            subject.put(another())
            return found
        finally:
            subject.close()

    return opened(look, folder, why)


def opened(look: Callable[[], Seen], folder: Path, why: Counter[str]) -> Seen | None:
    """Return what look() sees in a folder after a fault; None: it did not start, why is counted."""
    try:
        return look()
    except Exception as fault:  # noqa: BLE001 - whatever it is, a kiosk would not have started
        why[f"{type(fault).__name__}: {fault}".replace(str(folder), "")[:80]] += 1
        return None
