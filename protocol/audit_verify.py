"""Checks a chain of the audit log and finds the first thing that is wrong with it, and where.

Segments are given one after the other; whatever was found stays the finding. What cannot be seen
from the entries alone: that a log was cut behind a checkpoint. For this a walk takes how far the
chain is known to go, by the kiosk's own memory or by the centre's copy.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from greenline.protocol.audit import (
    Checkpoint,
    CutError,
    Moment,
    Record,
    check_signature,
    read_record,
)
from greenline.protocol.audit_head import HEAD_BYTES, End, Head
from greenline.protocol.errors import ForgedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import VerifyKey

_LONGEST_WRITE = 64 * 1024


class FaultKind(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    DROPPED = "dropped"
    RE_ORDERED = "re-ordered"
    CUT_OFF = "cut off"
    FORGED = "signature wrong"
    UNKNOWN_KEY = "key unknown"
    UNSIGNED = "not signed yet"


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong.

    number: of the entry. segment: its name; offset: of the entry in it, bytes. moment: when the
    entry says it was written, else when the one before it does; None: there is none.
    """

    kind: FaultKind
    number: int
    segment: str
    offset: int
    moment: Moment | None
    words: str


class Walk:
    """One way through one chain. keys: those that may have signed it; None: that is not checked.

    known: an entry that was there once, if any: at least so far the chain must go.
    """

    def __init__(self, keys: Iterable[VerifyKey] | None, known: End | None = None) -> None:
        self._keys = None if keys is None else {key.id: key for key in keys}
        self._known = known
        self._segment, self._size = "", 0
        self._moment: Moment | None = None
        self.fault: Fault | None = None
        self.head: Head | None = None
        self.end = End(0, b"")
        self.first = 0
        self.signed_to, self.signer = 0, b""
        self.entries = 0

    def segment(self, name: str, data: bytes) -> Iterator[Record]:
        """Yield the records of the next segment, up to the first fault."""
        if self.fault is not None:
            return
        self._segment, self._size = name, len(data)
        try:
            head = Head.from_bytes(data)
        except ProtocolError as fault:
            self._found(FaultKind.CHANGED, self.end.number + 1, 0, str(fault))
            return
        if self._continues(head):
            yield from self._records(head, data)

    def finish(self) -> None:
        """Say that there are no more segments."""
        if self.fault is not None:
            return
        if self._known is not None and self._known.number > self.end.number:
            last = self._known.number
            missing = f"entries {self.end.number + 1} to {last} were there and are missing"
            self._found(FaultKind.CUT_OFF, self.end.number + 1, self._size, missing)
        elif self.signed_to < self.end.number:
            first = self.signed_to + 1
            words = f"entries {first} to {self.end.number} stand after the last signature"
            self._found(FaultKind.UNSIGNED, first, self._size, words)

    def _continues(self, head: Head) -> bool:
        if self.head is None:
            self.head, self.end, self.first = head, head.end, head.end.number + 1
            self.signed_to = head.end.number
            return True
        number = self.end.number + 1
        if (head.owner, head.chain) != (self.head.owner, self.head.chain):
            self._found(FaultKind.CHANGED, number, 0, "the segment is of another chain")
        elif head.end.number > self.end.number:
            words = f"entries {number} to {head.end.number} are missing before this segment"
            self._found(FaultKind.DROPPED, number, 0, words)
        elif head.end.number < self.end.number:
            self._found(FaultKind.RE_ORDERED, number, 0, "this segment was there before")
        elif head.end.digest != self.end.digest:
            words = "the next segment follows another entry: this one was changed"
            self._found(FaultKind.CHANGED, self.end.number, 0, words)
        return self.fault is None

    def _records(self, head: Head, data: bytes) -> Iterator[Record]:
        offset = HEAD_BYTES
        while offset < len(data) and self.fault is None:
            try:
                record = read_record(data, offset)
            except CutError as fault:
                self._found(FaultKind.CUT_OFF, self.end.number + 1, offset, str(fault))
                return
            except ProtocolError as fault:
                self._found(FaultKind.CHANGED, self.end.number + 1, offset, str(fault))
                return
            self._take(head, record, data, offset)
            if self.fault is None:
                yield record
            offset += len(record.data)

    def _take(self, head: Head, record: Record, data: bytes, offset: int) -> None:
        link, number = record.link, self.end.number + 1
        self._moment = link.moment
        if link.number != number:
            self._out_of_order(link.number, number, data, offset)
        elif link.previous != self.end.digest:
            words = f"entry {number} follows another entry than this one: it was changed"
            self._found(FaultKind.CHANGED, max(self.first, number - 1), offset, words)
        elif self._was_another(record):
            words = "this entry was another one: the log was written anew, from here or before"
            self._found(FaultKind.CHANGED, number, offset, words)
        elif isinstance(link, Checkpoint):
            self._check(head, link, offset)
        if self.fault is None:
            self.end = record.end
            self.entries += 1

    def _was_another(self, record: Record) -> bool:
        known = self._known
        return known is not None and known.number == record.link.number and known != record.end

    def _check(self, head: Head, checkpoint: Checkpoint, offset: int) -> None:
        try:
            if self._keys is not None:
                check_signature(head, checkpoint, self._keys)
        except WrongKeyError as fault:
            self._found(FaultKind.UNKNOWN_KEY, checkpoint.number, offset, str(fault))
        except ForgedError as fault:
            words = (
                f"{fault}; changed was one of entries {self.signed_to + 1} to {checkpoint.number}"
            )
            self._found(FaultKind.FORGED, checkpoint.number, offset, words)
        else:
            self.signed_to, self.signer = checkpoint.number, checkpoint.signer

    def _out_of_order(self, found: int, expected: int, data: bytes, offset: int) -> None:
        if found < expected:
            words = f"entry {found} stands where entry {expected} belongs"
            self._found(FaultKind.RE_ORDERED, expected, offset, words)
        elif expected in _numbers(data, offset):
            words = f"entry {found} stands here, entry {expected} comes later"
            self._found(FaultKind.RE_ORDERED, expected, offset, words)
        else:
            which = (
                f"entry {expected}" if found == expected + 1 else f"entries {expected}-{found - 1}"
            )
            self._found(FaultKind.DROPPED, expected, offset, f"{which} is missing here")

    def _found(self, kind: FaultKind, number: int, offset: int, words: str) -> None:
        self.fault = Fault(kind, number, self._segment, offset, self._moment, words)


def is_torn(data: bytes, offset: int) -> bool:
    """Return whether a fault at an offset is how a write ends that a power cut broke off.

    Then it is short and no whole record comes behind it; else something else has happened.
    """
    return len(data) - offset <= _LONGEST_WRITE and not _intact_after(data, offset)


def _intact_after(data: bytes, offset: int) -> bool:
    for start in range(offset + 1, len(data)):
        try:
            read_record(data, start)
        except ProtocolError:
            continue
        return True
    return False


def _numbers(data: bytes, offset: int) -> set[int]:
    """Return the numbers of the records from an offset on, as far as they can be read."""
    found = set()
    while offset < len(data):
        try:
            record = read_record(data, offset)
        except ProtocolError:
            break
        found.add(record.link.number)
        offset += len(record.data)
    return found


def walked(
    segments: Mapping[str, bytes], keys: Iterable[VerifyKey] | None, known: End | None = None
) -> Walk:
    """Return a finished walk through segments that are given in order."""
    walk = Walk(keys, known)
    for name, data in segments.items():
        for _ in walk.segment(name, data):
            pass
    walk.finish()
    return walk
