"""How long an answer stays on this kiosk, by what it says: fixed as it arrives, before it is kept.

Counted by running time and signed times alone (clock.py), so no clock that is set changes it.
"""

from dataclasses import dataclass

from greenline.protocol.messages import Outcome

NO_MATCH_MS = 10 * 60 * 1000


@dataclass(frozen=True)
class Retention:
    """longest_ms: of any answer. no_match_ms: of one that names nobody, once it is there."""

    longest_ms: int
    no_match_ms: int = NO_MATCH_MS

    def lifetime_ms(self, outcome: Outcome) -> int:
        """Return how long an answer with this outcome is kept.

        A possible match stays until people have decided, or its time is over. What was refused,
        expired or is incomplete holds nothing of anybody, and must not vanish within minutes:
        whoever reads no "not checked yet" takes the person for checked.
        """
        if outcome is Outcome.NONE:
            return min(self.no_match_ms, self.longest_ms)
        return self.longest_ms
