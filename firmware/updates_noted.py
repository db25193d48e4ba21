"""Notes each entry of the update's history in the audit log once, across power cuts.

The audit log comes first, the position after it: what was noted when the power went is found again
in the end of the log itself, so nothing is missed and nothing told twice.
"""

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from greenline.firmware.audit_events import Audit
from greenline.firmware.audit_segments import segment_paths
from greenline.firmware.errors import StoreError
from greenline.firmware.update_history import Entry, Line, Position
from greenline.link.files import replace_file
from greenline.protocol.audit import DEVICE, Event
from greenline.protocol.audit import Entry as AuditEntry
from greenline.protocol.audit_details import Detail, Kind
from greenline.protocol.audit_verify import Walk

log = logging.getLogger(__name__)

_AT_ONCE: Final = 16
_SEGMENTS: Final = 2
_MOST_LABEL: Final = 64
_MOST_BYTES: Final = 4096


class _Noted(msgspec.Struct, frozen=True):
    """The file. told_end: where the entry ends that is shown; told_ms: since when, running time."""

    position: Position = Position()
    told_end: Annotated[int, Meta(ge=0)] = 0
    told_ms: Annotated[int, Meta(ge=0)] = 0


class UpdatesNoted:
    """What was noted and shown already. path: of the file that remembers it."""

    def __init__(self, path: Path, audit: Audit, audit_folder: Path) -> None:
        self._path = path
        self._audit = audit
        self._noted = _read(path)
        self._in_log = {_place(event) for event in last_events(audit_folder, Kind.RELEASE)}

    @property
    def position(self) -> Position:
        """The last line that was noted."""
        return self._noted.position

    def note(self, lines: list[Line], *, known: bool) -> bool:
        """Note what is new of the last lines; True: there is no more for now.

        known: the position is still one of the file. Raises StoreError: for the next time then.
        """
        begin = self.position.end if known else 0
        new = [line for line in lines if line.end > begin]
        part = list(itertools.islice((line for line in new if line.entry is not None), _AT_ONCE))
        events = [event_of(line.entry, line.end) for line in part if line.entry is not None]
        events = [event for event in events if _place(event) not in self._in_log]
        if events:
            self._audit.note(*events)
            self._in_log.update(map(_place, events))
        done = len(part) < _AT_ONCE
        if new:
            self._keep(position=(new if done else part)[-1].position)
        return done

    def told_since_ms(self, line: Line, now_ms: int) -> int:
        """Return since when an entry is shown: running time, now if it was not before."""
        if self._noted.told_end != line.end:
            self._keep(told_end=line.end, told_ms=now_ms)
        return self._noted.told_ms

    def _keep(self, **changed: object) -> None:
        self._noted = msgspec.structs.replace(self._noted, **changed)
        try:
            replace_file(self._path, msgspec.json.encode(self._noted), 0o600)
        except OSError as fault:
            # The log has it: told twice would be only what is not in its end any more.
            log.warning("position not kept", extra={"reason": fault.strerror})


def event_of(entry: Entry, end: int) -> Event:
    """Return what became of an update, as it stands in the audit log. end: of its line, a byte."""
    details: dict[str, Detail] = {
        "what": _label(entry.what),
        "version": _label(entry.release),
        "slot": _label(entry.slot),
        "at_ms": entry.at_s * 1000,
        "entry": end,
    }
    if entry.reason:
        details["reason"] = _label(entry.reason)
    return Event(Kind.RELEASE, DEVICE, details=details)


def last_events(folder: Path, kind: Kind) -> Iterator[Event]:
    """Yield the events of a kind in the end of an audit log, as far as they can be read."""
    try:
        found = [(path, path.read_bytes()) for path in _last_segments(folder)]
    except (OSError, StoreError):
        return  # the log itself tells of it, each time that something is to be noted
    for path, data in found:
        for record in Walk(None).segment(path.name, data):
            if isinstance(record.link, AuditEntry) and record.link.event.kind is kind:
                yield record.link.event


def _last_segments(folder: Path) -> list[Path]:
    return sorted(segment_paths(folder).values())[-_SEGMENTS:]


def _place(event: Event) -> tuple[Detail | None, ...]:
    return tuple(event.details.get(name) for name in ("entry", "at_ms", "what", "version"))


def _label(text: str) -> str:
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in text[:_MOST_LABEL])
    return plain or "-"


def _read(path: Path) -> _Noted:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=_Noted)
    except FileNotFoundError:
        return _Noted()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as fault:
        log.warning("position not read", extra={"reason": type(fault).__name__})
        return _Noted()
