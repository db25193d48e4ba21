"""Runs the campaigns and prints one Markdown row for each target.

    nice python -m bench.fuzz --inputs 1000000 --target all
    python -m bench.fuzz --target iso-record --replay FILE

Each target runs in a process of its own, one after the other, whose memory is limited. Failing
inputs are written to files that the last lines name. Exit code 1 if there is a failure.
"""

import argparse
import multiprocessing
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.fuzz.alone import run_alone
from bench.fuzz.campaign import Campaign, Tally
from bench.fuzz.targets import TARGETS

_HEAD = (
    "target", "inputs", "accepted", "refused", "places", "slowest, ms", "largest, MB", "failures",
    "CPU, s",
)  # fmt: skip


def main() -> None:
    options = _options()
    if options.replay is not None:
        tally = Campaign(TARGETS[options.target], options.seed, options.failures).replay(
            options.replay.read_bytes()
        )
        print(_row(_HEAD), _row(["---"] * len(_HEAD)), _row(_cells(tally)), sep="\n")
        sys.exit(_told_failures(tally))
    names = list(TARGETS) if options.target == "all" else options.target.split(",")
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        sys.exit(f"no target {unknown[0]!r}; there are: all, {', '.join(TARGETS)}")
    print(_row(_HEAD), _row(["---"] * len(_HEAD)), sep="\n", flush=True)
    fresh = multiprocessing.get_context("spawn")
    tallies = []
    with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool:
        for name in names:
            doing = pool.submit(run_alone, name, options.inputs, options.seed, options.failures)
            tallies.append(doing.result())
            print(_row(_cells(tallies[-1])), flush=True)
    sys.exit(max(_told_failures(tally) for tally in tallies))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="for each target")
    parser.add_argument("--target", default="all", help="a name, several with commas, or all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=Path, help="try this one input on the target")
    usual = Path(tempfile.gettempdir()) / "greenline-fuzz"
    parser.add_argument("--failures", type=Path, default=usual, help="folder of failing inputs")
    return parser.parse_args()


def _cells(tally: Tally) -> list[str]:
    refused = ", ".join(f"{name} {count:,}" for name, count in tally.refused.most_common())
    return [
        tally.target,
        f"{tally.inputs:,}",
        f"{tally.accepted:,}",
        refused or "-",
        str(tally.places),
        f"{tally.slowest_ms:.1f}",
        f"{tally.largest_mb:.1f}",
        str(sum(tally.failures.values())),
        f"{tally.seconds:.0f}",
    ]


def _told_failures(tally: Tally) -> bool:
    for what, count in tally.failures.items():
        print(f"{tally.target}: {what} ({count} times, the first: {tally.files[what]})")
    return bool(tally.failures)


def _row(cells: object) -> str:
    return f"| {' | '.join(cells)} |"  # type: ignore[arg-type]  # of strings


if __name__ == "__main__":
    main()
