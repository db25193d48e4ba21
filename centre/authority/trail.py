"""What the operators of the centre decide, told to an audit log before it is so."""

from dataclasses import dataclass
from typing import Protocol

from greenline.protocol.audit import DEVICE, Event
from greenline.protocol.audit_details import Detail, Kind


class Audit(Protocol):
    """Where events are made durable before they take effect."""

    def note(self, *events: Event) -> None:
        """Make events durable, or raise: then they must not take effect."""


class _Unlogged:
    def note(self, *events: Event) -> None:
        """Forget the events."""


@dataclass(frozen=True)
class Trail:
    """Where decisions are noted, and under whose name."""

    audit: Audit
    who: str

    def note(self, what: str, **details: Detail) -> None:
        """Note a decision; raises what the log raises: then it must not take effect.

        details: kiosk, serial, root (its number), reason, subject (of an alarm: serial or kiosk).
        """
        self.audit.note(Event(Kind.TRUST, self.who, details={"what": what, **details}))


UNTOLD = Trail(_Unlogged(), DEVICE)
"""For the server, which decides nothing, and for parts that are used alone."""
