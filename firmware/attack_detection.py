"""Where a detector of forged fingers (presentation attacks) is connected. None ships with us.

Its score is told to the officer alone, never to the person, and the capture goes on whatever it
says (BSI TR-03121-3): a share, not a verdict. See docs/capture.md.
"""

import logging
from typing import Protocol

from greenline.models.errors import ModelsError
from greenline.prints.frame import Frame

log = logging.getLogger(__name__)


class AttackDetection(Protocol):
    """What looks at a picture for signs of a forged finger."""

    @property
    def name(self) -> str:
        """The detector and its version, in one short name."""

    def score(self, frame: Frame) -> float:
        """Return how much a picture looks forged, 0 to 1. Raises ModelsError when it cannot say."""


def attack_score(detection: AttackDetection, frame: Frame) -> float | None:
    """Return a detector's score within 0 to 1; None: it could not say."""
    try:
        return min(1.0, max(0.0, detection.score(frame)))
    except ModelsError as fault:
        log.warning("attack detection failed", extra={"reason": str(fault)})
        return None
