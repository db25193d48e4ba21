"""Every English sentence that the page must be able to say in another language.

The page's own are what its scripts look up. The kiosk's are read from its source: each text of the
modules below that reads like a sentence, a value filled in being {} whatever its name.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from greenline.protocol import wording
from tests.firmware.page.catalogues import STATIC

ROOT = STATIC.parents[2]
SAID_BY = (
    "case_*.py", "capture*.py", "advice.py", "checks*.py", "line.py", "taking.py",
    "operators_wording.py", "operators_absent.py", "verification*.py", "lists_age.py", "page/*.py",
)  # fmt: skip
"""Modules of the kiosk whose words come to the page, in firmware/."""

_TABLES = (
    wording.RESULT_WORDS, wording.STAGE_WORDS, wording.UPDATE_REASONS, wording.LEAD_WORDS,
    wording.LEAD_FLAGS, wording.JUSTIFICATIONS, wording.SOURCES, wording.REJECTIONS,
    wording.EXAMINATION_WORDS, wording.LEAD_REFUSALS,
)  # fmt: skip

_CALLED = re.compile(r'\b[tN]\("((?:[^"\\]|\\.)*)"')
_MARKED = re.compile(r'data-t(?:-label)?="([^"]+)"')
_SENTENCE = re.compile(r"(?:[A-Z][A-Za-z']*|\{\})[ ,.:].*[a-z]{2}")
_HOLE = re.compile(r"\{\w*\}")


def of_the_page() -> set[str]:
    """Return what the page's own files look up."""
    scripts = "".join(path.read_text("utf-8") for path in sorted(STATIC.glob("*.js")))
    pages = "".join(path.read_text("utf-8") for path in sorted(STATIC.glob("*.html")))
    return {*_CALLED.findall(scripts), *_MARKED.findall(pages)}


def of_the_kiosk() -> set[str]:
    """Return what the kiosk says to the page, {} for each hole."""
    tables = {words for table in _TABLES for words in table.values()}
    strengths = {words for _, _, *both in wording.STRENGTHS for words in both}
    modules = [path for each in SAID_BY for path in sorted((ROOT / "firmware").glob(each))]
    modules.append(ROOT / "protocol" / "wording.py")
    written = {words for path in modules for words in _sentences(path)}
    return {*map(shape, tables), *map(shape, strengths), *written, *_SHORT} - _UNSAID


def shape(sentence: str) -> str:
    """Return a sentence whose holes have no names."""
    return _HOLE.sub("{}", sentence)


def _sentences(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    unsaid = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    unsaid |= {
        id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in nodes:
        if id(node) not in unsaid and _SENTENCE.match(words := shape(_text(node))):
            yield words


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    return "{}" if isinstance(node, ast.FormattedValue) else ""


_SHORT = {
    "Ready", "Starting", "Stopped", "Taken", "A fault in the kiosk itself ({}). Start again",
    "no answer came before the request expired", "the uplink process is not running",
}  # fmt: skip
"""What does not read like a sentence, or is put together."""

_UNSAID = {
    r"Release (\S+) is being tried",  # a pattern
    "A missing finger is named by its position, 1 to 10",  # no page of ours asks that
    "Update to release {}: {}",  # of a code that this release does not know
    "A fault in the kiosk itself",  # put together
    "{} ({}). Start again",
    "{} finger",
    "{} h",
    "This ends the case",
    "This does not end a case",
}
"""What reads like a sentence and is never said alone."""
