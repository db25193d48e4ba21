"""Adds up the faults of a row."""

from collections import Counter
from dataclasses import dataclass, field

from bench.faults.row import Row
from bench.faults.script import Held, Step, Verdict, expected, judge


@dataclass
class Tally:
    """The sums so far; see Row for what they are."""

    runs: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    unnoticed: int = 0
    most_lost: int = 0
    not_started: int = 0
    why: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        """Count a fault after which the store opened."""
        self.runs += 1
        self.acknowledged += verdict.acknowledged
        self.lost += len(verdict.lost)
        self.most_lost = max(self.most_lost, len(verdict.lost))
        self.duplicates += len(verdict.back)

    def add_found(
        self, steps: list[Step], done: int, found: Held | None, *, answers: bool = True
    ) -> None:
        """Count a fault after so many steps; the next may be half done. found: see add_held."""
        self.add_held(steps[:done], steps[done : done + 1], found, answers=answers)

    def add_held(
        self,
        acknowledged: list[Step],
        maybe: list[Step],
        found: Held | None,
        *,
        answers: bool = True,
    ) -> None:
        """Count a fault. found: what opened afterwards; None: nothing did. Else see judge()."""
        if found is not None:
            self.add(judge(acknowledged, maybe, found, answers=answers))
            return
        held = expected(acknowledged)
        self.not_started += 1
        gone = frozenset([*held.waiting, *held.answered])
        self.add(Verdict(len(gone), gone, frozenset()))

    def row(
        self, name: str, group: str, note: str = "", *, allowed: int = 0, ours: bool = True
    ) -> Row:
        """Return the row."""
        return Row(
            name, group, self.runs, self.acknowledged, self.lost, self.duplicates, self.unnoticed,
            self.most_lost, self.not_started, f"{note}{self.reasons()}", allowed=allowed,
            ours=ours,
        )  # fmt: skip

    def reasons(self) -> str:
        """Return why it did not start, the commonest reasons."""
        return "".join(f"; {count} x {why}" for why, count in self.why.most_common(2))
