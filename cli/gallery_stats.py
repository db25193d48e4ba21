"""Shows a gallery in numbers."""

import datetime
from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from greenline.matcher.gallery import ListInfo
from greenline.matcher.gallery_stats import Stats


def print_stats(lists: Mapping[str, ListInfo], stats: Stats, file_bytes: int) -> None:
    """Print what a gallery holds. file_bytes: of its file."""
    console = Console(width=None if Console().is_terminal else 160)
    table = Table("list", "purposes", "owner", "valid until", "changed", box=box.SIMPLE)
    table.add_column("entries", justify="right")
    table.add_column("persons", justify="right")
    for name, info in sorted(lists.items()):
        until = "no end" if info.valid_until_ms is None else _time(info.valid_until_ms)
        table.add_row(
            name,
            ", ".join(info.purposes) or "none",
            info.owner or "not told",
            until,
            _time(info.changed_ms),
            str(stats.entries.get(name, 0)),
            str(stats.persons.get(name, 0)),
        )
    console.print(table)
    for line in _lines(stats, file_bytes):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(stats: Stats, file_bytes: int) -> list[str]:
    entries, persons = sum(stats.entries.values()), sum(stats.persons.values())
    fingers = ", ".join(f"{many}: {count}" for many, count in stats.fingers.items())
    models = ", ".join(f"{name}: {count}" for name, count in stats.models.items())
    records, blocks = stats.sealed_bytes
    last = "never" if stats.last_change_ms is None else _time(stats.last_change_ms)
    return [
        f"{entries} entries of {persons} persons",
        f"persons by number of entries: {fingers or 'none'}",
        f"entries by model: {models or 'none'}",
        f"{stats.placed} entries prepared in {stats.blocks} blocks",
        f"file {_size(file_bytes)}, records {_size(records)}, blocks {_size(blocks)}",
        f"{stats.changes} changes, the last {last}",
    ]


def _time(unix_ms: int) -> str:
    moment = datetime.datetime.fromtimestamp(unix_ms / 1000, datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _size(length: int) -> str:
    return f"{length / 1e6:.1f} MB"
