"""Runs the campaign and prints one Markdown row for each kind of fault.

    nice python -m bench.faults --out build/faults
    python -m bench.faults --rows kill-store,flip-database --runs 20 --seed 7

A row that this machine cannot make is left out, with the reason. Exit code 1 if a row is not as
promised.
"""

import argparse
import dataclasses
import os
import platform
import sys
import tempfile
import time
import traceback
from pathlib import Path

from bench.faults import report
from bench.faults.child import end_children
from bench.faults.row import INTERRUPTED, WHOLE, Campaign, Row, Runner, UnavailableError
from bench.faults.rows import ROWS
from greenline.cli.children import interruptible


def main() -> None:
    options = _options()
    names = list(ROWS) if options.rows == "all" else options.rows.split(",")
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.exit(f"no row {unknown[0]!r}; there are: all, {', '.join(ROWS)}")
    about = {
        "command": f"python -m bench.faults {' '.join(sys.argv[1:])}".strip(),
        "begun": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": f"{os.cpu_count()} processors, {platform.platform()}",
    }
    print(report.head(), flush=True)
    try:
        with interruptible():
            rows, left_out = _run_rows(names, options, about)
    except KeyboardInterrupt:
        print("ended before all rows were run; --out has those that were", file=sys.stderr)
        sys.exit(INTERRUPTED)
    print(f"\n{report.summary(rows)}")
    broken = [why for why in left_out.values() if why.startswith("BROKEN")]
    sys.exit(bool(broken) or any(row.ours and not row.holds for row in rows))


def _run_rows(
    names: list[str], options: argparse.Namespace, about: dict[str, str]
) -> tuple[list[Row], dict[str, str]]:
    """Run rows, each as far as it comes; return them, and those left out with the reason."""
    rows: list[Row] = []
    left_out: dict[str, str] = {}
    for name in names:
        try:
            rows.append(run_row(name, ROWS[name], options.runs, options.seed))
        except UnavailableError as reason:
            left_out[name] = str(reason)
            print(f"not run: {name}: {reason}", file=sys.stderr, flush=True)
        except Exception as fault:  # noqa: BLE001 - the other rows are worth having all the same
            traceback.print_exc()
            left_out[name] = f"BROKEN: {fault!r}"
        else:
            print(report.line(report.cells(rows[-1])), flush=True)
        if options.out is not None:
            report.write(options.out, rows, left_out, about)
    return rows, left_out


def run_row(name: str, runner: Runner, runs: int, seed: int, where: Path | None = None) -> Row:
    """Run one row in a temporary folder of its own. Raises UnavailableError.

    where: the folder for that one; None: the system's for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix=f"faults-{name}-", dir=where) as folder:
        began = time.monotonic()
        try:
            row = runner(Campaign(runs, seed, Path(folder)))
        finally:
            end_children()
        return dataclasses.replace(row, seconds=time.monotonic() - began)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="all", help="a name, several with commas, or all")
    parser.add_argument("--runs", type=int, default=WHOLE, help="of each row, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for faults.md and faults.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
