"""Writes what a campaign found: a Markdown table for people, JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.faults.row import Row

HEAD = (
    "fault", "runs", "acknowledged", "lost", "most lost by one", "duplicate effects", "unnoticed",
    "not started", "seconds", "note",
)  # fmt: skip


def line(cells: Iterable[object]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def head() -> str:
    """Return the first two lines of the table."""
    return f"{line(HEAD)}\n{line(['---'] * len(HEAD))}"


def cells(row: Row) -> list[str]:
    """Return a row as the table shows it."""
    name = row.name if row.holds or not row.ours else f"**{row.name}**"
    counts = (
        row.runs, row.acknowledged, row.lost, row.most_lost, row.duplicates, row.unnoticed,
        row.not_started,
    )  # fmt: skip
    return [name, *(f"{count:,}" for count in counts), f"{row.seconds:.0f}", row.note or "-"]


def markdown(rows: Sequence[Row], left_out: Mapping[str, str], about: str) -> str:
    """Return the whole report. left_out: rows that could not run, and why. about: how it ran."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    parts = [about]
    for group, members in groups.items():
        parts.append("\n".join([f"### {group}", "", head(), *(line(cells(r)) for r in members)]))
    if left_out:
        parts.append("\n".join(f"* not run: {name}: {why}" for name, why in left_out.items()))
    parts.append(summary(rows))
    return "\n\n".join(parts) + "\n"


def summary(rows: Sequence[Row]) -> str:
    """Return the sums over our own rows."""
    ours = [row for row in rows if row.ours]
    broken = [row.name for row in ours if not row.holds]
    text = (
        f"{sum(r.runs for r in ours):,} faults over {sum(r.acknowledged for r in ours):,} "
        f"acknowledged captures: {sum(r.lost for r in ours if not r.allowed):,} lost where nothing "
        f"may be, {sum(r.duplicates for r in ours):,} duplicate effects, "
        f"{sum(r.unnoticed for r in ours):,} damages unnoticed, "
        f"{sum(r.not_started for r in ours):,} times not started."
    )
    return text + (f" Not as promised: {', '.join(broken)}." if broken else "")


def write(
    folder: Path, rows: Sequence[Row], left_out: Mapping[str, str], about: Mapping[str, object]
) -> None:
    """Write faults.md and faults.json into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    told = "; ".join(f"{name}: {value}" for name, value in about.items())
    (folder / "faults.md").write_text(markdown(rows, left_out, told))
    rows_told = [{**asdict(row), "holds": row.holds} for row in rows]
    whole = {"about": dict(about), "rows": rows_told, "left_out": dict(left_out)}
    (folder / "faults.json").write_text(json.dumps(whole, indent=1) + "\n")
