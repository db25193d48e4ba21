"""What the kiosk tells its audit log of leads: never who a lead names, and no score."""

from greenline.firmware.verification import Examined, Lead, Stage
from greenline.protocol.audit import Event, pseudonym
from greenline.protocol.audit_details import Detail, Kind
from greenline.protocol.messages import Result

DISAGREES = "centre disagrees"


def looked(request_id: bytes, result: Result, who: str, justification: str) -> Event:
    """Return that somebody looks at who a lead names. justification: the code of why."""
    details: dict[str, Detail] = {
        "outcome": result.outcome.value,
        "candidates": len(result.candidates),
        "lists": tuple(each.name for each in result.searched),
    }
    return Event(Kind.CONSULT, who, justification, pseudonym(request_id), details)


def confirmed(request_id: bytes, purpose: str, before: Lead, lead: Lead, who: str) -> Event:
    """Return that somebody has confirmed: how far it is since, and who did so first."""
    contact = lead.contact
    told = {
        "what": DISAGREES if lead.examined is Examined.DISAGREES else lead.stage.value,
        "by": before.first,
        "source": contact.source if contact else "",
        "reference": contact.reference if contact else "",
    }
    return _verified(request_id, purpose, who, told)


def rejected(request_id: bytes, purpose: str, who: str, reason: str) -> Event:
    """Return that somebody has rejected: a false hit."""
    return _verified(request_id, purpose, who, {"what": Stage.REJECTED.value, "reason": reason})


def refused(request_id: bytes, purpose: str, who: str, code: str) -> Event:
    """Return that an examiner's verdict did not count. code: why."""
    return _verified(request_id, purpose, who, {"what": "centre refused", "reason": code})


def asked(
    request_id: bytes, purpose: str, result: Result, who: str, matcher: str
) -> tuple[Event, Event]:
    """Return that the centre is asked for a second person, and what it is told for that."""
    details: dict[str, Detail] = {
        "what": "lead",
        "to": matcher,
        "lists": tuple(each.name for each in result.searched),
    }
    disclosed = Event(Kind.DISCLOSE, who, purpose, pseudonym(request_id), details)
    return _verified(request_id, purpose, who, {"what": "centre asked"}), disclosed


def _verified(request_id: bytes, purpose: str, who: str, told: dict[str, str]) -> Event:
    details: dict[str, Detail] = {name: value for name, value in told.items() if value}
    return Event(Kind.VERIFY, who, purpose, pseudonym(request_id), details)
