"""Looks at the processes of this machine, as Linux tells in /proc; ends what a test left behind."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from greenline.cli.children import Child
from greenline.cli.site import Site

Start = Callable[[str], Child]


@contextlib.contextmanager
def starting(site: Site) -> Iterator[Start]:
    """Start processes of a site by name; each has ended afterwards, whatever became of the test."""
    with contextlib.ExitStack() as ending:

        def start(name: str) -> Child:
            child = site.start(name)
            ending.callback(child.kill)  # ends one that was stopped (SIGSTOP) too
            return child

        yield start


def kill_started_for(folder: Path) -> None:
    """Kill the processes whose command line names a folder, whoever their parent is."""
    for pid in started_for(folder):
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGKILL)


def running(pid: int) -> bool:
    """Whether there is such a process that has not ended (a zombie has)."""
    return _state(pid) not in {None, "Z", "X"}


def children_of(parent: int) -> set[int]:
    """Return the processes that a process started and that still run."""
    pids = {int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
    return {pid for pid in pids if running(pid) and _field(pid, 1) == str(parent)}


def started_for(folder: Path) -> set[int]:
    """Return the running processes whose command line names a folder, whoever their parent is."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in path.read_bytes() and running(int(path.parent.name)):
                found.add(int(path.parent.name))
        except OSError:  # it has just ended
            continue
    return found


def _state(pid: int) -> str | None:
    return _field(pid, 0)


def _field(pid: int, number: int) -> str | None:
    """Return a field after the command's name: 0 the state, 1 the parent (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()[number]
