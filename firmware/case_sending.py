"""Sends a case's request: makes it safe, shows it, and offers it to the uplink."""

import logging

from greenline.firmware.capture import CaptureThread
from greenline.firmware.checks import Checks
from greenline.firmware.gate import Gate
from greenline.firmware.impressions import Case, Impression, Submitted

log = logging.getLogger(__name__)


class CaseSending:
    """Joins what a request passes on its way out."""

    def __init__(self, capture: CaptureThread, checks: Checks, gate: Gate) -> None:
        self._capture = capture
        self._checks = checks
        self._gate = gate

    def send(self, case: Case) -> Submitted:
        """Make a request safe, then let it go. Raises StoreError: nothing was taken."""
        submitted = self._capture.submit(case)
        self._checks.reading.asked(submitted.pending.request_id, case.purpose)
        self._checks.taken(submitted, _steps_ms(case.impressions))
        self._gate.offer(submitted.pending)
        log.info(
            "taken",
            extra={
                "request": submitted.pending.request_id.hex(),
                "fingers": len(case.impressions),
                "quality": min(each.quality.score for each in case.impressions),
                "durable_ms": round(submitted.durable_ms, 1),
            },
        )
        return submitted


def _steps_ms(impressions: tuple[Impression, ...]) -> dict[str, float]:
    """Return how long each step took, of all fingers together."""
    steps: dict[str, float] = {}
    for impression in impressions:
        for step, taken_ms in impression.steps_ms.items():
            steps[step] = steps.get(step, 0.0) + taken_ms
    return steps
