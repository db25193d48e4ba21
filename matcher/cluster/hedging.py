"""Asks one replica of each shard, and another one when the first is late or fails.

    asked -> late (max(100 ms, 3 x p95)) -> set aside for 3 s, the next replica asked as well
          -> failed                      -> set aside for 3 s, the next replica asked at once

The first answer counts. Knows neither network nor clock: both are given. Whoever is set aside is
asked again when the others failed too: a bad replica is better than none.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol, TypeVar

Call = TypeVar("Call")
Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)


class ReplicaError(Exception):
    """A replica did not answer, and will not: it is gone, or says what it cannot do."""


class Calls(Protocol[Call, Answer_co]):
    """How the replicas are asked one question."""

    def send(self, shard: int, replica: int) -> Call:
        """Ask; must not block."""
        ...

    def wait(self, calls: Sequence[Call], timeout_s: float) -> Sequence[Call]:
        """Return those that are done as soon as any is; none when the time has passed."""
        ...

    def result(self, call: Call) -> Answer_co:
        """Return the answer of what is done. Raises ReplicaError."""
        ...

    def cancel(self, call: Call) -> None:
        """Nobody waits for this one any more."""
        ...


@dataclass(frozen=True)
class Terms:
    """least_s, times_p95: a replica is late after the longer of the two. aside_s: see above.

    deadline_s: a shard that nobody answered for by then is given up. recent: how many answers the
    95th percentile is taken of.
    """

    least_s: float = 0.1
    times_p95: float = 3.0
    aside_s: float = 3.0
    deadline_s: float = 10.0
    recent: int = 200


USUAL = Terms()


@dataclass
class _Shard(Generic[Call]):
    """What was asked of one shard in one round. due: when the next replica is asked as well."""

    due: float = 0.0
    open: dict[Call, tuple[int, float]] = field(default_factory=dict)  # replica, asked at
    tries: dict[int, int] = field(default_factory=dict)


class Hedging:
    """Remembers who is slow. Safe to share between threads. clock: monotonic seconds.

    told: hears of each replica that is set aside (shard, replica, why).
    """

    def __init__(
        self,
        replicas: int,
        clock: Callable[[], float],
        terms: Terms = USUAL,
        told: Callable[[int, int, str], None] = lambda _shard, _replica, _why: None,
    ) -> None:
        self._replicas = replicas
        self._clock = clock
        self._terms = terms
        self._told = told
        self._lock = Lock()
        self._recent = deque[float](maxlen=terms.recent)
        self._aside: dict[tuple[int, int], float] = {}
        self._round = 0

    def patience_s(self) -> float:
        """Return after how many seconds a replica is late now."""
        with self._lock:
            recent = sorted(self._recent)
        p95 = recent[math.ceil(0.95 * len(recent)) - 1] if recent else 0.0
        return max(self._terms.least_s, self._terms.times_p95 * p95)

    def ask(self, shards: int, calls: Calls[Call, Answer]) -> dict[int, Answer]:
        """Return the answers by shard; those that came to none by the deadline are missing."""
        patience = self.patience_s()
        until = self._clock() + self._terms.deadline_s
        with self._lock:
            self._round += 1
        waiting = {shard: _Shard[Call]() for shard in range(shards)}
        found: dict[int, Answer] = {}
        try:
            while waiting and (now := self._clock()) < until:
                for shard, state in waiting.items():
                    if state.due <= now:
                        self._send(shard, state, calls, now, patience)
                soonest = min(until, *(state.due for state in waiting.values()))
                self._collect(waiting, found, calls, soonest - now, patience)
        finally:
            for state in waiting.values():
                _cancel(state, calls)
        return found

    def _send(
        self, shard: int, state: _Shard[Call], calls: Calls[Call, Answer],
        now: float, patience: float,
    ) -> None:  # fmt: skip
        """Ask the replica that promises most; those that owe an answer were too slow."""
        for replica, _ in state.open.values():
            self._set_aside(shard, replica, now, "late")
        owing = {replica for replica, _ in state.open.values()}
        free = [replica for replica in range(self._replicas) if replica not in owing]
        state.due = now + patience if free else math.inf
        if free:
            replica = min(free, key=lambda each: self._rank(shard, each, state, now))
            state.tries[replica] = state.tries.get(replica, 0) + 1
            state.open[calls.send(shard, replica)] = (replica, now)

    def _rank(
        self, shard: int, replica: int, state: _Shard[Call], now: float
    ) -> tuple[int, bool, int]:
        with self._lock:
            aside = self._aside.get((shard, replica), 0.0) > now
            turn = (replica - shard - self._round) % self._replicas
        return state.tries.get(replica, 0), aside, turn

    def _collect(
        self, waiting: dict[int, _Shard[Call]], found: dict[int, Answer],
        calls: Calls[Call, Answer], timeout_s: float, patience: float,
    ) -> None:  # fmt: skip
        """Take in what is done."""
        shard_of = {call: shard for shard, state in waiting.items() for call in state.open}
        for call in calls.wait(list(shard_of), timeout_s):
            shard = shard_of[call]
            if shard in found:
                continue  # both answered at the same moment
            state, now = waiting[shard], self._clock()
            replica, asked_at = state.open.pop(call)
            try:
                found[shard] = calls.result(call)
            except ReplicaError as fault:
                self._set_aside(shard, replica, now, str(fault))
                untried = len(state.tries) < self._replicas
                state.due = now if untried else now + patience
            else:
                self._note(shard, replica, now - asked_at)
                _cancel(waiting.pop(shard), calls)

    def _set_aside(self, shard: int, replica: int, now: float, why: str) -> None:
        with self._lock:
            known = self._aside.get((shard, replica), 0.0) > now
            self._aside[shard, replica] = now + self._terms.aside_s
        if not known:
            self._told(shard, replica, why)

    def _note(self, shard: int, replica: int, seconds: float) -> None:
        with self._lock:
            self._recent.append(seconds)
            self._aside.pop((shard, replica), None)


def _cancel(state: _Shard[Call], calls: Calls[Call, Answer]) -> None:
    for call in state.open:
        calls.cancel(call)
