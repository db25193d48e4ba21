"""Reads this kiosk's own audit log for an auditor at the kiosk: searched, bounded, entry by entry.

Checks digests and order, no signatures: that is for `greenline audit verify`.
"""

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenline.firmware.audit_segments import segment_paths, translated
from greenline.protocol.audit import Entry, Moment, Record
from greenline.protocol.audit_head import Head
from greenline.protocol.audit_verify import Walk

MOST_ROWS = 10_000
Row = dict[str, object]


@dataclass(frozen=True)
class Search:
    """What an auditor looks for; empty or None: everything. since_ms, until_ms: Unix milliseconds.

    case: pseudonym, hexadecimal. most: so many entries at most, the newest.
    """

    since_ms: int | None = None
    until_ms: int | None = None
    kind: str = ""
    who: str = ""
    case: str = ""
    most: int = MOST_ROWS

    def finds(self, record: Record) -> bool:
        """Say whether an entry is looked for."""
        link = record.link
        if not isinstance(link, Entry):
            return False
        event, at_ms = link.event, link.moment.wall_ms
        return (
            (self.since_ms is None or at_ms >= self.since_ms)
            and (self.until_ms is None or at_ms < self.until_ms)
            and self.kind in {"", event.kind.value}
            and self.who in {"", event.who}
            and self.case in {"", event.case.hex()}
        )


def rows(folder: Path, search: Search) -> Iterator[Row]:
    """Yield the entries that are looked for, the newest segment first. Raises AuditError."""
    left = min(search.most, MOST_ROWS)
    for path in reversed(list(segment_paths(folder).values())):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # the centre has it, and it was just deleted
        except OSError as fault:
            raise translated(fault, path) from fault
        walk = Walk(None)
        found = [record for record in walk.segment(path.name, data) if search.finds(record)]
        for record in reversed(found):
            if not left:
                return
            left -= 1
            if walk.head is not None:
                yield _row(walk.head, record)


def as_line(row: Row) -> bytes:
    """Return an entry as a line of JSON."""
    return json.dumps(row).encode() + b"\n"


def _row(head: Head, record: Record) -> Row:
    link = record.link
    row: Row = {
        "chain": head.chain.hex(),
        "entry": link.number,
        "time": _time_of(link.moment),
        "clock_trusted": link.moment.trusted,
        "digest": record.digest.hex(),
    }
    if isinstance(link, Entry):
        event = link.event
        row |= {
            "kind": event.kind.value,
            "who": event.who,
            "why": event.why,
            "case": event.case.hex(),
            "details": dict(event.details),
        }
    return row


def _time_of(moment: Moment) -> str:
    try:
        when = datetime.datetime.fromtimestamp(moment.wall_ms / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return f"{moment.wall_ms} ms"
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
