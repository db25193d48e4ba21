"""How long nobody may try a PIN after wrong ones: pure counting over a clock that is passed in.

Counted by the monotonic clock and the kernel's id of the boot, so setting the clock ends no wait.
Of a wait that a restart of the machine interrupted nobody knows how much has passed: it begins
anew.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.audit import Moment

FREE_TRIES = 5
"""With so many wrong tries in a row the first wait begins; each further one doubles it."""


@dataclass(frozen=True)
class Patience:
    """How long the first wait is, and the longest. Milliseconds."""

    first_ms: int
    longest_ms: int

    def wait_ms(self, wrong: int) -> int:
        """Return how long to wait after so many wrong tries."""
        if wrong < FREE_TRIES:
            return 0
        doublings = min(wrong - FREE_TRIES, 32)
        return min(self.longest_ms, self.first_ms << doublings)


ACCOUNT = Patience(60_000, 12 * 3_600_000)
KIOSK = Patience(30_000, 10 * 60_000)
"""For all accounts together: shorter, since it also stops those who know their PIN."""


class Tries(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Wrong tries in a row. until_ms: monotonic milliseconds of that boot, when the wait ends."""

    wrong: Annotated[int, Meta(ge=0, le=2**31)] = 0
    boot: Annotated[bytes, Meta(max_length=16)] = b""
    until_ms: Annotated[int, Meta(ge=0, le=2**62)] = 0

    def one_more(self, patience: Patience, now: Moment) -> "Tries":
        """Return these tries and another wrong one."""
        wrong = self.wrong + 1
        return Tries(wrong, now.boot, now.monotonic_ms + patience.wait_ms(wrong))

    def left_ms(self, patience: Patience, now: Moment) -> int:
        """Return how long to wait still."""
        whole_ms = patience.wait_ms(self.wrong)
        if self.boot != now.boot:
            return whole_ms
        return max(0, min(whole_ms, self.until_ms - now.monotonic_ms))

    def of_this_boot(self, patience: Patience, now: Moment) -> "Tries":
        """Return them with a wait of an earlier boot begun anew."""
        if self.boot == now.boot:
            return self
        return Tries(self.wrong, now.boot, now.monotonic_ms + patience.wait_ms(self.wrong))
