"""What the kiosk tells its audit log, in one place, so that one can see what it never tells.

No template, no picture, no quality, no score, no reference, no request's id.
"""

from collections.abc import Sequence
from typing import Protocol

from greenline.firmware.board import Check
from greenline.protocol.audit import DEVICE, NOT_LOGGED_IN, Event, pseudonym
from greenline.protocol.audit_details import Detail, Kind
from greenline.protocol.messages import Result


class Audit(Protocol):
    """Where events are made durable before they take effect."""

    def note(self, *events: Event) -> None:
        """Make events durable. Raises StoreError: then they must not take effect."""


class Unlogged:
    """Keeps nothing: for parts that are used alone, never for a kiosk."""

    def note(self, *events: Event) -> None:
        """Forget the events."""


UNLOGGED = Unlogged()


def taken(
    request_id: bytes,
    purpose: str,
    fingers: Sequence[int],
    lists: Sequence[str],
    matcher: str,
    who: str = NOT_LOGGED_IN,
) -> tuple[Event, Event]:
    """Return what fingers were taken for, and to whom they go. fingers: ISO positions."""
    case = pseudonym(request_id)
    collected = {"finger": fingers[0], "impressions": len(fingers)}
    disclosed: dict[str, Detail] = {"what": "templates", "to": matcher, "lists": tuple(lists)}
    return (
        Event(Kind.COLLECT, who, purpose, case, collected),
        Event(Kind.DISCLOSE, who, purpose, case, disclosed),
    )


def not_kept(request_id: bytes, purpose: str) -> Event:
    """Return that fingers that were noted as taken could not be kept."""
    details = {"what": "request", "reason": "the store failed"}
    return Event(Kind.CANCEL, DEVICE, purpose, pseudonym(request_id), details)


def shown(
    request_id: bytes,
    purpose: str,
    result: Result,
    *,
    again: bool = False,
    who: str = NOT_LOGGED_IN,
) -> Event:
    """Return that a result was shown. again: it was shown before, by an earlier run."""
    details = {
        "outcome": result.outcome.value,
        "candidates": len(result.candidates),
        "lists": tuple(each.name for each in result.searched),
        "again": again,
    }
    return Event(Kind.CONSULT, who, purpose, pseudonym(request_id), details)


def seen(check: Check, purpose: str, who: str) -> Event:
    """Return that somebody who has logged in sees a result that came before."""
    details: dict[str, Detail] = {
        "outcome": str(check.outcome),  # the board may hold the enumeration's member
        "candidates": len(check.candidates),
        "lists": tuple(each.name for each in check.searched),
        "again": True,
    }
    case = pseudonym(bytes.fromhex(check.request_id))
    return Event(Kind.CONSULT, who, purpose, case, details)


def deleted(request_id: bytes, what: str, reason: str) -> Event:
    """Return that something of a case left this kiosk. what: "request" or "answer"."""
    return Event(
        Kind.ERASE, DEVICE, case=pseudonym(request_id), details={"what": what, "reason": reason}
    )


def purged(request_id: bytes, reason: str, who: str) -> Event:
    """Return that a person had a case deleted before its time. reason: a code."""
    details = {"what": "case", "reason": reason}
    return Event(Kind.ERASE, who, case=pseudonym(request_id), details=details)


def erased_there(request_id: bytes, matcher: str, entry: int) -> Event:
    """Return that the matcher gave its word of an erasure. entry: of its audit log."""
    details: dict[str, Detail] = {
        "what": f"copy at {matcher}"[:64],
        "reason": f"its entry {entry}",
    }
    return Event(Kind.ERASE, DEVICE, case=pseudonym(request_id), details=details)


def orders_damaged() -> Event:
    """Return that the list of ordered erasures could not be read: nobody knows which there were."""
    return Event(Kind.REPAIR, DEVICE, details={"what": "orders to erase, unreadable"})


def order_given_up(request_id: bytes) -> Event:
    """Return that the matcher is not asked any more to erase a case: it never answered."""
    details = {"what": "order to erase", "reason": "the matcher never answered"}
    return Event(Kind.CANCEL, DEVICE, case=pseudonym(request_id), details=details)


def exported(count: int, matcher: str) -> Event:
    """Return that a technician is handed all sealed requests, to be carried to the centre by hand.

    Who that is nobody can know: whoever may run commands on this device.
    """
    details: dict[str, Detail] = {"what": "sealed requests", "to": matcher, "count": count}
    return Event(Kind.DISCLOSE, NOT_LOGGED_IN, "export by a technician", details=details)


def salvaged(requests: int, answers: int, lost: int, *, unknown: bool) -> Event:
    """Return that the store was damaged. lost: requests; unknown: there may have been more."""
    what = "damaged store, parts unreadable" if unknown else "damaged store"
    return Event(
        Kind.REPAIR, DEVICE, details={"what": what, "kept": requests + answers, "lost": lost}
    )


def stopped(purpose: str, *, by_person: bool, who: str = NOT_LOGGED_IN) -> Event:
    """Return that a check ended without anything taken."""
    reason = "stopped by a person" if by_person else "no usable picture"
    return Event(
        Kind.CANCEL,
        who if by_person else DEVICE,
        purpose,
        details={"what": "check", "reason": reason},
    )


def started(software: str) -> Event:
    """Return that the kiosk's process began."""
    return Event(Kind.START, DEVICE, details={"process": "kiosk", "software": software[:64]})


def ended() -> Event:
    """Return that the kiosk's process ends in good order."""
    return Event(Kind.STOP, DEVICE, details={"process": "kiosk", "reason": "asked to"})


def wiped(reason: str) -> Event:
    """Return that the device key is destroyed. reason: how that was asked for."""
    return Event(Kind.WIPE, NOT_LOGGED_IN, details={"what": "device key", "reason": reason})
