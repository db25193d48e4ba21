"""What the kiosk tells its audit log of who logs in. Never a PIN, nor what a stranger typed."""

from greenline.protocol.audit import DEVICE, NOT_LOGGED_IN, Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.operators import Role


def list_taken(number: int, before: int) -> Event:
    """Return that the centre's list was taken in the place of another. before: 0 without any."""
    details = {"what": "operators", "version": str(number), "before": str(before)}
    return Event(Kind.UPDATE, DEVICE, details=details)


def logged_in(operator: str, role: Role) -> Event:
    """Return that somebody logged in."""
    return Event(Kind.LOGIN, operator, details={"outcome": "logged in", "role": role.value})


def refused(operator: str | None) -> Event:
    """Return that a login was refused. operator: None for one that is not in the list."""
    return Event(Kind.LOGIN, operator or NOT_LOGGED_IN, details={"outcome": "refused"})


def locked_out(operator: str | None, tries: int) -> Event:
    """Return that nobody may try this account for a while. tries: wrong ones in a row."""
    return Event(Kind.LOCK_OUT, operator or NOT_LOGGED_IN, details={"tries": tries})


def ended(operator: str, how: str) -> Event:
    """Return that a session ended or was locked. how: in a word or two."""
    return Event(Kind.LOGIN, operator, details={"outcome": how})


def unlocked(operator: str, by: str) -> Event:
    """Return that a supervisor ended an account's wait."""
    return Event(Kind.OVERRIDE, by, details={"what": "lock-out", "operator": operator})
