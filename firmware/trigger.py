"""When to take a live sensor's picture by itself: a decision on scores and times, nothing else.

A finger settles within about half a second: more of it lies on the sensor, it is pressed better,
it stops moving, and the score rises. The best frame is taken once it is good and the score has
risen no more for a while, or when the time is up.
"""

from dataclasses import dataclass

RISE = 3  # points; less is the sensor's own noise


@dataclass(frozen=True)
class Settling:
    """good_quality: 0-100, with it the preview may end early. Times in seconds.

    settle_s: how long the score must not have risen. preview_s: how long it may take at most.
    """

    good_quality: int = 60
    settle_s: float = 0.4
    preview_s: float = 4.0


@dataclass(frozen=True)
class Look:
    """What to do about a frame. best: keep it, it is the best so far. take: take the best now."""

    best: bool
    take: bool


class Trigger:
    """Follows one press. now: seconds on any clock, never going back."""

    def __init__(self, settling: Settling, now: float) -> None:
        self._settling = settling
        self._ends_at = now + settling.preview_s
        self._best = -1
        self._risen_to = -RISE
        self._risen_at = now

    def look(self, score: int, now: float) -> Look:
        """Judge a frame by its score, 0-100."""
        best = score > self._best
        self._best = max(self._best, score)
        if score >= self._risen_to + RISE:
            self._risen_to, self._risen_at = score, now
        settled = now - self._risen_at >= self._settling.settle_s
        good = self._best >= self._settling.good_quality
        return Look(best, (good and settled) or self.is_over(now))

    def is_over(self, now: float) -> bool:
        """Say whether the time is up, whatever was seen."""
        return now >= self._ends_at
