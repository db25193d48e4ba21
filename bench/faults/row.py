"""What a row of the campaign is: one kind of fault, done many times over, and what came of it.

A module with rows has a dictionary ROWS, from a row's name to what runs it; rows.py collects them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WHOLE = 100
"""So many runs a row has at least; with fewer it is a short version for the tests."""


INTERRUPTED = 130
"""The exit status after a signal that ends: 128 and the number of SIGINT, as a shell has it."""


class UnavailableError(Exception):
    """This machine cannot make the fault: the message says what is missing."""


@dataclass(frozen=True)
class Row:
    """What one kind of fault did.

    runs: faults made. acknowledged: captures that were promised to be kept. lost: of these, gone
    without an answer. duplicates: effects that came twice. unnoticed: damage that nothing told.
    most_lost: by one fault. not_started: faults after which the process did not start. allowed: so
    many one fault may cost. ours: False for what stands beside ours to compare.
    """

    name: str
    group: str
    runs: int
    acknowledged: int
    lost: int
    duplicates: int
    unnoticed: int = 0
    most_lost: int = 0
    not_started: int = 0
    note: str = ""
    seconds: float = 0.0
    allowed: int = 0
    ours: bool = True

    @property
    def holds(self) -> bool:
        """Whether it is as promised: nothing lost that may not be, no effect twice, all noticed."""
        lost = self.lost if not self.allowed else max(0, self.most_lost - self.allowed)
        return not (lost or self.duplicates or self.unnoticed or self.not_started)


@dataclass(frozen=True)
class Campaign:
    """What a row is given. folder: its own, temporary. runs: faults to make, at least."""

    runs: int
    seed: int
    folder: Path

    @property
    def few(self) -> bool:
        """Whether this is a short version: rows that would try every point take so many of them."""
        return self.runs < WHOLE

    def chance(self, name: str) -> random.Random:
        """Return a row's own source of chance: the same for the same seed."""
        return random.Random(f"{self.seed}:{name}")  # noqa: S311 - no secret


Runner = Callable[[Campaign], Row]
