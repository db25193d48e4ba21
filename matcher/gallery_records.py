"""What a gallery takes and gives back: lists, entries, changes, enrolments."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from greenline.prints.template import Template


@dataclass(frozen=True)
class ListInfo:
    """One list. purposes: the codes it may be searched for. changed_ms: Unix milliseconds.

    owner: who answers for it. valid_until_ms: from then on it may not be searched; None: no end.
    list_id: the number that a block names it by.
    """

    name: str
    purposes: tuple[str, ...]
    changed_ms: int
    owner: str = ""
    valid_until_ms: int | None = None
    list_id: int = field(default=0, compare=False)

    def valid_at(self, now_ms: int) -> bool:
        """Return whether the list may be searched at a time, Unix milliseconds."""
        return self.valid_until_ms is None or now_ms < self.valid_until_ms


@dataclass(frozen=True)
class Entry:
    """One enrolled finger. template: None when the row cannot be read.

    The other fields of a row on a damaged page are empty.
    """

    entry_id: int
    list_name: str
    reference: str
    finger: int
    template: Template | None


class ChangeKind(StrEnum):
    """What a line of the operation log tells. NOTHING: an operation that had nothing to do."""

    ENROLLED = "enrolled"
    REMOVED = "removed"
    NOTHING = "nothing"


Tell = Callable[[ChangeKind | None, str, int], None]
"""Is told what changes: kind (None: what is said of a list), list, how many entries."""


def tell_nobody(_kind: ChangeKind | None, _list_name: str, _count: int) -> None:
    """Tell nobody of a change."""


@dataclass(frozen=True)
class Change:
    """A line of the log. An id that is enrolled once more was repaired: take it anew."""

    seq: int
    kind: ChangeKind
    entry_id: int


@dataclass(frozen=True)
class Enrolment:
    """A finger to enrol. finger: ISO position 0-10. record: ISO/IEC 19794-2:2005, one view.

    source: a digest of what the record was made of, by which it need not be made again; empty:
    nothing was.
    """

    reference: str
    finger: int
    record: bytes
    model: str
    source: bytes = b""

    def operation(self, list_name: str) -> bytes:
        """Return the operation's id, 16 bytes, from list, reference, finger and record."""
        return content_operation(list_name, self.reference, self.finger, self.record)


def context(list_name: str, reference: str, finger: int) -> bytes:
    """Return what an entry's record is bound to."""
    return f"{list_name}\n{reference}\n{finger}".encode()


def content_operation(list_name: str, reference: str, finger: int, content: bytes) -> bytes:
    """Return the id (16 bytes) of enrolling this content as this finger."""
    bound = context(list_name, reference, finger)
    return hashlib.sha256(len(bound).to_bytes(4) + bound + content).digest()[:16]


def line_operation(operation: bytes, entry_id: int, after: int) -> bytes:
    """Return the id (16 bytes) of one line of the log, where its operation cannot stand itself.

    The same content may be enrolled, removed and enrolled again, and one removal takes all the
    fingers of a person: each of them is a line of its own. after: the line before it.
    """
    line = operation + entry_id.to_bytes(8) + after.to_bytes(8)
    return hashlib.sha256(line).digest()[:16]


def person(list_name: str, reference: str) -> int:
    """Return the number (64 bits) that is the same for all fingers of a reference on a list."""
    digest = hashlib.blake2b(f"{list_name}\n{reference}".encode(), digest_size=8)
    return int.from_bytes(digest.digest())
