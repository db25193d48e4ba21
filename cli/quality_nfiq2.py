"""Reads NFIQ 2's judgement of the pictures of `greenline bench quality` from a table."""

import csv
from collections.abc import Iterable
from pathlib import Path

from greenline.cli.errors import CommandError

FAILED = -1.0
"""Of a picture that NFIQ 2 could not judge: its cell is empty."""


def read_nfiq2(path: Path, names: Iterable[str]) -> dict[str, float]:
    """Return the NFIQ 2 of each of the pictures named; those that the table has beside are left.

    path: CSV with the columns image (the name and an ending) and nfiq2 (0 to 100 or empty). Raises
    CommandError.
    """
    try:
        with path.open(encoding="ascii", newline="") as file:
            found = {row["image"].rpartition(".")[0]: row["nfiq2"] for row in csv.DictReader(file)}
    except OSError as fault:
        raise CommandError(f"{path} cannot be read: {fault.strerror}", 3) from fault
    except (KeyError, AttributeError, ValueError, csv.Error) as fault:
        raise CommandError(f"{path} is no table with the columns image and nfiq2", 3) from fault
    missing = sorted(set(names) - set(found))
    if missing:
        raise CommandError(f"{path} lacks {missing[0]}", 3)
    return {name: _score(path, name, found[name]) for name in names}


def _score(path: Path, name: str, cell: str | None) -> float:
    try:
        score = FAILED if cell == "" else float(cell or "none")
    except ValueError as fault:
        raise CommandError(f"{path} has no NFIQ 2 of {name}, but {cell!r}", 3) from fault
    if score != FAILED and not 0 <= score <= 100:
        raise CommandError(f"{path} has {cell} as NFIQ 2 of {name}: it goes from 0 to 100", 3)
    return score
