"""All that can be kept of a damaged store's bytes, and what is lost. Used by store_salvage.py.

What lies there now counts. What is known to have been there and cannot be read is looked for once
more: on the broken pages byte by byte, and on the same pages as earlier commits left them. Pure but
for what the judge asks.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from greenline.firmware.store_evidence import Evidence
from greenline.firmware.store_finds import TABLES, Finds, Row, carve, find, rows_on
from greenline.firmware.store_frames import Log
from greenline.firmware.store_judging import Judge, Kept
from greenline.firmware.store_pages import Pages
from greenline.firmware.store_soundness import unsound

_MOST_CARVED = 1000
"""Requests that are looked for byte by byte: beyond that a card is broken, not a bit."""


@dataclass(frozen=True)
class Rescued:
    """What is kept and what is lost. unknown: pages were unreadable, more may be lost than that."""

    kept: Kept
    lost: frozenset[bytes]
    unknown: bool


def rescued(evidence: Evidence, judge: Judge) -> Rescued:
    """Return what can be kept of a store."""
    log = _as_meant(evidence)
    kept, seen = Kept(), []
    for pages in _states(evidence, log):
        finds = find(pages)
        kept.take(finds.rows, judge)
        seen.append((pages, finds))
    found = _settled(kept, [finds for _, finds in seen])
    if not found.lost and not found.unknown:
        return found
    for pages, finds in seen:
        kept.take(carve(pages, sorted(found.lost)[:_MOST_CARVED], finds.read), judge)
    rows = _earlier(evidence, log)
    kept.take((row for row in rows if found.unknown or row.request_id in found.lost), judge)
    return _settled(kept, [finds for _, finds in seen])


def _as_meant(evidence: Evidence) -> Log:
    """Return the log in the way that makes sense, where it is not certain which bit was flipped."""
    first, *others = evidence.logs()
    for log in (first, *others) if others else ():
        if unsound(evidence.pages(log), None, ours=True) is None:
            return log
    return first


def _states(evidence: Evidence, log: Log) -> Iterator[Pages]:
    """Yield the database as it was last; where that is in doubt, first what SQLite would see."""
    if log.doubtful:
        yield evidence.pages(log, log.read)
    yield evidence.pages(log)


def _earlier(evidence: Evidence, log: Log) -> Iterator[Row]:
    """Yield the rows of pages that were written anew since, newest commit first."""
    commits = [at + 1 for at, frame in enumerate(log.frames) if frame.pages_after]
    until = len(log.frames)
    for commit in reversed([0, *commits]):
        changed = {frame.page for frame in log.frames[commit:until]}
        yield from rows_on(evidence.pages(log, commit), sorted(changed))
        until = commit


def _settled(kept: Kept, seen: list[Finds]) -> Rescued:
    kept.settle()
    lost, unknown = set[bytes](), False
    for finds in seen:
        for name in {*TABLES, *(each for each in finds.entries if not each.endswith("expired"))}:
            missing, certain = _missing(finds, name, kept)
            lost |= missing
            unknown = unknown or not certain
    return Rescued(kept, frozenset(lost), unknown)


def _missing(finds: Finds, name: str, kept: Kept) -> tuple[set[bytes], bool]:
    """Return which requests had a row in a table that is not kept, and whether these are all."""
    table = name.rpartition("_")[2]
    rows = {(row.request_id, row.rowid) for row in finds.rows if row.table == table}
    entries = {(entry.request_id, entry.rowid) for entry in finds.entries.get(name, [])}
    certain = True
    if name in finds.whole_indexes:
        known = entries
    elif name in finds.whole_tables:
        known = rows
    else:
        loose = {(entry.request_id, entry.rowid) for entry in finds.loose}
        known, certain = rows | entries | loose, False
    return {each for each, rowid in known if not kept.accounts_for(table, each, rowid)}, certain
