"""What the kiosk finds of its audit log when it starts, and what it makes of it.

A torn end (a power cut) is cut off. Anything else that is wrong is left as it is, and a new chain
is begun behind it: never is a start refused, and never is it silent: each is told by an entry.
"""

from dataclasses import dataclass
from pathlib import Path

from greenline.firmware.audit_memory import Known
from greenline.firmware.audit_segments import Segment, translated
from greenline.protocol.audit import DEVICE, Event, Moment
from greenline.protocol.audit_details import Detail, Kind
from greenline.protocol.audit_head import HEAD_BYTES, Head
from greenline.protocol.audit_verify import Walk, is_torn

TORN = "a torn end was cut off"
"""What a power cut alone can do."""


@dataclass
class Found:
    """The log as it was found. segment: to go on with; None: a new chain is needed.

    head: of its segment. walk: through it. repairs: what has to be told.
    """

    repairs: list[Event]
    segment: Segment | None = None
    head: Head | None = None
    walk: Walk | None = None
    moment: Moment | None = None
    lost: int = 0


def recover(
    folder: Path, paths: dict[int, Path], owner: str, key_id: bytes, known: Known | None
) -> Found:
    """Look at the last segment and at the memory, and repair a torn end. Raises AuditError.

    key_id: of the key that signs now; a chain has one.
    """
    found = Found([])
    if not paths:
        if known is not None and known.end.number:
            _tell(found, "all segments are missing", entries=known.end.number)
        return found
    if known is None:
        _tell(found, "the memory of the log is missing or was changed")
    elif min(paths) > known.oldest:
        _tell(found, "old segments are missing", entries=0)
    _read_last(found, folder, paths, owner)
    if found.walk is not None and found.walk.signer not in {b"", key_id}:
        _tell(found, "the kiosk has a new key", before=found.walk.signer)
        _begin_anew(found)
    if found.segment is not None and known is not None:
        _compare(found, known)
    return found


def _begin_anew(found: Found) -> None:
    if found.segment is not None:
        found.segment.close()
    found.segment = found.head = found.walk = found.moment = None


def _read_last(found: Found, folder: Path, paths: dict[int, Path], owner: str) -> None:
    sequence, path = max(paths.items())
    data = _read(path)
    walk = Walk(None)
    for record in walk.segment(path.name, data):
        found.moment = record.link.moment
    if walk.head is None or walk.head.owner != owner:
        _tell(found, "the last segment is not of this kiosk")
        return
    fault = walk.fault
    torn = fault is not None and fault.offset >= HEAD_BYTES and is_torn(data, fault.offset)
    if fault is not None and not torn:
        _tell(found, "the last segment is damaged", entries=fault.number, before=walk.head.chain)
        return
    found.segment = Segment(folder, sequence)
    found.head, found.walk = walk.head, walk
    if fault is not None:
        found.segment.cut_to(fault.offset)
        _tell(found, TORN, octets=len(data) - fault.offset)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise translated(fault, path) from fault


def _compare(found: Found, known: Known) -> None:
    """Compare where the log ends with what is remembered of it."""
    if found.walk is None or found.head is None:
        return
    end = found.walk.end
    if known.chain != found.head.chain:
        _tell(found, "the chain is not the one that is remembered", before=known.chain)
    elif known.end.number > end.number:
        _tell(found, "entries at the end are missing", entries=known.end.number - end.number)
    elif known.end.number == end.number and known.end != end:
        _tell(found, "the last entry is not the one that is remembered")


def _tell(
    found: Found, what: str, *, entries: int = 0, octets: int = 0, before: bytes = b""
) -> None:
    details: dict[str, Detail] = {"what": what}
    if entries:
        details["entries"] = entries
    if octets:
        details["bytes"] = octets
    if before:
        details["before"] = before.hex()
    found.repairs.append(Event(Kind.REPAIR, DEVICE, details=details))
