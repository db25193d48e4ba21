"""Whether somebody stands at the kiosk: then no update may begin (health.py holds the lock).

An open case is one thing that says so: it ends by itself when nothing happens. The other is a
request that was sent: the person is taken to be there while an answer is waited for, as long as one
may come in time, and for a while after an answer has come, longer when it names a possible match,
which stands on the page to be verified. Each has its end by running time: a kiosk whose link is
down for a week, or that nobody attends to, must stay updatable. What an earlier run has left on the
page does not count, or a kiosk that crashes again and again could never be mended.
"""

from collections.abc import Callable
from typing import Final

from greenline.firmware.board_state import BoardState, Check, Phase, Progress
from greenline.firmware.lateness import LATE_AFTER_S
from greenline.protocol.messages import Outcome

ANSWER_READ_S: Final = 120.0
MATCH_READ_S: Final = 600.0
LONGEST_WAIT_S: Final = 600.0
BEGINNING_S: Final = 5.0
"""So long it may take until the board shows the case."""

_IDLE: Final = frozenset({Phase.STARTING, Phase.READY, Phase.STOPPED, Phase.REFUSED, Phase.FAULT})
_EARLIER: Final = float("-inf")


def is_capturing(state: BoardState) -> bool:
    """Tell whether a traveller stands at the sensor."""
    return state.capture.phase not in _IDLE


class Occupied:
    """Follows the board. clock: monotonic seconds. late_after_s: as kiosk.toml has it."""

    def __init__(
        self, state: BoardState, clock: Callable[[], float], late_after_s: float = LATE_AFTER_S
    ) -> None:
        self._clock = clock
        self._waits_s = min(late_after_s, LONGEST_WAIT_S)
        self._until = {_stage(check): _EARLIER for check in state.checks}
        self._begins_until_s = _EARLIER

    def begins(self) -> None:
        """Note that a case is asked for, which the board does not show yet."""
        self._begins_until_s = self._clock() + BEGINNING_S

    def look(self, state: BoardState) -> bool:
        """Tell whether somebody stands there, as the board is now. Call it at each change."""
        now_s = self._clock()
        before = self._until
        self._until = {
            stage: before.get(stage, now_s + self._lasts_s(check))
            for check in state.checks
            if (stage := _stage(check))
        }
        if state.case is not None or is_capturing(state) or now_s < self._begins_until_s:
            return True
        nobody = state.session.required and not state.session.operator
        return not nobody and any(now_s < until_s for until_s in self._until.values())

    def _lasts_s(self, check: Check) -> float:
        """Return how long a check that has just come so far keeps somebody here."""
        if check.progress is Progress.EXPIRED:
            return 0.0
        if check.progress is not Progress.ANSWERED:
            return self._waits_s
        return MATCH_READ_S if check.outcome == Outcome.CANDIDATES else ANSWER_READ_S


def _stage(check: Check) -> tuple[str, bool]:
    """Return what of a check is waited for, or read: whose it is, and whether it is over."""
    return check.request_id, check.progress in {Progress.ANSWERED, Progress.EXPIRED}
