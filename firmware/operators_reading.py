"""Who reads results, as events for the audit log: when one comes, and when somebody logs in.

While nobody is logged in a result is shown to nobody: it is noted when somebody comes to see it.
"""

from collections.abc import Callable, Iterable

from greenline.firmware import audit_events
from greenline.firmware.board import Check
from greenline.protocol.audit import NOT_LOGGED_IN, Event
from greenline.protocol.messages import Result


def anybody() -> str:
    """Stand in for sessions on a kiosk on which nobody logs in."""
    return NOT_LOGGED_IN


class Reading:
    """Says what is to be noted. purpose: of this kiosk's checks.

    reader: who sees the screen now; empty: nobody.
    """

    def __init__(self, purpose: str, reader: Callable[[], str] = anybody) -> None:
        self._purpose = purpose
        self._seen: set[tuple[str, str, str]] = set()
        self.reader = reader

    def comes(self, request_id: bytes, result: Result, *, again: bool = False) -> list[Event]:
        """Return what to note before a result is put on the board."""
        who = self.reader()
        if not who:
            return []
        self._seen.add((who, request_id.hex(), result.outcome.value))
        return [audit_events.shown(request_id, self._purpose, result, again=again, who=who)]

    def begins(self, who: str, checks: Iterable[Check]) -> list[Event]:
        """Return what to note before somebody sees the board, each result once for each person."""
        there = {(who, each.request_id, each.outcome): each for each in checks if each.outcome}
        new = [key for key in there if key not in self._seen]
        self._seen = {key for key in self._seen if key[0] != who} | there.keys()
        return [audit_events.seen(there[key], self._purpose, who) for key in new]
