"""Entries of audit logs as an auditor reads them: lines, JSON lines, CSV."""

import csv
import datetime
import io
import json
from collections.abc import Iterable

from greenline.protocol.audit import Checkpoint, Event, Moment, Record
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_head import Head
from greenline.protocol.wording import release_words

COLUMNS = (
    "owner", "chain", "entry", "time", "clock_trusted", "kind", "who", "why", "case", "details",
    "boot", "monotonic_ms", "signer", "previous", "digest", "words",
)  # fmt: skip
_SIGNATURE = "signature"
# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, object]


def time_of(moment: Moment) -> str:
    """Return the wall clock's time, UTC, as ISO 8601; its number when it is beyond all reason."""
    try:
        when = datetime.datetime.fromtimestamp(moment.wall_ms / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return f"{moment.wall_ms} ms"
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(head: Head, record: Record) -> Row:
    """Return an entry with all it says."""
    link, when = record.link, record.link.moment
    event = None if isinstance(link, Checkpoint) else link.event
    return {
        "owner": head.owner,
        "chain": head.chain.hex(),
        "entry": link.number,
        "time": time_of(when),
        "clock_trusted": when.trusted,
        "kind": event.kind.value if event else _SIGNATURE,
        "who": event.who if event else "",
        "why": event.why if event else "",
        "case": event.case.hex() if event else "",
        "details": dict(event.details) if event else {},
        "boot": when.boot.hex(),
        "monotonic_ms": when.monotonic_ms,
        "signer": link.signer.hex() if isinstance(link, Checkpoint) else "",
        "previous": link.previous.hex(),
        "digest": record.digest.hex(),
        "words": _words(event),
    }


def _words(event: Event | None) -> str:
    """Return what became of an update in words: its entry has codes."""
    if event is None or event.kind is not Kind.RELEASE:
        return ""
    told = {name: str(value) for name, value in event.details.items()}
    return release_words(told.get("what", ""), told.get("version", ""), told.get("reason"))


def as_line(shown: Row) -> str:
    """Return a row as one line for the screen."""
    details = shown["details"]
    told = details.items() if isinstance(details, dict) else ()
    doubt = "" if shown["clock_trusted"] else " (clock not trusted)"
    parts = [
        f"{shown['owner']} {shown['entry']}",
        f"{shown['time']}{doubt}",
        str(shown["kind"]),
        *(f"{name} {shown[name]}" for name in ("who", "why", "case") if shown[name]),
        *(f"{name}: {_plain(value)}" for name, value in told),
        *(filter(None, [str(shown["words"])])),
    ]
    return "  ".join(parts)


def as_json_lines(rows: Iterable[Row]) -> bytes:
    """Return rows as JSON lines in UTF-8."""
    return "".join(json.dumps(each) + "\n" for each in rows).encode()


def as_csv(rows: Iterable[Row]) -> bytes:
    """Return rows as CSV in UTF-8; a text that a spreadsheet would compute gets a quote before."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for each in rows:
        writer.writerow({name: _cell(value) for name, value in each.items()})
    return text.getvalue().encode()


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
