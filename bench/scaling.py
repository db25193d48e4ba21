"""Works out sizes, machines and times of large galleries from measured figures; measures nothing.

    python bench/scaling.py [--figures FILE] [--out FILE]

Prints the tables of docs/scaling.md (between its marks; --out DOC writes them there). FILE: TOML
with any of the figures below, for renewed ones. A search here is one finger against all entries,
one core a shard, with the stages that greenline.matcher.shortlist has; the time is that of one
shard, since all work at the same time, and what the front end adds, which works for one shard after
the other.
"""

import argparse
import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from greenline.matcher.fusion import threshold_for
from greenline.matcher.searching import MOST_PERSONS
from greenline.matcher.shortlist import USUAL, Stages

SIZES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
TARGETS_S = (1.0, 5.0)
FPIR = 0.01
FINGERS_OF_A_PERSON = 2
HEAD = (
    "| fingers, time wanted | shards = cores of a copy | time, s | core seconds a search "
    "| memory of a copy, GB | machines, both copies | searches a second "
    "| loading, as built | loading, with a file a shard (not built) |"
)
BEGIN, END = "<!-- made by bench/scaling.py -->\n", "<!-- end -->\n"


@dataclass(frozen=True)
class Figures:
    """What was measured, and what is assumed of a machine. Speeds: of one core, a second."""

    bytes_a_finger: float = 2_725  # bench/search.py: memory of a finger's columns
    stored_bytes_a_finger: float = 3_160  # bench/gallery_loading.py --keep: the file's size
    process_mb: float = 126  # bench/cluster_faults.py: a replica without fingers
    votes: float = 992_000  # bench/comparison_speed.py: entries that get votes
    ranked: float = 58_700  # bench/comparison_speed.py: stages 1 and 2
    compared: float = 25_100  # bench/comparison_speed.py: whole comparisons
    empty_ms: float = 24  # bench/cluster_faults.py: a search of an empty list, by the clock
    front_ms: float = 1.3  # bench/cluster_faults.py: the front end's processor time for a shard
    loaded: float = 118_000  # bench/gallery_loading.py: stored entries, decrypted and laid out
    cores: int = 64  # assumed: of a machine
    memory_gb: float = 512  # assumed: of a machine, of which a tenth is kept free
    copies: int = 2  # of each shard


@dataclass(frozen=True)
class Plan:
    """A gallery of so many fingers in so many shards."""

    figures: Figures
    fingers: int
    shards: int
    stages: Stages = USUAL

    @property
    def work_s(self) -> float:
        """Return the seconds of one core that one shard's search takes."""
        f, stages, entries = self.figures, self.stages, self.fingers / self.shards
        seconds, left = 0.0, entries
        if left > stages.voted_above:
            seconds += entries / f.votes
            left = min(left, stages.voted(int(entries), stages.usual_minutiae))
        if left > stages.ranked_above:
            seconds += left / f.ranked
            left = min(left, stages.ranked(int(entries)))
        others = min(MOST_PERSONS * FINGERS_OF_A_PERSON, entries)
        return seconds + (left + others) / f.compared

    @property
    def time_s(self) -> float:
        """Return how long a search takes when nothing else runs."""
        f = self.figures
        return self.work_s + f.empty_ms / 1000 + f.front_ms / 1000 * self.shards

    @property
    def memory_gb(self) -> float:
        """Return the memory of one copy of all shards."""
        f = self.figures
        return (self.fingers * f.bytes_a_finger + self.shards * f.process_mb * 1e6) / 1e9

    @property
    def machines(self) -> int:
        """Return the machines for all copies: as many as cores or memory want, one a copy least."""
        f = self.figures
        by_cores, by_memory = self.shards / f.cores, self.memory_gb / (0.9 * f.memory_gb)
        return f.copies * math.ceil(max(by_cores, by_memory))

    @property
    def rate(self) -> float:
        """Return searches a second when all copies share them."""
        return self.figures.copies / self.work_s

    def loading_s(self, *, own_file: bool) -> float:
        """Return how long a shard loads: from the whole gallery's file, or from one of its own."""
        return self.fingers / (self.shards if own_file else 1) / self.figures.loaded


def fewest(figures: Figures, fingers: int, target_s: float) -> Plan | None:
    """Return the plan of the fewest shards that keeps a time; None where more shards do not help.

    Doubled, then halved: more shards are quicker until the front end is what takes the time.
    """
    tried = (Plan(figures, fingers, shards) for shards in _counts())
    return next((plan for plan in tried if plan.time_s <= target_s), None)


def quickest(figures: Figures, fingers: int) -> Plan:
    return min((Plan(figures, fingers, n) for n in _counts()), key=lambda plan: plan.time_s)


def _counts() -> list[int]:
    """Numbers of shards worth a look, ascending: each a twentieth above the one before."""
    found = {math.ceil(1.05**power) for power in range(220)}
    return sorted(number for number in found if number <= 4096)


def line(plan: Plan | None, what: str) -> str:
    if plan is None:
        return f"| {what} | not with this front end | | | | | | | |"
    return (
        f"| {what} | {plan.shards:,} | {plan.time_s:.2f} | {plan.work_s * plan.shards:,.1f} "
        f"| {plan.memory_gb:,.0f} | {plan.machines:,} | {plan.rate:.2f} "
        f"| {span(plan.loading_s(own_file=False))} | {span(plan.loading_s(own_file=True))} |"
    )


def span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def tables(figures: Figures) -> list[str]:
    """Return the lines of all tables."""
    found = ["| figure | value |", "|---|---|"]
    for each in fields(figures):
        value = getattr(figures, each.name)
        found.append(f"| `{each.name}` | {value:,g} |" if value < 1e6 else f"| {value} |")
    found += [
        "",
        HEAD,
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for fingers in SIZES:
        for target in TARGETS_S:
            plan = fewest(figures, fingers, target)
            found.append(line(plan, f"{fingers:,}, at most {target:g} s"))
        found.append(line(quickest(figures, fingers), f"{fingers:,}, as quick as it gets"))
    found += [
        "",
        "| fingers | gallery's file, GB | score for one false name in 100 searches, one finger |",
        "|---|---|---|",
    ]
    for fingers in SIZES:
        size = fingers * figures.stored_bytes_a_finger / 1e9
        score = threshold_for(FPIR, fingers // FINGERS_OF_A_PERSON)
        found.append(f"| {fingers:,} | {size:,.0f} | {score:.1f} |")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--out", type=Path, metavar="DOC")
    options = parser.parse_args()
    renewed = tomllib.loads(options.figures.read_text()) if options.figures else {}
    text = "\n".join(tables(Figures(**renewed))) + "\n"
    print(text, end="")
    if options.out:
        before, _, rest = options.out.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        options.out.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
