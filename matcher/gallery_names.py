"""How files of a folder are named after entries, and back: <reference>_finger<position>.

    case-17_finger2.fmr         reference case-17, ISO finger position 2
    case-17_finger02_3.png      the same finger once more: the number at the end only tells apart
    summer/case-17.fmr          reference summer/case-17, no position: a folder belongs to the name

What cannot stand in a file's name is written as in a web address, %2F for a slash.
"""

import re
from pathlib import Path
from urllib.parse import quote, unquote

_NAME = re.compile(r"(?P<reference>.+)_finger(?P<finger>\d{1,2})(?:_\d+)?")
_PLAIN = " !#$&'()+,-.;=@[]^_`{}~"  # of what a reference may hold, harmless in a file's name


def parse(path: Path) -> tuple[str, int | None]:
    """Return reference and finger position of a file; None: its name does not tell.

    path: from the folder that is read.
    """
    found = _NAME.fullmatch(path.stem)
    stem = found["reference"] if found else path.stem
    folders = () if path.parent == Path() else (path.parent.as_posix(),)
    return unquote("/".join((*folders, stem))), int(found["finger"]) if found else None


def name_of(reference: str, finger: int, number: int) -> str:
    """Return the name of a record's file. number: 1 for the first entry of this finger."""
    plain = quote(reference, safe=_PLAIN)
    if plain.startswith("."):
        plain = "%2E" + plain[1:]  # a hidden file would not be found again
    again = "" if number == 1 else f"_{number}"
    return f"{plain}_finger{finger:02}{again}.fmr"
