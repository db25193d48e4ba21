"""manifest.csv beside the files of an import: what is declared of each.

    file,adult,reference,finger,model
    case-17_finger2.fmr,yes,case-17,2,greenline-1/0a1b2c3d

file (its path from the folder) and adult (yes: this person is 18 or older; no) are required, the
other columns may be left out or empty: then the file itself tells.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from greenline.matcher.errors import EnrolmentError

MANIFEST = "manifest.csv"

_COLUMNS = ("file", "adult", "reference", "finger", "model")
_REQUIRED = ("file", "adult")


@dataclass(frozen=True)
class Declared:
    """A line of the manifest. None: nothing is said."""

    adult: bool
    reference: str | None = None
    finger: int | None = None
    model: str | None = None


def read_manifest(folder: Path) -> dict[Path, Declared] | None:
    """Return what is declared by file; None when there is no manifest. Raises EnrolmentError."""
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as fault:
        raise EnrolmentError(f"{path} cannot be read: {fault}") from fault
    rows = csv.DictReader(io.StringIO(text), strict=True)
    found: dict[Path, Declared] = {}
    try:
        _check_columns(rows.fieldnames or ())
        for row in rows:
            _put(found, row)
    except (EnrolmentError, csv.Error) as fault:
        raise EnrolmentError(f"{path}, line {rows.line_num}: {fault}") from fault
    return found


def write_manifest(rows: list[tuple[str, Declared]]) -> bytes:
    """Return the manifest of files, as read_manifest reads it."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for file, told in rows:
        adult = "yes" if told.adult else "no"
        lines.writerow((file, adult, told.reference, told.finger, told.model))
    return text.getvalue().encode()


def _check_columns(names: object) -> None:
    columns = list(names) if isinstance(names, (list, tuple)) else []
    missing = [name for name in _REQUIRED if name not in columns]
    unknown = [name for name in columns if name not in _COLUMNS]
    if missing or unknown:
        wrong = f"the column {missing[0]} is missing" if missing else f"{unknown[0]!r} is no column"
        raise EnrolmentError(f"{wrong}; known are {', '.join(_COLUMNS)}")


def _put(found: dict[Path, Declared], row: dict[str, str]) -> None:
    declared = _declared(row)
    file = Path(row["file"])
    if file in found:
        raise EnrolmentError(f"{file} stands in it twice")
    found[file] = declared


def _is_position(text: str) -> bool:
    """Say whether it is a number of at most two digits; int() refuses very long ones."""
    return text.isascii() and text.isdigit() and len(text) <= 2


def _declared(row: dict[str, str]) -> Declared:
    if None in row or None in row.values():
        raise EnrolmentError("it has not as many values as there are columns")
    adult = row["adult"].strip().lower()
    if adult not in {"yes", "no"}:
        raise EnrolmentError(f"adult says {row['adult']!r}; only yes and no are understood")
    finger = row.get("finger") or None
    if finger is not None and not _is_position(finger):
        raise EnrolmentError(f"finger says {finger!r}; an ISO position is a number from 0 to 10")
    return Declared(
        adult == "yes",
        row.get("reference") or None,
        None if finger is None else int(finger),
        row.get("model") or None,
    )
