"""Reads the audit log's segments back: what is signed in each, and pieces of it for a report."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from greenline.firmware.audit_segments import segment_paths, translated
from greenline.protocol.audit import Checkpoint, Record
from greenline.protocol.audit_head import End, Head
from greenline.protocol.audit_report import MAX_RECORDS_BYTES, Report
from greenline.protocol.audit_verify import Walk


@dataclass(frozen=True)
class Piece:
    """One segment as far as it is whole. signed: its last entry that is a signature, if any.

    end: its last whole entry. complete: nothing follows the last signature. written_ms: when the
    last entry was written, as the kiosk believed, Unix milliseconds.
    """

    sequence: int
    path: Path
    head: Head
    end: End
    signed: End | None
    complete: bool
    written_ms: int

    def digest(self, number: int) -> bytes | None:
        """Return the digest of an entry, or None when it is not in here. Raises AuditError."""
        if number == self.head.end.number:
            return self.head.end.digest
        if not self.head.end.number < number <= self.end.number:
            return None
        records = Walk(None).segment("", _bytes(self.path))
        return next((each.digest for each in records if each.link.number == number), None)

    def report(self, after: int, oldest: int) -> Report | None:
        """Return the entries behind one, as many as fit up to a signature; None: there are none.

        oldest: number of the oldest entry of the chain. Raises AuditError.
        """
        before = self.head.end
        run: list[Record] = []
        size = fitting = 0
        for record in Walk(None).segment("", _bytes(self.path)):
            if record.link.number <= after:
                before = record.end
                continue
            size += len(record.data)
            if size > MAX_RECORDS_BYTES:
                break
            run.append(record)
            if isinstance(record.link, Checkpoint):
                fitting = len(run)
        if not fitting:
            return None
        data = b"".join(record.data for record in run[:fitting])
        return Report(self.head.chain, before.number + 1, before.digest, oldest, data)


class Pieces:
    """The segments of a folder, read again only when they have grown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, tuple[int, Piece]] = {}

    def all(self) -> Iterator[Piece]:
        """Yield the segments in order, without any whose head is spoiled. Raises AuditError."""
        paths = segment_paths(self._folder)
        self._known = {number: known for number, known in self._known.items() if number in paths}
        for sequence, path in paths.items():
            piece = self._piece(sequence, path)
            if piece is not None:
                yield piece

    def _piece(self, sequence: int, path: Path) -> Piece | None:
        size = _size(path)
        known = self._known.get(sequence)
        if known is not None and known[0] == size:
            return known[1]
        data = _bytes(path)
        piece = _read(sequence, path, data)
        if piece is not None:
            self._known[sequence] = (len(data), piece)
        return piece


def _read(sequence: int, path: Path, data: bytes) -> Piece | None:
    walk = Walk(None)
    signed, written_ms = None, 0
    for record in walk.segment("", data):
        written_ms = record.link.moment.wall_ms
        if isinstance(record.link, Checkpoint):
            signed = record.end
    if walk.head is None:
        return None
    complete = walk.fault is None and signed == walk.end
    return Piece(sequence, path, walk.head, walk.end, signed, complete, written_ms)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise translated(fault, path) from fault


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as fault:
        raise translated(fault, path) from fault
