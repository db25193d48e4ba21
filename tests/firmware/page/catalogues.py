"""The page's catalogues, and a pseudo-locale made of the English one."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

STATIC = Path(__file__).resolve().parents[3] / "firmware" / "page" / "static"
WORDS = STATIC / "words"
NOTICES = STATIC / "notices"
LANGUAGES = ("en", "fr", "sq", "sr-Cyrl", "sr-Latn", "mk", "ar")
PSEUDO = "en-XA"

_ACCENTS = str.maketrans("aceinosuyACEINOSUY", "àçéîñöšûýÀÇÉÎÑÖŠÛÝ")
_HOLE = re.compile(r"(\{\w+\})")

Sentence = str | dict[str, str]


@cache
def catalogue(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WORDS / f"{language}.json").read_text("utf-8"))
    return found


def sentences(language: str) -> dict[str, Sentence]:
    found: dict[str, Sentence] = catalogue(language)["sentences"]
    return found


def forms(sentence: Sentence) -> list[str]:
    return [sentence] if isinstance(sentence, str) else list(sentence.values())


def pseudo(sentence: str) -> str:
    """Return a sentence with accents, 40 % longer, in brackets that show where it ends."""
    accented = "".join(
        part if _HOLE.fullmatch(part) else part.translate(_ACCENTS)
        for part in _HOLE.split(sentence)
    )
    letters = len(_HOLE.sub("", sentence))
    longer = (" ñéšû" * letters)[: round(letters * 0.4)].rstrip()
    return f"⟦{accented}{longer}⟧"


def pseudo_catalogue() -> dict[str, Any]:
    made = {
        key: pseudo(found)
        if isinstance(found, str)
        else {category: pseudo(form) for category, form in found.items()}
        for key, found in sentences("en").items()
    }
    return {"language": PSEUDO, "reviewed": False, "sentences": made}


def write(path: Path, found: Any) -> None:
    text = json.dumps(found, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")
