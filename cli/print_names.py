"""How pictures of prints are named: <finger>_<impression>, perhaps after the folder of a set."""

import re

_NAME = re.compile(r"(?P<finger>.+)_(?P<impression>\d+)")


def parse_name(name: str) -> tuple[str, int] | None:
    """Return finger and impression of a name without ending; None of one that is not numbered."""
    match = _NAME.fullmatch(name)
    return (match["finger"], int(match["impression"])) if match else None


def finger_of(name: str) -> str:
    """Return the finger of a picture; one that is not numbered is a finger of its own."""
    parsed = parse_name(name)
    return parsed[0] if parsed else name
