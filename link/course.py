"""Which broker is tried next, and after what wait. Pure: no clock, no network.

    the first -> fails -> the next at once -> ... -> all failed: wait, the first, wait, the next ...

After a connection that stood, it is the first one's turn again. So nobody goes back and forth while
a later broker serves, and everybody comes home when it ends.
"""

from collections.abc import Callable

from greenline.link.ended import Ended
from greenline.link.reasons import Reaction
from greenline.link.settings import Broker, LinkSettings, backoff_ceiling

_STEADY_S = 10.0
"""A connection that stood for less is no proof that all is well: waits go on growing."""
_SLOWLY_TIMES = 4
"""A broker that has too much to do is left alone up to so many times the longest usual wait."""


class Course:
    """The order of tries. jitter: draws a wait between 0 and a ceiling, in seconds."""

    def __init__(self, settings: LinkSettings, jitter: Callable[[float], float]) -> None:
        self._settings = settings
        self._jitter = jitter
        self._brokers = settings.brokers
        self._now = 0
        self._untried = set(range(1, len(self._brokers)))
        self._first_round = True
        self._failures = 0
        self._refusals = 0

    @property
    def broker(self) -> Broker:
        """The broker whose turn it is."""
        return self._brokers[self._now]

    def ended(self, ended: Ended, up_s: float | None) -> float:
        """Note how a try ended; return the seconds to wait before the next.

        up_s: how long the connection stood; None: it never did.
        """
        self._refusals = self._refusals + 1 if ended.reaction is Reaction.SLOWLY else 0
        if up_s is not None and up_s >= _STEADY_S:
            return self._after_service(ended)
        referred = self._referred(ended)
        self._now = (self._now + 1) % len(self._brokers) if referred is None else referred
        if self._first_round and self._now in self._untried:
            self._untried.discard(self._now)
            return 0.0
        self._first_round = False
        return self._wait(ended.reaction)

    def _after_service(self, ended: Ended) -> float:
        """Begin a new round: at the first one, unless that one has just sent us away."""
        self._failures = 0
        self._refusals = min(self._refusals, 1)
        self._first_round = True
        sent_away = bool(ended.code) and len(self._brokers) > 1
        home = 1 if sent_away and self._now == 0 else 0
        before, referred = self._now, self._referred(ended)
        self._now = home if referred is None else referred
        self._untried = set(range(len(self._brokers))) - {self._now}
        if sent_away:
            self._untried.discard(before)
        return self._wait(ended.reaction if self._now == before else Reaction.AGAIN)

    def _referred(self, ended: Ended) -> int | None:
        """Return which of our own brokers we were sent to; never a stranger's."""
        for number, broker in enumerate(self._brokers):
            if number != self._now and _names(ended.reference, broker):
                return number
        return None

    def _wait(self, reaction: Reaction) -> float:
        self._failures += 1
        longest = self._settings.backoff_longest_s
        if reaction is Reaction.SLOWLY:
            doubled = longest * 2.0 ** min(self._refusals - 1, 16)
            return self._jitter(min(doubled, longest * _SLOWLY_TIMES))
        if reaction is Reaction.TECHNICIAN:
            return self._jitter(longest)
        return self._jitter(backoff_ceiling(self._settings, self._failures))


def _names(reference: str, broker: Broker) -> bool:
    """Return whether a Server Reference names a broker: "host", "host:port", several by blanks."""
    names = reference.lower().split()
    return bool({broker.host.lower(), str(broker).lower()}.intersection(names))
