"""The campaign with rows that never end by themselves, and tell which processes they have started.

python -m tests.faults.endless --rows endless-line
"""

import os
import signal
import threading

from bench.faults.__main__ import main
from bench.faults.child import Report, ended, in_child
from bench.faults.real_line import real_line
from bench.faults.row import Campaign, Row
from bench.faults.rows import ROWS


def endless_line(campaign: Campaign) -> Row:
    """Processes of a real line."""
    with real_line(campaign.folder) as line:
        line.start("broker", "matcher")
        _tell(*(child.pid for child in line.children.values()))
        threading.Event().wait()
    raise AssertionError


def endless_script(_: Campaign) -> Row:
    """A script in a process of its own."""

    def work(report: Report) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        report()
        threading.Event().wait()

    pid, reader = in_child(work)
    os.read(reader, 1)
    _tell(pid)
    ended(pid, reader)
    raise AssertionError


def _tell(*pids: int) -> None:
    print("started", *pids, flush=True)


ROWS.update({"endless-line": endless_line, "endless-script": endless_script})

if __name__ == "__main__":
    main()
