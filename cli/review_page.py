"""The page that an examiner looks at: one file of HTML, with the minutiae that meet, drawn.

No script, nothing from elsewhere. It shows who a lead names: whoever has the file has that.
"""

import html
import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from greenline.centre.examinations_rows import Question
from greenline.cli.svg import BLUE, GREY, VERMILION, document
from greenline.protocol.evidence_strength import flags, strength
from greenline.protocol.examination import Examination
from greenline.protocol.messages import Candidate, Result
from greenline.protocol.pairs import Pair, Place, decode_pairs
from greenline.protocol.wording import COMPARE_FIRST, LEAD_WORDS, NOT_PROOF

_PANEL_PX = 420
_MARGIN_PX = 30
_TICK_PX = 13

_STYLE = (
    "body{font:16px sans-serif;max-width:60rem;margin:2rem auto;color:#111}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.3rem .6rem;"
    "text-align:left}svg{max-width:100%;height:auto}"
)


def page(question: Question, examination: Examination) -> str:
    """Return the whole file."""
    result = examination.result
    parts = [
        f"<h1>{_text(LEAD_WORDS['lead'])}</h1>",
        f"<p><strong>{NOT_PROOF}. {COMPARE_FIRST}.</strong></p>",
        _facts(question, examination),
        _candidates(result.candidates),
        _list(flags(result, examination.captured, old_list=False)),
        _list(
            f"{each.name}: {each.entries} entries, changed {_day(each.changed_ms)}"
            for each in result.searched
        ),
        "<h2>The minutiae that meet</h2>",
        _evidence(result),
    ]
    head = f'<meta charset="utf-8"><title>Examination</title><style>{_STYLE}</style>'
    body = "\n".join(parts)
    return f'<!doctype html><html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def drawing(pairs: Sequence[Pair]) -> str:
    """Return both prints' minutiae that meet as SVG: the same number, the same pair."""
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    parts: list[str] = []
    for side, (places, title) in enumerate(zip(sides, ("taken", "on the list"), strict=True)):
        left = side * (_PANEL_PX + _MARGIN_PX) + _MARGIN_PX
        parts.append(
            f'<rect x="{left}" y="{_MARGIN_PX}" width="{_PANEL_PX}" height="{_PANEL_PX}" '
            f'fill="none" stroke="{GREY}"/><text x="{left}" y="20">{title}</text>'
        )
        parts += _marks(places, left, (BLUE, VERMILION)[side])
    width = 2 * _PANEL_PX + 3 * _MARGIN_PX
    return document(width, _PANEL_PX + 2 * _MARGIN_PX, 12, parts)


def _marks(places: Sequence[Place], left: int, colour: str) -> list[str]:
    low_x, low_y = min(place.x for place in places), min(place.y for place in places)
    high_x, high_y = max(place.x for place in places), max(place.y for place in places)
    scale = (_PANEL_PX - 2 * _MARGIN_PX) / max(high_x - low_x, high_y - low_y, 1.0)
    marks = []
    for number, place in enumerate(places, 1):
        x = left + _MARGIN_PX + (place.x - low_x) * scale
        y = 2 * _MARGIN_PX + (place.y - low_y) * scale
        to_x = x + _TICK_PX * math.cos(place.direction)
        to_y = y - _TICK_PX * math.sin(place.direction)
        marks.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="none" stroke="{colour}"/>'
            f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"/>'
            f'<text x="{x + 6:.1f}" y="{y - 6:.1f}" font-size="10">{number}</text>'
        )
    return marks


def _facts(question: Question, examination: Examination) -> str:
    taken = ", ".join(
        f"finger {each.finger} (quality {each.quality})" for each in examination.captured
    )
    rows = {
        "Examination": question.question.hex(),
        "Kiosk": question.kiosk,
        "Asked by": examination.asked_by or "nobody who logs in",
        "Purpose": examination.purpose,
        "Asked": _moment(question.arrived_ms),
        "Waits until": _moment(question.expires_ms),
        "Taken": taken or "not known any more",
    }
    return _table((), [[name, value] for name, value in rows.items()])


def _candidates(candidates: Sequence[Candidate]) -> str:
    head = ("", "Reference", "List", "Likeness", "Score", "Fingers", "Finger")
    rows = []
    for number, each in enumerate(candidates):
        _, words, band = strength(each.score)
        cells = [number, each.reference, each.list_name, f"{words}: {band}", f"{each.score:.1f}"]
        rows.append([str(cell) for cell in (*cells, each.fingers, each.finger)])
    return _table(head, rows)


def _evidence(result: Result) -> str:
    pairs = [] if result.evidence is None else decode_pairs(result.evidence.pairs)
    if not pairs:
        return "<p>None came with the answer: compare the prints themselves.</p>"
    return f"<p>{len(pairs)} pairs, of the first entry.</p>{drawing(pairs)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{_text(each)}</th>" for each in head)
    lines = ("".join(f"<td>{_text(each)}</td>" for each in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{body}</table>"


def _list(sentences: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(each)}</li>" for each in sentences) + "</ul>"


def _text(words: str) -> str:
    return html.escape(words)


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
