"""How well fingers are taken here: counts by finger, without a case, a person or a time of one.

Read off the board as it changes, so that no part of a capture has to tell. Kept in a small file
beside the store now and then; what a power cut costs is some minutes of numbers. Also the pictures
since the sensor was cleaned, and the lists as the matcher last told of them.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from greenline.firmware.board import Board, BoardState
from greenline.firmware.case_state import CaseShown, FingerShown, FingerStatus
from greenline.link.files import replace_file
from greenline.protocol.wording import CLEAN_SENSOR

log = logging.getLogger(__name__)

KEPT_EVERY_S = 300.0
_MOST_LISTS = 64

Count = Annotated[int, Meta(ge=0, le=2**62)]
Finger = Annotated[int, Meta(ge=0, le=10)]


class FingerCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one finger, ISO position. attempts: presses read; taken: of good quality; below: kept
    though below the threshold; missing: could not be taken."""

    finger: Finger
    attempts: Count = 0
    taken: Count = 0
    below: Count = 0
    missing: Count = 0


class ListTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list as an answer told of it. Times: Unix milliseconds, the matcher's and ours."""

    name: Annotated[str, Meta(max_length=64)]
    entries: Count
    changed_ms: Count
    told_ms: Count


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds. uncleaned: pictures since somebody said that the sensor is clean."""

    fingers: tuple[FingerCount, ...] = ()
    uncleaned: Count = 0
    lists: Annotated[tuple[ListTold, ...], Meta(max_length=_MOST_LISTS)] = ()


def finger_counts_beside(store: Path) -> Path:
    """Return where the counts of a kiosk with this store lie."""
    return store.with_name(f"{store.name}-fingers")


class FingerCounts:
    """Counts while it listens to the board. Safe to share between threads.

    clean_every: pictures until the board reminds of the sensor; 0: never. clock: seconds,
    monotonic. now_ms: Unix milliseconds.
    """

    def __init__(
        self,
        path: Path,
        board: Board,
        clean_every: int,
        clock: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._path = path
        self._board = board
        self._clean_every = clean_every
        self._clock = clock
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._kept = self._written = _read(path)
        self._written_at = clock()
        self._before: BoardState | None = None
        self._end_listening: Callable[[], None] = lambda: None

    @property
    def clean_every(self) -> int:
        """Pictures until the board reminds of the sensor; 0: never."""
        return self._clean_every

    def counts(self) -> Kept:
        """Return the numbers as they are."""
        with self._lock:
            return self._kept

    def start(self) -> None:
        """Begin to count."""
        self._end_listening = self._board.listen(self._look)

    def stop(self) -> None:
        """End, and keep what was counted."""
        self._end_listening()
        self._write()

    def tend(self) -> None:
        """Keep what was counted, now and then; remind of the sensor. Called often."""
        kept = self.counts()
        due = 0 < self._clean_every <= kept.uncleaned
        self._board.show_notice(CLEAN_SENSOR, shown=due)
        if self._clock() - self._written_at >= KEPT_EVERY_S:
            self._write()

    def cleaned(self) -> None:
        """Note that somebody has cleaned the sensor."""
        with self._lock:
            self._kept = replace(self._kept, uncleaned=0)
        self.tend()
        self._write()

    def _look(self) -> None:
        """Count what has changed on the board (called on the changing thread)."""
        with self._lock:
            state, before = self._board.state(), self._before
            self._before = state
            earlier = None if before is None else before.case
            if state.case is not None and state.case is not earlier:
                self._count(state.case, earlier)
            if before is None or state.checks is not before.checks:
                self._note_lists(state)

    def _count(self, case: CaseShown, earlier: CaseShown | None) -> None:
        same = earlier is not None and earlier.opened_ms == case.opened_ms
        was = {each.finger: each for each in earlier.fingers} if earlier and same else {}
        known = {each.finger: each for each in self._kept.fingers}
        pictures = 0
        for finger in case.fingers:
            if finger == was.get(finger.finger):
                continue
            found = _counted(
                known.get(finger.finger, FingerCount(finger.finger)),
                finger,
                was.get(finger.finger),
            )
            pictures += found.attempts - known.get(finger.finger, FingerCount(0)).attempts
            known[finger.finger] = found
        fingers = tuple(known[each] for each in sorted(known))
        self._kept = replace(self._kept, fingers=fingers, uncleaned=self._kept.uncleaned + pictures)

    def _note_lists(self, state: BoardState) -> None:
        known = {each.name: each for each in self._kept.lists}
        for check in state.checks:
            for each in check.searched:
                before = known.get(each.name)
                if before is None or check.answered_ms > before.told_ms:
                    known[each.name] = ListTold(
                        each.name, each.entries, each.changed_ms, check.answered_ms
                    )
        newest = sorted(known.values(), key=lambda each: -each.told_ms)[:_MOST_LISTS]
        self._kept = replace(self._kept, lists=tuple(sorted(newest, key=lambda each: each.name)))

    def _write(self) -> None:
        kept = self.counts()
        self._written_at = self._clock()
        if kept == self._written:
            return
        try:
            replace_file(self._path, msgspec.json.encode(kept), 0o600)
        except OSError as fault:
            log.warning("fingers not counted", extra={"reason": str(fault)})
            return
        self._written = kept


def _counted(count: FingerCount, now: FingerShown, was: FingerShown | None) -> FingerCount:
    """Return a count with what is new of one finger; an attempt begun anew counts from 0."""
    before = 0 if was is None or now.attempts < was.attempts else was.attempts
    turned = was is None or was.status is not now.status
    return FingerCount(
        count.finger,
        count.attempts + now.attempts - before,
        count.taken + (turned and now.status is FingerStatus.TAKEN),
        count.below + (turned and now.status is FingerStatus.POOR),
        count.missing + (turned and now.status is FingerStatus.MISSING),
    )


def _read(path: Path) -> Kept:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except FileNotFoundError:
        return Kept()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        log.warning("fingers counted from 0 again", extra={"reason": str(fault)})
        return Kept()
