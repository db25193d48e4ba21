"""Who reads results, as events for the audit log: when one comes, and when somebody logs in.

While nobody is logged in a result is shown to nobody: it is noted when somebody comes to see it.
"""

from collections.abc import Callable, Iterable

from greenline.firmware import audit_events
from greenline.firmware.board import Check
from greenline.protocol.audit import NOT_LOGGED_IN, Event
from greenline.protocol.messages import Result

_MOST_KNOWN = 1000


def anybody() -> str:
    """Stand in for sessions on a kiosk on which nobody logs in."""
    return NOT_LOGGED_IN


class Reading:
    """Says what is to be noted. purpose: of all of this kiosk's checks; empty: they differ, and
    that of a check from before a restart is not told.

    reader: who sees the screen now; empty: nobody.
    """

    def __init__(self, purpose: str, reader: Callable[[], str] = anybody) -> None:
        self._purpose = purpose
        self._purposes: dict[bytes, str] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self.reader = reader

    def asked(self, request_id: bytes, purpose: str) -> None:
        """Know what a check is for; that of the oldest is forgotten when there are very many."""
        while len(self._purposes) >= _MOST_KNOWN:
            del self._purposes[next(iter(self._purposes))]
        self._purposes[request_id] = purpose

    def comes(self, request_id: bytes, result: Result, *, again: bool = False) -> list[Event]:
        """Return what to note before a result is put on the board."""
        who = self.reader()
        if not who:
            return []
        self._seen.add((who, request_id.hex(), result.outcome.value))
        return [
            audit_events.shown(
                request_id, self.purpose_of(request_id), result, again=again, who=who
            )
        ]

    def begins(self, who: str, checks: Iterable[Check]) -> list[Event]:
        """Return what to note before somebody sees the board, each result once for each person."""
        there = {(who, each.request_id, each.outcome): each for each in checks if each.outcome}
        new = [key for key in there if key not in self._seen]
        self._seen = {key for key in self._seen if key[0] != who} | there.keys()
        return [
            audit_events.seen(there[key], self.purpose_of(bytes.fromhex(key[1])), who)
            for key in new
        ]

    def purpose_of(self, request_id: bytes) -> str:
        """Return what a check is for, as far as it is known."""
        return self._purposes.get(request_id, self._purpose)
