"""Tells what became of updates: on the officer's page, the status display, in the audit log.

A release that is undone at night without a word is the worst of all (meta-balena#1918): the officer
reads what happened and why, until the next good update or for seven days in which the kiosk runs,
and the centre reads it in the audit log. Looks at the update's files at the start and every few
seconds; a broken one is no fault of the kiosk.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from greenline.firmware.audit import AuditLog
from greenline.firmware.clock import Clock
from greenline.firmware.errors import StoreError
from greenline.firmware.update_history import Line, UpdateStatus, read_history, read_status
from greenline.firmware.updates_noted import UpdatesNoted
from greenline.protocol.wording import CARD_REFUSES_UPDATE, release_words, update_refused

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 3.0
_TOLD_MS: Final = 7 * 24 * 3600 * 1000

UNDONE: Final = frozenset({"given-up", "fell-back", "stays", "walked"})
TRIED: Final = frozenset({"tried", "tried-again"})
_GOOD: Final = "confirmed"
_Read = TypeVar("_Read")
_NOT_TOLD: Final = frozenset({"given-up-before", "busy", "locked", "not-our-turn"})
"""Refusals that pass by themselves, or that were told when they came about."""


@dataclass(frozen=True)
class UpdateParts:
    """history, status: the update's files, read only. noted: our own, beside the store.

    release: the one that runs; empty: not known.
    """

    history: Path
    status: Path
    noted: Path
    release: str = ""


class Notices(Protocol):
    """Where it is told."""

    def show_notice(self, notice: str, *, shown: bool) -> None:
        """Show what must be known of this kiosk, or do so no more."""


class UpdatesTold:
    """Looks at the files between start() and stop()."""

    def __init__(self, parts: UpdateParts, notices: Notices, audit: AuditLog, clock: Clock) -> None:
        self._parts = parts
        self._notices = notices
        self._clock = clock
        self._noted = UpdatesNoted(parts.noted, audit, audit.folder)
        self._shown: tuple[str, ...] = ()
        self._lines: list[Line] = []
        self._done: tuple[int, ...] | None = None  # of the history that is noted to its end
        self._faults: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="updates", daemon=True)

    def start(self) -> None:
        """Look now, and again and again."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join(timeout=10)

    def look(self) -> None:
        """Show what matters now, and note what is new."""
        mark = self._mark()
        changed = mark != self._done
        found = self._read(self._history) if changed else None
        if found is not None:
            self._lines = found[0]
        status = self._read(lambda: read_status(self._parts.status)) or UpdateStatus()
        self._show(self._words(self._lines, status))
        if found is None:
            return
        try:
            if self._noted.note(found[0], known=found[1]):
                self._done = mark
        except StoreError as fault:
            self._tell(str(fault))

    def _history(self) -> tuple[list[Line], bool]:
        return read_history(self._parts.history, self._noted.position)

    def _mark(self) -> tuple[int, ...]:
        """Return what changes when the history does; nothing: there is none."""
        try:
            found = self._parts.history.lstat()
        except OSError:
            return ()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                # The last resort of this thread: what it tells is a help, and stops nothing.
                log.exception("updates not told")
            if self._stopping.wait(_LOOK_EVERY_S):
                return

    def _read(self, read: Callable[[], _Read]) -> _Read | None:
        try:
            return read()
        except OSError as fault:
            self._tell(str(fault))
            return None

    def _tell(self, fault: str) -> None:
        """Log a fault once, not every few seconds."""
        if fault not in self._faults:
            log.warning("updates not told", extra={"reason": fault})
        self._faults.add(fault)

    def _words(self, lines: Sequence[Line], status: UpdateStatus) -> tuple[str, ...]:
        words = []
        undone = last_undone(lines)
        if undone is not None and undone.entry is not None and self._is_new(undone):
            told = undone.entry
            words.append(release_words(told.what, told.release, told.reason))
        if status.state == "refused" and status.reason and status.reason not in _NOT_TOLD:
            words.append(update_refused(status.reason))
        if status.state == "card-failed":
            words.append(CARD_REFUSES_UPDATE)
        last = lines[-1].entry if lines else None
        running = self._parts.release
        if last is not None and last.what in TRIED and running in {"", last.release}:
            words.append(release_words(last.what, last.release))
        return tuple(dict.fromkeys(words))

    def _is_new(self, line: Line) -> bool:
        now_ms = self._clock.instant().running_ms
        return now_ms - self._noted.told_since_ms(line, now_ms) < _TOLD_MS

    def _show(self, words: tuple[str, ...]) -> None:
        for gone in self._shown:
            if gone not in words:
                self._notices.show_notice(gone, shown=False)
        for each in words:
            self._notices.show_notice(each, shown=True)
        self._shown = words


def last_undone(lines: Sequence[Line]) -> Line | None:
    """Return the last entry of an update that came to nothing, if no good one followed."""
    for line in reversed(lines):
        if line.entry is not None and line.entry.what == _GOOD:
            return None
        if line.entry is not None and line.entry.what in UNDONE:
            return line
    return None
