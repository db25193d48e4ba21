"""What the matcher tells its audit log, in one place, so that one can see what it never tells.

No template, no score, no reference, no request's id.
"""

import hashlib
from typing import Protocol

from greenline.matcher.gallery_records import ChangeKind
from greenline.protocol.audit import DEVICE, Event, pseudonym
from greenline.protocol.audit_details import Detail, Kind
from greenline.protocol.envelope import Header
from greenline.protocol.examination import Examination
from greenline.protocol.messages import Request, Result


class Audit(Protocol):
    """Where events are made durable before they take effect."""

    def note(self, *events: Event) -> None:
        """Make events durable. Raises DatabaseError: then they must not take effect."""


class Unlogged:
    """Keeps nothing: for parts that are used alone, never for a matcher."""

    def note(self, *events: Event) -> None:
        """Forget the events."""


UNLOGGED = Unlogged()


def searched(header: Header, request: Request | None, result: Result, refusal: str) -> Event:
    """Return that lists were searched for a kiosk, or were not, and why not.

    request: None when it was not read. refusal: its kind; empty: the outcome tells all.
    """
    details: dict[str, Detail] = {
        "outcome": result.outcome.value,
        "candidates": len(result.candidates),
        "kiosk": header.kiosk,
    }
    if request is not None:
        details["lists"] = request.lists
    if refusal:
        details["refusal"] = refusal[:64]
    case = pseudonym(header.request_id)
    why = "" if request is None else request.purpose
    return Event(Kind.CONSULT, DEVICE, why, case, details)


def gallery_changed(kind: ChangeKind | None, list_name: str, count: int, who: str) -> Event:
    """Return that entries were enrolled or removed, or (None) what is said of a list was set."""
    match kind:
        case None:
            return Event(Kind.ALTER, who, details={"what": "list", "list": list_name})
        case ChangeKind.REMOVED:
            what = Kind.ERASE
        case _:
            what = Kind.ALTER
    details: dict[str, Detail] = {
        "what": "entries",
        "list": list_name,
        "count": count,
        "reason": kind.value,
    }
    return Event(what, who, details=details)


def kept(kiosk: str, chain: bytes, first: int, last: int, segment: bytes) -> Event:
    """Return that a report of a kiosk's log is kept: what `audit verify` looks for later."""
    details: dict[str, Detail] = {
        "kiosk": kiosk,
        "chain": chain.hex(),
        "first": first,
        "last": last,
        "digest": segment_digest(segment),
    }
    return Event(Kind.KEEP, DEVICE, details=details)


def segment_digest(segment: bytes) -> str:
    """Return what a kept report is known by: the SHA-256 of its segment, hexadecimal."""
    return hashlib.sha256(segment).hexdigest()


def erased(request_id: bytes, what: str, reason: str) -> Event:
    """Return that what was here of a request is deleted."""
    details = {"what": what, "reason": reason}
    return Event(Kind.ERASE, DEVICE, case=pseudonym(request_id), details=details)


def disclosed_lead(kiosk: str, examination: Examination) -> Event:
    """Return that the examiners are shown a lead, as a kiosk has asked for."""
    details: dict[str, Detail] = {
        "what": f"lead of {kiosk}"[:64],
        "to": "examiners",
        "lists": tuple(each.name for each in examination.result.searched),
    }
    case = pseudonym(examination.request_id)
    return Event(Kind.DISCLOSE, DEVICE, examination.purpose, case, details)


def exported(list_name: str, count: int, who: str) -> Event:
    """Return that a list was written out, readable by whoever has the files."""
    details: dict[str, Detail] = {
        "what": "list, not encrypted",
        "lists": (list_name,),
        "to": "files",
        "count": count,
    }
    return Event(Kind.DISCLOSE, who, details=details)


def started(software: str, part: str) -> Event:
    """Return that a matcher process began. part: its share of the requests."""
    details = {"process": f"matcher {part}"[:64], "software": software[:64]}
    return Event(Kind.START, DEVICE, details=details)


def ended(part: str) -> Event:
    """Return that a matcher process ends in good order."""
    details = {"process": f"matcher {part}"[:64], "reason": "asked to"}
    return Event(Kind.STOP, DEVICE, details=details)
