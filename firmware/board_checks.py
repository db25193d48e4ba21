"""The checks on the board: which of them are shown, and how many wait, however many there are.

A kiosk that was without a link for days shows the newest and counts them all; each change costs
about the same with ten thousand. Used by board.py alone, under its lock.
"""

import bisect

from greenline.firmware.board_state import Check, Progress

MOST_SHOWN = 50

_OVER = frozenset({Progress.ANSWERED, Progress.EXPIRED})

_Key = tuple[int, int, str]


class BoardChecks:
    """Every check that waits, and the newest of those that do not."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._order: list[_Key] = []  # oldest first
        self._waiting: list[_Key] = []  # oldest first
        self._taken: dict[str, int] = {}
        self._rank = 0

    def get(self, request_id: str) -> Check | None:
        """Return a check; None: it is not there."""
        return self._checks.get(request_id)

    def put(self, check: Check, *, taken: bool = False) -> None:
        """Add a check, or put it in the place of its earlier state.

        taken: just now. Then it is newer than all others, whatever the clock says or said.
        """
        if taken and check.request_id not in self._checks:
            self._rank += 1
            self._taken[check.request_id] = self._rank
        before = self._checks.get(check.request_id)
        if before is not None and before.created_ms == check.created_ms:
            self._checks[check.request_id] = check
            if (before.progress in _OVER) != (check.progress in _OVER):
                self._count(check)
        else:
            rank = self._taken.get(check.request_id, 0)
            self.remove(check.request_id)
            if rank:
                self._taken[check.request_id] = rank
            self._checks[check.request_id] = check
            bisect.insort(self._order, self._key(check))
            if check.progress not in _OVER:
                bisect.insort(self._waiting, self._key(check))
        self._forget_old(check)

    def remove(self, request_id: str) -> None:
        """Forget a check, if it is there."""
        check = self._checks.pop(request_id, None)
        if check is not None:
            key = self._key(check)
            _discard(self._order, key)
            _discard(self._waiting, key)
            self._taken.pop(request_id, None)

    def shown(self) -> tuple[Check, ...]:
        """Return the newest, newest first."""
        return tuple(self._checks[name] for *_, name in reversed(self._order[-MOST_SHOWN:]))

    def waiting(self) -> int:
        """Return how many have no final answer."""
        return len(self._waiting)

    def oldest_ms(self) -> int:
        """Return when the oldest that waits was made, Unix milliseconds; 0: none waits."""
        return self._waiting[0][1] if self._waiting else 0

    def _count(self, check: Check) -> None:
        if check.progress in _OVER:
            _discard(self._waiting, self._key(check))
        else:
            bisect.insort(self._waiting, self._key(check))

    def _key(self, check: Check) -> _Key:
        rank = self._taken.get(check.request_id, 0)
        return rank, check.created_ms, check.request_id

    def _forget_old(self, changed: Check) -> None:
        """Forget what is neither shown nor waits: what changed, or what it pushed out of sight."""
        if len(self._order) <= MOST_SHOWN:
            return
        pushed_out = self._checks[self._order[-MOST_SHOWN - 1][-1]]
        for check in (pushed_out, changed):
            is_shown = self._key(check) > self._order[-MOST_SHOWN - 1]
            if check.progress in _OVER and not is_shown:
                self.remove(check.request_id)
                return


def _discard(keys: list[_Key], key: _Key) -> None:
    at = bisect.bisect_left(keys, key)
    if at < len(keys) and keys[at] == key:
        del keys[at]
