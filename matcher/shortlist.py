"""Which entries of the memory-resident gallery are worth the whole comparison, in stages.

    votes of alike minutiae (all)  ->  evidence of two stages (the best)  ->  comparison (the best)

A small gallery skips the first stages. How much each keeps, and what it costs: docs/matcher.md.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.matcher.blocks import Block
from greenline.matcher.kernel import scan, sketch
from greenline.matcher.segment import Segment

Rows = list[NDArray[np.int64]]
"""For each part of the gallery, which of its rows; ascending."""

Kernel = Callable[[Segment, int, "Part", NDArray[np.int64], NDArray[np.float64]], None]


@dataclass(frozen=True, eq=False)
class Part:
    """Some entries of the gallery. bits: see sketch.bits_of. alive: bool (n,), not yet removed."""

    block: Block
    bits: NDArray[np.uint16]
    alive: NDArray[np.bool_]


@dataclass(frozen=True)
class Stages:
    """From how many entries on a stage is used, and how many it keeps.

    Chosen on FVC2002 DB1 and DB2 among synthetic strangers. Of few entries a larger share is voted
    on (share_small, at least fewest_voted), until that is least_voted; of many share_voted. A probe
    of fewer minutiae than usual, a small sensor's, gives fewer votes and takes less time to
    compare: for it up to three times as many are kept. ranked_above: of those that are left.
    """

    voted_above: int = 500
    share_small: float = 0.2
    fewest_voted: int = 250
    least_voted: int = 5_000
    share_voted: float = 0.02
    usual_minutiae: int = 40
    ranked_above: int = 3_000
    share_ranked: float = 0.001
    least_ranked: int = 500

    def voted(self, entries: int, minutiae: int) -> int:
        """Return how many of so many entries the votes keep, for a probe of so many minutiae."""
        more = min(max((self.usual_minutiae / max(minutiae, 1)) ** 2, 1.0), 3.0)
        of_few = max(self.fewest_voted, int(entries * self.share_small * more))
        return max(min(self.least_voted, of_few), int(entries * self.share_voted * more))

    def ranked(self, entries: int) -> int:
        """Return how many of so many entries, voted on or not, are compared whole."""
        return max(self.least_ranked, int(entries * self.share_ranked))


USUAL = Stages()


def shortlist(
    probes: Segment, probe: int, parts: Sequence[Part], rows: Rows, stages: Stages, pool: Executor
) -> Rows:
    """Return the rows that the probe is to be compared with, of those asked for."""
    total = _total(rows)
    if total > stages.voted_above:
        minutiae = int(probes.starts[probe + 1] - probes.starts[probe])
        keep = stages.voted(total, minutiae)
        rows = _best(rows, run(_votes, probes, probe, parts, rows, pool), keep)
    if _total(rows) > stages.ranked_above:
        ranks = run(_ranks, probes, probe, parts, rows, pool)
        rows = _best(rows, ranks, stages.ranked(total))
    return rows


def odds(
    probes: Segment, probe: int, parts: Sequence[Part], rows: Rows,
    weights: NDArray[np.float64], pool: Executor,
) -> list[NDArray[np.float64]]:  # fmt: skip
    """Return the log odds of the probe with each row, part by part."""

    def compare(
        probes: Segment, probe: int, part: Part, wanted: NDArray[np.int64], out: NDArray[np.float64]
    ) -> None:
        scan.odds(probes, probe, part.block.segment, wanted, weights, out)

    return run(compare, probes, probe, parts, rows, pool)


def run(
    kernel: Kernel, probes: Segment, probe: int, parts: Sequence[Part], rows: Rows, pool: Executor
) -> list[NDArray[np.float64]]:
    """Run a kernel over all parts, several at a time; the results come in the order of the rows."""
    found = [np.empty(len(wanted)) for wanted in rows]

    def one(at: int) -> None:
        if len(rows[at]):
            kernel(probes, probe, parts[at], rows[at], found[at])

    for _ in pool.map(one, range(len(parts))):
        pass  # waits for each, and raises what it raised
    return found


def _votes(
    probes: Segment, probe: int, part: Part, wanted: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    sketch.votes(probes, probe, part.block.segment, part.bits, wanted, out)


def _ranks(
    probes: Segment, probe: int, part: Part, wanted: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    scan.ranks(probes, probe, part.block.segment, wanted, out)


def _best(rows: Rows, values: list[NDArray[np.float64]], keep: int) -> Rows:
    """Return the rows of the highest values; of equal ones those that come first."""
    together = np.concatenate(values) if values else np.empty(0)
    if len(together) <= keep:
        return rows
    cut = np.partition(together, len(together) - keep)[len(together) - keep]
    chosen = together > cut
    equal = np.flatnonzero(together == cut)
    chosen[equal[: keep - int(chosen.sum())]] = True
    ends = np.cumsum([len(each) for each in rows])
    return [each[kept] for each, kept in zip(rows, np.split(chosen, ends[:-1]), strict=True)]


def _total(rows: Rows) -> int:
    return sum(len(each) for each in rows)
