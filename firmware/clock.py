"""What the kiosk believes about time. A Pi has no clock of its own, and any clock can be set wrong.

Three things are kept apart (docs/at-rest.md tells the rules):

* the floor: the latest time that somebody signed (matcher, authority) or that this release carries.
  It never goes back; the time now is the floor or later;
* running time: milliseconds in which this kiosk ran, counted by the monotonic clock across
  restarts. What expires, expires by it, or by signed times; never because a clock was set;
* the wall clock: believed between the floor and 90 days after it, and "trusted" when there is a
  reason: it was set by a time server, or agrees with a time signed just now. What was signed is no
  proof of that by itself, a broker may hold it back; that it answers what was asked just now is.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from greenline.protocol.audit import Moment

FURTHEST_AHEAD_MS = 90 * 24 * 3600 * 1000
"""As long as a certificate lives: a kiosk that heard nothing for longer cannot connect anyway."""
START_COUNTS_MS = 60_000
"""A boot counts as a minute: one that is cut off every few seconds keeps nothing for ever."""

_AGREES_MS = 5 * 60 * 1000
_KEPT_EVERY_MS = 60_000


@dataclass(frozen=True)
class Instant:
    """A point in time, as a row of the store keeps it.

    running_ms: of this kiosk's running time. wall_ms: what was believed, Unix milliseconds.
    floor_ms: the time was at least this. trusted: wall_ms was more than a belief.
    """

    running_ms: int
    wall_ms: int
    floor_ms: int
    trusted: bool

    def age_of_ms(self, born: "Instant") -> int:
        """Return how long ago born was, at least: what can be proven, never what a clock says."""
        ran = self.running_ms - born.running_ms
        signed = self.floor_ms - born.wall_ms if born.trusted else 0
        return max(0, ran, signed)


@dataclass(frozen=True)
class Kept:
    """What a restart must not forget. boot, monotonic_ms: when running_ms was counted."""

    floor_ms: int
    running_ms: int
    boot: bytes
    monotonic_ms: int


class Clock:
    """Safe to share between threads. reading: what this machine's clocks say.

    kept: of the run before; None: the first. keep: makes it durable; raises StoreError.
    released_ms: when this version was made: no time before it can be right.
    """

    def __init__(
        self,
        reading: Callable[[], Moment],
        kept: Kept | None,
        keep: Callable[[Kept], None],
        released_ms: int,
    ) -> None:
        self._reading = reading
        self._keep = keep
        self._lock = threading.Lock()
        now = reading()
        self._boot = now.boot
        before = kept or Kept(0, 0, now.boot, now.monotonic_ms)
        self._ran_before_ms = before.running_ms + _missed_ms(before, now)
        self._started_ms = now.monotonic_ms
        self._floor_ms = max(before.floor_ms, released_ms)
        self._floor_at_ms: int | None = None  # monotonic; None: it was not raised in this run
        self._confirmed = False  # that it is hardly later than floor_ms, and what passed since
        self._kept = before

    def instant(self) -> Instant:
        """Return the time now, for what begins or ends."""
        with self._lock:
            return self._instant(self._reading())

    def now_ms(self) -> int:
        """Return what is believed of the time, Unix milliseconds."""
        return self.instant().wall_ms

    def trusted(self) -> bool:
        """Whether there is a reason to believe it."""
        return self.instant().trusted

    def moment(self) -> Moment:
        """Return what is believed of the time, and the clocks it comes from, for the audit log."""
        reading = self._reading()
        with self._lock:
            now = self._instant(reading)
        return Moment(now.wall_ms, now.trusted, reading.boot, reading.monotonic_ms)

    def vouched(self, signed_ms: int, asked_ms: int | None = None) -> None:
        """Take a time that the matcher or the authority has signed: it is now or was before.

        asked_ms: when it was asked for, running time; None: not in this run. What was asked for
        just now was signed just now; anything else raises the floor and confirms nothing.
        """
        with self._lock:
            reading = self._reading()
            ahead_ms = signed_ms - self._signed_now_ms(reading.monotonic_ms)
            running_ms = self._instant(reading).running_ms
            if asked_ms is not None and running_ms - asked_ms <= _AGREES_MS:
                self._confirmed = ahead_ms >= -_AGREES_MS
            elif ahead_ms > _AGREES_MS:
                self._confirmed = False  # what passed since was not all counted
            if ahead_ms > 0:
                self._floor_ms, self._floor_at_ms = signed_ms, reading.monotonic_ms

    def tend(self) -> None:
        """Make durable what a restart must not forget (called often). Raises StoreError."""
        self._keep_now(at_least_ms=_KEPT_EVERY_MS)

    def close(self) -> None:
        """Make everything durable. Raises StoreError."""
        self._keep_now(at_least_ms=0)

    def _keep_now(self, at_least_ms: int) -> None:
        with self._lock:
            now = self._reading()
            instant = self._instant(now)
            kept = Kept(instant.floor_ms, instant.running_ms, now.boot, now.monotonic_ms)
            ran_ms = kept.running_ms - self._kept.running_ms
            if max(ran_ms, kept.floor_ms - self._kept.floor_ms) < at_least_ms:
                return
            self._keep(kept)
            self._kept = kept

    def _instant(self, reading: Moment) -> Instant:
        running_ms = self._ran_before_ms + max(0, reading.monotonic_ms - self._started_ms)
        signed_ms = self._signed_now_ms(reading.monotonic_ms)
        possible = signed_ms <= reading.wall_ms <= signed_ms + FURTHEST_AHEAD_MS
        agrees = self._confirmed and abs(reading.wall_ms - signed_ms) <= _AGREES_MS
        wall_ms = reading.wall_ms if possible else signed_ms
        return Instant(running_ms, wall_ms, signed_ms, agrees or (possible and reading.trusted))

    def _signed_now_ms(self, monotonic_ms: int) -> int:
        """Return the earliest that it can be now: the floor, and what has passed since."""
        since_ms = self._started_ms if self._floor_at_ms is None else self._floor_at_ms
        return self._floor_ms + max(0, monotonic_ms - since_ms)


def _missed_ms(before: Kept, now: Moment) -> int:
    """Return the running time since it was last kept; of another boot's only that it was one."""
    if before.boot == now.boot:
        return max(0, now.monotonic_ms - before.monotonic_ms)
    return START_COUNTS_MS
