"""A script done while the disk makes trouble: what is refused may be refused, nothing may be lost.

The store goes on in the same process, as a kiosk does; when the trouble is over it takes captures
again, at the latest after it was opened anew.
"""

from collections.abc import Callable
from pathlib import Path

from bench.faults.child import DONE, Ended, Report
from bench.faults.script import Act, Held, Step
from bench.faults.subjects import Opening, Subject, do
from bench.faults.tally import Tally
from greenline.firmware.errors import StoreError

REFUSED = b"F"
SKIPPED = b"S"
RECOVERED = b"R"
REOPENED = b"r"

Trouble = tuple[int, Callable[[], None], Callable[[], None]]
"""Before which step it begins, how, and how it ends."""


def nothing() -> None:
    """Do nothing."""


def do_troubled(
    opening: Opening,
    folder: Path,
    steps: list[Step],
    trouble: Trouble,
    report: Report,
) -> None:
    """Do all steps but the last, tell what became of each; when the trouble is over, the last.

    Any other exception than StoreError ends this.
    """
    begins_at, begin, end = trouble
    at_work = _AtWork(opening, folder)
    *early, last = steps
    for number, step in enumerate(early):
        if number == begins_at:
            begin()
        report(at_work.mark(step))
    end()
    if at_work.mark(last) == DONE:
        report(RECOVERED)
        return
    at_work.open_anew()
    if at_work.mark(last) == DONE:
        report(REOPENED)


class _AtWork:
    """The store in a process that goes on whatever it refuses."""

    def __init__(self, opening: Opening, folder: Path) -> None:
        self._opening = opening
        self._folder = folder
        self._subject: Subject | None = None
        self._missing: set[bytes] = set()

    def mark(self, step: Step) -> bytes:
        """Do a step and say what became of it."""
        if step.act is Act.ANSWER and step.request_id in self._missing:
            return SKIPPED
        try:
            if step.act is Act.REOPEN:
                self.open_anew()
            subject = self._open()
            if step.act is not Act.REOPEN:
                do(subject, step, self._open)
        except StoreError:
            if step.parcel is not None:
                self._missing.add(step.parcel.request_id)
            return REFUSED
        return DONE

    def open_anew(self) -> None:
        """Close it; it is opened when it is next needed."""
        subject, self._subject = self._subject, None
        if subject is not None:
            subject.close()

    def _open(self) -> Subject:
        if self._subject is None:
            self._subject = self._opening(self._folder)
        return self._subject


def add_troubled(
    tally: Tally, steps: list[Step], came: Ended, found: Held | None, *, mended: bool = True
) -> None:
    """Count a run of do_troubled(). mended: whether the trouble ended while it ran."""
    marks = [came.marks[at : at + 1] for at in range(len(came.marks))]
    recovered = marks[-1:] in ([RECOVERED], [REOPENED])
    acknowledged = [step for step, mark in zip(steps, marks, strict=False) if mark == DONE]
    if recovered:
        acknowledged.append(steps[-1])
    maybe = [step for step, mark in zip(steps, marks, strict=False) if mark == REFUSED]
    maybe += [] if recovered else steps[len(marks) :]
    tally.add_held(acknowledged, maybe, found)
    if came.failed:
        tally.why["another exception than StoreError"] += 1
    if found is not None and (came.failed or (mended and not recovered)):
        tally.not_started += 1
        tally.why["takes nothing although the trouble is over"] += not came.failed
