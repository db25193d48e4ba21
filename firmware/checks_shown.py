"""How a check looks on the board in each of its steps: pure functions. Used by checks.py alone.

The words for a result come from the one table in greenline.protocol.wording.
"""

from msgspec.structs import replace

from greenline.firmware.board_state import Check, Progress
from greenline.firmware.store_rows import Pending
from greenline.protocol.messages import Outcome, Result
from greenline.protocol.wording import NOT_CHECKED, RESULT_WORDS

_STEPS = (Progress.QUEUED, Progress.OFFERED, Progress.PUBLISHED, Progress.RECEIVED)


def waiting(pending: Pending) -> Check:
    """Return a check of which nothing is known but that it was taken."""
    return Check(pending.request_id.hex(), pending.created_ms, Progress.QUEUED, NOT_CHECKED)


def come_to(check: Check, progress: Progress) -> Check | None:
    """Return a check that has come so far; None: it is so far, or farther. Nothing leads back."""
    if check.progress not in _STEPS[: _STEPS.index(progress)]:
        return None
    return replace(check, progress=progress)


def back_to_queued(check: Check) -> Check | None:
    """Return a check whose offer came to nothing; None: it has come farther."""
    return replace(check, progress=Progress.QUEUED) if check.progress is Progress.OFFERED else None


def answered(check: Check, result: Result, answered_ms: int) -> Check:
    """Return a check with its answer. answered_ms: Unix milliseconds.

    One that is provisional proves that a matcher was reached, not that it keeps the request.
    """
    final = result.outcome is not Outcome.INCOMPLETE
    reached = come_to(check, Progress.PUBLISHED) or check
    return replace(
        check,
        progress=Progress.ANSWERED if final else reached.progress,
        words=RESULT_WORDS[result.outcome],
        outcome=result.outcome,
        reason=result.reason,
        candidates=result.candidates,
        searched=result.searched,
        answered_ms=answered_ms if final else 0,
    )


def unanswered(check: Check) -> Check:
    """Return a check whose provisional answer was deleted."""
    return replace(check, words=NOT_CHECKED, outcome="", reason="", searched=(), answered_ms=0)


def rounded(steps_ms: dict[str, float]) -> dict[str, float]:
    """Return the time of each step as it is shown, milliseconds."""
    return {step: round(value, 1) for step, value in steps_ms.items()}
