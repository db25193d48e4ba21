"""Which requests come at a time that cannot be right: the replay window.

The ledger knows a request's id until FORGET_AFTER_MS after its end. So a request whose clock can be
believed must be refused before the ledger forgets it, and may not be made so far in the future that
the ledger would. Where a kiosk itself doubts its clock (a Pi without one, before anybody has told
it the time) its times mean nothing: it is taken whenever it comes, its life begins on arrival, and
the ledger keeps its id for good.

The wrong one of two clocks may be the matcher's own: so a wrong time never ends a request. Its
kiosk is told that it was not searched, keeps it, and offers it again.
"""

from typing import NamedTuple

from greenline.protocol.envelope import Header
from greenline.protocol.messages import LONGEST_LIFE_MS

AHEAD_MS = 24 * 3600 * 1000
"""A clock that is set to a wrong time zone or the wrong day is forgiven."""
FORGET_AFTER_MS = 7 * 24 * 3600 * 1000


class Untimely(NamedTuple):
    """kind: one of a few, to be counted. words: what the kiosk is told. final: for good."""

    kind: str
    words: str
    final: bool = False


def untimely(header: Header, now_ms: int) -> Untimely | None:
    """Return why a request is not taken now; None: it is. now_ms: the matcher's clock."""
    if not 0 <= header.expires_ms - header.created_ms <= LONGEST_LIFE_MS:
        return Untimely("lifetime", "a request may live for 72 hours at most", final=True)
    if header.clock_doubtful:
        return None
    if header.created_ms > now_ms + AHEAD_MS:
        return Untimely("ahead", _wrong_by(header.created_ms - now_ms, "ahead of"))
    if header.expires_ms + FORGET_AFTER_MS <= now_ms:
        return Untimely("too old", _wrong_by(now_ms - header.created_ms, "behind"))
    return None


def ends_ms(header: Header, now_ms: int) -> int:
    """Return when a request that arrives now is over, by the matcher's clock."""
    if header.clock_doubtful:
        return now_ms + header.expires_ms - header.created_ms
    return header.expires_ms


def _wrong_by(milliseconds: int, direction: str) -> str:
    days = milliseconds / (24 * 3600 * 1000)
    return (
        f"the kiosk's clock is {days:.1f} days {direction} the matcher's, or this request was held "
        "back: set the clock"
    )
