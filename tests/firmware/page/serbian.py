"""Serbian in Latin letters, made from the Cyrillic by a table: the two are one text.

`python -m tests.firmware.page.serbian` writes the files anew after the Cyrillic has changed.
"""

import json
import re
from typing import Any

from tests.firmware.page.catalogues import NOTICES, WORDS, write

_SMALL = dict(
    zip("абвгдђежзијклљмнњопрстћуфхцчџш", [
        "a", "b", "v", "g", "d", "đ", "e", "ž", "z", "i", "j", "k", "l", "lj", "m", "n", "nj", "o",
        "p", "r", "s", "t", "ć", "u", "f", "h", "c", "č", "dž", "š",
    ], strict=True)
)  # fmt: skip
_TABLE = _SMALL | {small.upper(): latin.capitalize() for small, latin in _SMALL.items()}
_LETTER = re.compile("|".join(_TABLE))


def latin(found: Any) -> Any:
    """Return texts, alone or within lists and objects, in Latin letters; keys stay as they are."""
    if isinstance(found, str):
        return _LETTER.sub(lambda letter: _TABLE[letter[0]], found)
    if isinstance(found, list):
        return [latin(each) for each in found]
    if isinstance(found, dict):
        return {key: latin(each) for key, each in found.items()}
    return found


def latin_catalogue() -> dict[str, Any]:
    cyrillic = json.loads((WORDS / "sr-Cyrl.json").read_text("utf-8"))
    return {**latin(cyrillic), "language": "sr-Latn"}


if __name__ == "__main__":
    write(WORDS / "sr-Latn.json", latin_catalogue())
    for path in sorted(NOTICES.glob("*.json")):
        notice = json.loads(path.read_text("utf-8"))
        notice["languages"]["sr-Latn"] = latin(notice["languages"]["sr-Cyrl"])
        write(path, notice)
